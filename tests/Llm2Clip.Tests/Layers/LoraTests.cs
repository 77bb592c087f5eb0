using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Eva;
using Llm2Clip.Tests.Training;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Training.Stage2;
using TorchSharp;
using static TorchSharp.torch;
using Linear = Llm2Clip.Layers.Linear;

namespace Llm2Clip.Tests.Layers;

public sealed class LoraTests : IDisposable
{
    private static readonly LoraConfig Lora = new() { Rank = 3, Alpha = 6, Dropout = 0.25 };

    private readonly string _folder = Directory.CreateTempSubdirectory("lora-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>
    /// y = W x + alpha / r B A x, worked by hand: W = [1 2], A = [3 4], B = [5], alpha / r = 2, x = (1, 1): 3 + 2 * 5 * 7 = 73.
    /// </summary>
    [Fact]
    public void AnAdaptedLayerAddsItsChange()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var layer = new Linear(2, 1, bias: false, CPU);
        layer.Weight.copy_(tensor(new float[] { 1, 2 }, [1, 2]));
        layer.Adapt(new LoraShape(1, 2, 0), new WeightInit(1), new TrainingNoise());
        var x = ones([1, 2]);
        Assert.Equal([3f], GoldenTensors.Values(layer.call(x))); // B starts at zero
        layer.Lora!.Down.Weight.copy_(tensor(new float[] { 3, 4 }, [1, 2]));
        layer.Lora.Up.Weight.copy_(tensor(new float[] { 5 }, [1, 1]));
        Assert.Equal([73f], GoldenTensors.Values(layer.call(x)));
        Assert.Equal([30f, 40f], GoldenTensors.Values(layer.Lora.WeightDelta()));
        Assert.Equal(["weight", "lora_A.weight", "lora_B.weight"], layer.named_parameters().Select(p => p.name));
    }

    /// <summary>
    /// The tower with its changes, and the plain tower that holds them in its weights: two orders of the same sums of 24 to 64 products in
    /// fp32.
    /// </summary>
    [Theory]
    [InlineData("q_proj,k_proj,v_proj")]
    [InlineData("v_proj,out_proj,fc1,fc2")]
    public void TheSavedTowerIsPlainAndEqual(string layers)
    {
        var eva = new EvaVisionConfig { ImageSize = 16, PatchSize = 4, Width = 24, Layers = 2, Heads = 2, MlpWidth = 64, EmbedDim = 16 };
        foreach (var config in new VisionConfig[] { TinyTraining.Model.Vision, eva })
        {
            using var model = config.Create(CPU);
            model.Initialize(5);
            var plainNames = model.NamedParameters().Select(p => p.Name).ToList();
            model.Adapt(Lora with { Layers = layers.Split(',') }, 6);
            Randomize(model);
            model.Save(_folder);
            using var plain = ImageEncoders.Load(_folder, CPU);
            Assert.Equal(plainNames, plain.NamedParameters().Select(p => p.Name));
            var pixels = randn([3, 3, 16, 16], generator: new Generator(8));
            var (with, merged) = (GoldenTensors.Values(model.Encode(pixels)), GoldenTensors.Values(plain.Encode(pixels)));
            var size = with.Max(Math.Abs);
            Assert.All(with.Zip(merged), pair => Assert.Equal(pair.First, pair.Second, 2e-5 * size));
        }
    }

    [Fact]
    public void TheChangesTrainAndTheBaseStays()
    {
        using var student = NewStudent();
        var before = student.NamedParameters().ToDictionary(p => p.Name, p => GoldenTensors.Values(p.Parameter));
        Train(student, "run", steps: 5);
        var changes = 0;
        foreach (var (name, parameter) in student.NamedParameters())
        {
            var isChange = LoraLayers.IsChange(name);
            changes += isChange ? 1 : 0;
            var trains = isChange || !name.StartsWith("visual.", StringComparison.Ordinal) || name == "visual.visual_projection.weight";
            Assert.True(trains != before[name].AsSpan().SequenceEqual(GoldenTensors.Values(parameter)), name);
        }
        Assert.Equal(2 * 3 * 2, changes); // A and B of q, k and v in two blocks
    }

    [Fact]
    public void AResumedRunEqualsOneThatWasNotStopped()
    {
        using var whole = NewStudent();
        Train(whole, "whole", steps: 10);
        using var first = NewStudent();
        Train(first, "parts", steps: 5);
        using var second = NewStudent();
        Train(second, "parts", steps: 10);
        Assert.Equal(TinyTraining.Weights(whole), TinyTraining.Weights(second));
    }

    /// <summary>A checkpoint holds base and changes apart, the model their sum; both give the same vectors but for rounding.</summary>
    [Fact]
    public void ACheckpointOpensAsTheModelDoes()
    {
        using var student = NewStudent();
        Train(student, "run", steps: 5);
        using var model = Student.Load(Path.Combine(_folder, "run", "model"), CPU);
        using var checkpoint = Student.Load(Path.Combine(_folder, "run", "checkpoints", "last"), CPU);
        Assert.DoesNotContain(model.NamedParameters(), p => LoraLayers.IsChange(p.Name));
        Assert.Contains(checkpoint.NamedParameters(), p => LoraLayers.IsChange(p.Name));
        Assert.False(File.Exists(Path.Combine(_folder, "run", "model", "lora.json")));
        var pixels = new byte[2 * 16 * 16 * 3];
        new Random(1).NextBytes(pixels);
        Assert.Equal(
            model.EncodeImages(pixels, 2), checkpoint.EncodeImages(pixels, 2), (a, b) => Math.Abs(a - b) < 1e-5); // rows of length 1
    }

    [Fact]
    public void ALayerThatTheTowerLacksIsNamed()
    {
        using var model = TinyTraining.Model.Vision.Create(CPU);
        Assert.Equal(
            "model.lora.layers names gate, which this tower's blocks do not have.",
            Assert.Throws<ConfigException>(() => model.Adapt(Lora with { Layers = ["q_proj", "gate"] }, 1)).Message);
    }

    [Theory]
    [InlineData("""{"rank": 0, "alpha": 1, "dropout": 0, "layers": ["q_proj"]}""", "rank is 0")]
    [InlineData("""{"rank": 2, "alpha": 1, "dropout": 0, "layers": "q_proj"}""", "layers is \"q_proj\"; it must be a list of names")]
    [InlineData("""{"rank": 2, "alpha": 1, "bias": true, "layers": ["q_proj"]}""", "bias is not known")]
    public void DamagedSettingsAreRefused(string json, string message)
    {
        File.WriteAllText(Path.Combine(_folder, "lora.json"), json);
        Assert.Contains(message, Assert.Throws<InputException>(() => LoraConfig.ReadSettings(_folder)).Message);
    }

    private static void Randomize(VisionModel model)
    {
        var init = new WeightInit(7);
        foreach (var (name, parameter) in model.NamedParameters().Where(p => LoraLayers.IsChange(p.Name)))
        {
            init.Normal(parameter, 0.1);
        }
    }

    private static Student NewStudent() => Student.Create(
        TinyTraining.Model with { Lora = Lora }, TinyTraining.VectorLength, 2, 1, CPU);

    private void Train(Student student, string run, int steps)
    {
        var config = TinyTraining.Config with { Steps = steps, CheckpointEvery = 5, Schedule = ScheduleKind.Constant, WarmupSteps = 0 };
        ClipTrainer.Run(TinyTraining.Inputs(Path.Combine(_folder, run), config, student), CancellationToken.None);
    }
}
