using Llm2Clip.MakeQuickStart;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.Pipeline;

/// <summary>A run that is not over can be evaluated, by the name of its folder or of a checkpoint.</summary>
public sealed class InterruptedRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-interrupted-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void IsEvaluatedLikeAModel()
    {
        SceneShards.Write(_folder, "train", 12, 12, new SceneData(seed: 11, validationCount: 4).Training);
        var data = Path.Combine(_folder, "train-00000.tar");
        var gguf = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");
        var (store, run) = (Path.Combine(_folder, "store"), Path.Combine(_folder, "run"));
        Call("extract", "--teacher", gguf, "--data", data, "--store", store, "--set", "teacher.threads=1");
        Call([
            "clip-train", "--data", data, "--store", store, "--output", run,
            .. new[]
            {
                "model.image_size=16", "model.patch_size=8", "model.width=16", "model.layers=1", "model.heads=1", "model.embed_dim=8",
                "model.adapter_blocks=1", "clip_train.steps=2", "clip_train.batch_size=4", "clip_train.device=cpu",
            }.SelectMany(setting => new[] { "--set", setting }),
        ]);
        Directory.Delete(Path.Combine(run, "model"), recursive: true);
        foreach (var model in new[] { run, Path.Combine(run, "checkpoints", "last") })
        {
            Call("eval", "retrieval", "--model", model, "--teacher", gguf, "--data", data, "--set", "teacher.threads=1");
            Assert.True(File.Exists(Path.Combine(run, "eval", "report.html")));
            Directory.Delete(Path.Combine(run, "eval"), recursive: true);
        }
        Assert.Equal(
            ["config.json", "preprocessor_config.json", "text_adapter.json"],
            Directory.GetFiles(Path.Combine(run, "checkpoints", "last", "model")).Select(Path.GetFileName).Order());

        var (code, _, error) = CommandLineTests.Run(
            "eval", "retrieval", "--model", store, "--teacher", gguf, "--data", data, "--output", Path.Combine(_folder, "report"));
        Assert.Equal(3, code);
        Assert.Contains($"{store} holds no student", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "report")));
    }

    [Fact]
    public void ATeacherWhoseTrainingIsNotOverWorks()
    {
        SceneShards.Write(_folder, "train", 40, 40, new SceneData(seed: 11, validationCount: 4).Training);
        var data = Path.Combine(_folder, "train-00000.tar");
        var gguf = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");
        var teacher = Path.Combine(_folder, "runs", "teacher");
        string[] settings =
        [
            "--set", "teacher.threads=1", "--set", "cc_finetune.epochs=1", "--set", "cc_finetune.batch_size=20", "--set",
            "cc_finetune.adapter.dimension=16", "--set", "cc_finetune.device=cpu",
        ];
        Assert.Equal(3, CommandLineTests.Run(
            ["cc-finetune", "--teacher", gguf, "--data", data + ".gone", "--output", teacher, .. settings]).Code);
        Assert.False(Directory.Exists(Path.Combine(_folder, "runs"))); // A start that fails leaves nothing.

        Call(["cc-finetune", "--teacher", gguf, "--data", data, "--output", teacher, .. settings]);
        foreach (var file in Directory.GetFiles(teacher))
        {
            File.Delete(file);
        }
        var store = Path.Combine(_folder, "store");
        Call("extract", "--teacher", teacher, "--data", data, "--store", store, "--set", "teacher.threads=1");
        using var vectors = EmbeddingStore.Open(store);
        Assert.Equal(16, vectors.Dimension);
        Call("data", "inspect", "--teacher", Path.Combine(teacher, "checkpoint"), "--data", data);
        Call("data", "inspect", "--teacher", teacher, "--data", data);
    }

    private static void Call(params string[] arguments)
    {
        var (code, _, error) = CommandLineTests.Run(arguments);
        Assert.True(code == 0, error);
    }
}
