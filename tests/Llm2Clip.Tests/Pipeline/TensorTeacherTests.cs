using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Layers;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Training.Stage1;

namespace Llm2Clip.Tests.Pipeline;

/// <summary>The stages with <c>teacher.runtime: tensors</c>, with the quick start's LLM.</summary>
public sealed class TensorTeacherTests : IDisposable
{
    private static readonly string Gguf = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");
    private static readonly string[] Things = ["dog", "car", "boat", "child", "house", "horse", "bird", "tree"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheStagesRunInTensorsAndTheirTeacherIsNoOther()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var run = Run(LlamaCases.OneThread with { Path = Gguf, Runtime = TeacherRuntime.Tensors, Layers = "auto" });
        CcFinetune.Run(run, SilentLog.Instance, cancellation);
        var settings = TeacherFolder.Read(run.TeacherOutput()).Settings;
        Assert.Equal((TeacherRuntime.Tensors, Precision.Bf16), (settings.Runtime, settings.Precision));
        Assert.Equal(
            LlmTextEncoder.FingerprintOf(WeightsHash.OfFile(Gguf), settings), EmbeddingStoreManifest.Read(run.RawStore()).Teacher);
        var extracted = Extract.Run(run, SilentLog.Instance, cancellation);

        // The folder says what runs the LLM, so that a live query needs no setting.
        using var teacher = Teacher.Open(run.TeacherOutput(), LlamaCases.OneThread);
        Assert.Equal(teacher.Fingerprint, extracted.Fingerprint);
        using var store = EmbeddingStore.Open(run.VectorStore(), teacher.Fingerprint);
        var stored = new float[teacher.Dimension];
        Assert.True(store.TryGet(Caption(3, 0), stored));
        var live = teacher.Embed([Caption(3, 0)], "en", CenteringMode.Training, SilentLog.Instance, cancellation).Vectors;
        // bf16 rounds states to 2^-9, in another order alone than in a batch.
        Assert.InRange(System.Numerics.Tensors.TensorPrimitives.CosineSimilarity<float>(stored, live), 0.999f, 1.00001f);

        var error = Assert.Throws<ConfigException>(() => Extract.Run(
            run with { Teacher = run.Teacher with { Runtime = TeacherRuntime.Llama } }, SilentLog.Instance, cancellation));
        Assert.Contains("teacher.runtime is tensors there and llama here", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The probe counts ranks, which rounding hardly moves.</summary>
    [Fact]
    public void TheProbeOfEachLayerIsLibllamas()
    {
        var rows = new[] { TeacherRuntime.Llama, TeacherRuntime.Tensors }.Select(runtime =>
        {
            var run = Run(LlamaCases.OneThread with { Path = Gguf, Runtime = runtime, Precision = Precision.Fp32 });
            run = run with { EvalCaptions = new CaptionProbeConfig { Layers = "all" }, Data = run.Data with { Val = run.Data.Train } };
            return EvalCaptions.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken).Rows;
        }).ToList();
        Assert.Equal(rows[0].Select(row => row.Name), rows[1].Select(row => row.Name));
        foreach (var (llama, tensors) in rows[0].Zip(rows[1]))
        {
            Assert.InRange(tensors.Scores[0].Recall.RecallAt10 - llama.Scores[0].Recall.RecallAt10, -0.1, 0.1);
        }
    }

    private RunConfig Run(TeacherConfig teacher) => new()
    {
        Output = _folder.File($"run-{teacher.Runtime}"),
        Data = new DataConfig { Train = Captions(), Language = "en" },
        Teacher = teacher,
        CcFinetune = new CcFinetuneConfig { Epochs = 1, BatchSize = 20, Adapter = new AdapterConfig { Dimension = 16 }, Device = "cpu" },
    };

    private static string Caption(int image, int wording)
    {
        var what = Things[image % Things.Length];
        return wording == 0 ? $"a {what} number {image} in the snow" : $"there is one {what} outside, {image}";
    }

    private string Captions()
    {
        var path = _folder.File("train.jsonl");
        File.WriteAllLines(path, Enumerable.Range(0, 40).Select(image =>
        {
            File.WriteAllBytes(_folder.File($"{image}.jpg"), []);
            var captions = $"{{\"en\": [\"{Caption(image, 0)}\", \"{Caption(image, 1)}\"]}}";
            return $"{{\"key\": \"k{image}\", \"image\": \"{image}.jpg\", \"captions\": {captions}}}";
        }));
        return path;
    }
}
