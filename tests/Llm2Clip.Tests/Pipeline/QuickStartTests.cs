using Llm2Clip.Configuration;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Tests.Pipeline;

/// <summary>All stages on a handful of images.</summary>
public sealed class QuickStartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-quickstart").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void RunsFromCaptionsToTheReport()
    {
        var run = Load();
        for (var round = 0; round < 2; round++) // the second clears what the first left
        {
            var result = QuickStart.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken);
            Assert.True(File.Exists(result.Report));
            Assert.True(File.Exists(Path.Combine(run.ClipTrain.Output, "model", "config.json")));
            Assert.Equal(["de", "en", "zh"], result.After.Rows.Select(row => row.Language).Distinct().Order());
            Assert.Equal(result.Before.Rows.Select(row => (row.Language, row.Mean)),
                result.After.Rows.Select(row => (row.Language, row.Mean)));
            Assert.Contains(result.After.Rows, row => row.Language == "zh" && row.Mean == "own");
        }
    }

    [Fact]
    public void RefusesAFolderWithOtherFiles()
    {
        var run = Load();
        Directory.CreateDirectory(run.Eval.Output);
        File.WriteAllText(Path.Combine(run.Eval.Output, "thesis.txt"), "precious");
        var error = Assert.Throws<ConfigException>(() => QuickStart.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken));
        Assert.Contains("eval.output", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run.Eval.Output, "thesis.txt")));
    }

    [Fact]
    public void RefusesOutputsOutsideOfItsFolder()
    {
        var run = Load("clip_train.output=" + Path.Combine(_folder, "elsewhere"));
        var error = Assert.Throws<ConfigException>(() => QuickStart.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken));
        Assert.StartsWith("clip_train.output", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The shipped run file with few images, small models and one epoch.</summary>
    private RunConfig Load(params string[] more)
    {
        var root = SharedData.RepositoryRoot();
        var (data, output) = (Path.Combine(_folder, "data"), Path.Combine(_folder, "run"));
        var scenes = new SceneData(seed: 11, validationCount: 12);
        SceneShards.Write(data, "train", 40, 20, scenes.Training);
        SceneShards.Write(data, "val", 12, 20, scenes.Validation);
        foreach (var grammar in new IGrammar[] { Grammars.German, Grammars.Chinese })
        {
            File.WriteAllLines(Path.Combine(data, grammar.Language + ".txt"), QuickStartData.Sentences(grammar, scenes).Take(30));
        }
        return ConfigBinder.Load<RunConfig>(Path.Combine(root, QuickStart.ConfigFile),
        [
            $"data.train={data}/train-*.tar",
            $"data.val={data}/val-*.tar",
            "data.workers=1",
            $"teacher.path={Path.Combine(root, "data", "quickstart", "teacher.gguf")}",
            "teacher.threads=1",
            $"cc_finetune.output={output}/teacher",
            $"cc_finetune.raw_store={output}/raw",
            $"cc_finetune.language_text=[{{path: {data}/de.txt, language: de}}, {{path: {data}/zh.txt, language: zh}}]",
            "cc_finetune.adapter.dimension=32",
            "cc_finetune.batch_size=20",
            "cc_finetune.epochs=1",
            $"extract.store={output}/store",
            $"extract.raw_store={output}/raw",
            $"extract.data=['{data}/train-*.tar', '{data}/val-*.tar']",
            "model.patch_size=16",
            "model.width=32",
            "model.layers=1",
            "model.heads=2",
            "model.embed_dim=32",
            $"clip_train.output={output}/student",
            "clip_train.batch_size=20",
            "clip_train.epochs=1",
            $"eval.output={output}",
            $"eval.raw_store={output}/raw",
            .. more,
        ]);
    }
}
