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

    private RunConfig Load(params string[] more) => TinyPipeline.Load(_folder, more);
}
