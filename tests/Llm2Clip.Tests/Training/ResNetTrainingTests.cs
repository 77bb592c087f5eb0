using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Models.Text;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>A residual network in training: running statistics are state, and locked blocks have none that change.</summary>
public sealed class ResNetTrainingTests : IDisposable
{
    private const int Side = 32;

    private static readonly ModifiedResNetConfig Shape =
        new() { Blocks = [1, 1, 1, 1], Width = 4, ImageSize = Side, EmbedDim = 16, BatchNorm = BatchNormMode.Trained };

    private static readonly ClipTrainConfig Config = TinyTraining.Config with { PatchDropout = 0, Steps = 6, CheckpointEvery = 3 };

    private readonly string _folder = Directory.CreateTempSubdirectory("resnet-training-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void AResumedRunEqualsAStraightOneToTheBit(int microBatch)
    {
        var config = Config with { MicroBatch = microBatch };
        var straight = Train("straight", config);
        var stopped = Path.Combine(_folder, "stopped");
        using (var student = NewStudent())
        {
            ClipTrainer.Run(TinyTraining.Inputs(stopped, config with { Steps = 3 }, student, Batches(config)), CancellationToken.None);
        }
        // The checkpoint alone is a student with the statistics of that step.
        using (var checkpoint = Student.Load(Path.Combine(stopped, "checkpoints", "last"), CPU))
        using (var model = Student.Load(Path.Combine(stopped, "model"), CPU))
        {
            Assert.Equal(Statistics(model), Statistics(checkpoint));
        }
        var resumed = Train("stopped", config);
        Assert.Equal(straight.Weights, resumed.Weights);
        Assert.Equal(straight.Statistics, resumed.Statistics);
        using var untrained = NewStudent();
        Assert.NotEqual(Statistics(untrained), straight.Statistics);
    }

    [Fact]
    public void FrozenStatisticsStay()
    {
        using var student = NewStudent(BatchNormMode.Frozen);
        var before = Statistics(student);
        var weights = TinyTraining.Weights(student);
        ClipTrainer.Run(TinyTraining.Inputs(Path.Combine(_folder, "frozen"), Config, student, Batches(Config)), CancellationToken.None);
        Assert.Equal(before, Statistics(student));
        Assert.NotEqual(weights, TinyTraining.Weights(student));
    }

    [Fact]
    public void LockedBlocksKeepTheirStatistics()
    {
        using var student = NewStudent();
        var before = student.NamedBuffers().ToDictionary(b => b.Name, b => GoldenTensors.Values(b.Buffer));
        var config = Config with { UnlockedBlocks = 1 };
        ClipTrainer.Run(TinyTraining.Inputs(Path.Combine(_folder, "locked"), config, student, Batches(config)), CancellationToken.None);
        foreach (var (name, buffer) in student.NamedBuffers())
        {
            var isSame = before[name].SequenceEqual(GoldenTensors.Values(buffer));
            Assert.True(isSame != name.StartsWith("visual.visual.layer4", StringComparison.Ordinal), name);
        }
    }

    /// <summary>Micro-batches have statistics of their own: the gradient is that of the same micro-batches in one graph.</summary>
    [Fact]
    public void GradCacheGivesTheGradientOfItsMicroBatches()
    {
        using var scope = NewDisposeScope();
        using var model = NewModel(BatchNormMode.Trained);
        var images = rand([6, 3, Side, Side], generator: new Generator(3));
        var other = rand([6, Shape.EmbedDim], generator: new Generator(4));
        Tensor Encode(int part)
        {
            model.Noise.Begin(9);
            return model.Encode(images.narrow(0, 3 * part, 3));
        }
        var whole = cat([Encode(0), Encode(1)], 0);
        (whole * other).sum().backward();
        var expected = model.NamedParameters().ToDictionary(p => p.Name, p => p.Parameter.grad!.clone());
        foreach (var (_, parameter) in model.NamedParameters())
        {
            parameter.grad = null;
        }
        GradCache.Backward([new EncoderPass(2, Encode)], features => (features[0] * other).sum());
        foreach (var (name, parameter) in model.NamedParameters())
        {
            GoldenTensors.Close(expected[name], parameter.grad!, 1e-6, name, 1e-5);
        }
    }

    [Fact]
    public void ABatchOfOneValuePerChannelIsRefused()
    {
        using var scope = NewDisposeScope();
        using var model = NewModel(BatchNormMode.Trained);
        model.Noise.Begin(1);
        var error = Assert.Throws<ConfigException>(() => model.Encode(zeros(1, 3, Side, Side)));
        Assert.StartsWith("A batch of one image gives batch norm one value per channel", error.Message);
    }

    private (float[] Weights, float[] Statistics) Train(string name, ClipTrainConfig config)
    {
        using var student = NewStudent();
        ClipTrainer.Run(TinyTraining.Inputs(Path.Combine(_folder, name), config, student, Batches(config)), CancellationToken.None);
        return (TinyTraining.Weights(student), Statistics(student));
    }

    private static TinyBatches Batches(ClipTrainConfig config) => new(config.BatchSize, side: Side);

    private static float[] Statistics(Student student) => [.. student.NamedBuffers().SelectMany(b => GoldenTensors.Values(b.Buffer))];

    private static ModifiedResNetModel NewModel(BatchNormMode mode)
    {
        var model = new ModifiedResNetModel(Shape with { BatchNorm = mode }, CPU);
        model.Initialize(5);
        using var off = no_grad();
        foreach (var (name, parameter) in model.NamedParameters().Where(p => p.Name.EndsWith("bn3.weight", StringComparison.Ordinal)))
        {
            parameter.fill_(1); // Blocks that start as the identity would have convolutions without a gradient.
        }
        return model;
    }

    private static Student NewStudent(BatchNormMode mode = BatchNormMode.Trained)
    {
        var adapter = new TextAdapter(
            new TextAdapterConfig { InputDim = TinyTraining.VectorLength, EmbedDim = Shape.EmbedDim, Blocks = 1 }, CPU);
        adapter.Initialize(6);
        return new Student(
            NewModel(mode), adapter, new Llm2Clip.Images.ImageTransformConfig { ImageSize = Side }, Config.LogitScaleStart);
    }
}
