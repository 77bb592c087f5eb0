using Llm2Clip.Cli;
using Llm2Clip.Evaluation;
using Llm2Clip.Pipeline;
using Llm2Clip.Pipeline.Sweeps;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.Pipeline;

/// <summary><c>sweep</c> on a handful of images.</summary>
public sealed class SweepTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-sweep").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private RunConfig Load(SweepConfig sweep) => TinyPipeline.Load(_folder) with
    {
        Sweep = sweep with { Output = Path.Combine(_folder, "sweep") },
    };

    /// <summary>Keeps the lines, and stops at one.</summary>
    private sealed class Lines(string stopAt = "never", CancellationTokenSource? stop = null) : IRunLog
    {
        private readonly List<string> _infos = [];

        /// <summary>The commands that were begun, such as <c>clip_train, run 1 of 4</c>.</summary>
        public IEnumerable<string> Commands =>
            _infos.Where(line => line.StartsWith("== ", StringComparison.Ordinal)).Select(line => line[3..].Split(':')[0]);

        public void Info(string message)
        {
            _infos.Add(message);
            if (message.StartsWith(stopAt, StringComparison.Ordinal))
            {
                stop!.Cancel();
            }
        }

        public void Warn(string message) => _infos.Add(message);

        public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance.Start(title, total, unit);
    }

    /// <summary>Two rates and two seeds: one teacher and one store serve four students; stopped within the second, then finished.</summary>
    [Fact]
    public void WhatIsSharedIsMadeOnceAndNothingIsRepeated()
    {
        var run = Load(new SweepConfig
        {
            Set = new Dictionary<string, IReadOnlyList<string>> { ["clip_train.learning_rate"] = ["1e-3", "2e-3"] },
            Seeds = [0, 1],
        });
        using var stop = new CancellationTokenSource();
        var first = new Lines("== clip_train, run 2", stop);
        Assert.Throws<OperationCanceledException>(() => Sweep.Run(run, first, stop.Token));
        Assert.Equal(
            [
                "cc_finetune, run 1 of 4", "extract, run 1 of 4", "clip_train, run 1 of 4", "eval_retrieval, run 1 of 4",
                "clip_train, run 2 of 4",
            ],
            first.Commands);

        var second = new Lines();
        var report = Sweep.Run(run, second, TestContext.Current.CancellationToken);
        Assert.Equal(
            [2, 3, 4],
            second.Commands.Where(line => line.StartsWith("clip_train", StringComparison.Ordinal)).Select(line => line[16] - '0'));
        Assert.DoesNotContain(second.Commands, line => line.StartsWith("cc_finetune", StringComparison.Ordinal));
        Assert.Equal((6, 4 * 4 - 6), (report.Commands, report.AlreadyDone));
        Assert.Equal(
            new[] { "learning_rate=1e-3,seed=0", "learning_rate=1e-3,seed=1", "learning_rate=2e-3,seed=0", "learning_rate=2e-3,seed=1" }
                .Select(name => Path.Combine(run.Sweep.Output, name)),
            report.Runs);
        var runs = report.Comparison.Tables.Single(table => table.Name == "runs");
        Assert.Equal(
            ["learning_rate=0.001|0, 1", "learning_rate=0.002|0, 1"], runs.Rows.Select(row => $"{row[0].Text}|{row[2].Text}"));
        Assert.NotEmpty(report.Comparison.Tables.Single(table => table.Name == "differences").Rows);
        Assert.StartsWith("### Runs", File.ReadAllText(Path.Combine(run.Sweep.Output, "comparison.md")));
        Assert.True(File.Exists(Path.Combine(run.Sweep.Output, "figures", "loss.png")));
        Assert.Single(Directory.GetDirectories(Path.Combine(run.Sweep.Output, "shared"), "teacher-*"));
        Assert.Single(Directory.GetDirectories(Path.Combine(run.Sweep.Output, "shared"), "vectors-*"));

        // Other ranks for another seed, so that it was not one run twice.
        var ranks = report.Runs.Take(2)
            .Select(folder => QueryRanks.Read(Path.Combine(folder, "eval", QueryRanks.FileName)).Values.First()).ToList();
        Assert.NotEqual(ranks[0], ranks[1]);

        var third = Sweep.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.Equal((0, 16), (third.Commands, third.AlreadyDone));
        // What is gone is made again.
        File.Delete(Path.Combine(report.Runs[0], "eval", "retrieval.json"));
        Assert.Equal(1, Sweep.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken).Commands);
    }

    [Fact]
    public void ARunThatFailsDoesNotKeepTheOthersFromRunning()
    {
        var run = Load(new SweepConfig
        {
            Set = new Dictionary<string, IReadOnlyList<string>> { ["eval.languages"] = ["[xx]", "[en]"] },
        });
        var log = new Lines();
        var error = Assert.Throws<RunException>(() => Sweep.Run(run, log, TestContext.Current.CancellationToken));
        Assert.StartsWith("1 of 2 runs failed. The others are compared in", error.Message, StringComparison.Ordinal);
        Assert.Contains("languages=_xx_, eval_retrieval: eval.languages: the data has no captions in xx", error.Message);
        Assert.Contains("eval_retrieval, run 2 of 2", log.Commands);
        Assert.Contains("languages=_en_", File.ReadAllText(Path.Combine(run.Sweep.Output, "comparison.md")));
    }

    [Fact]
    public void RunsAreTheCrossProductWithSeedsInnermost()
    {
        var run = new RunConfig
        {
            Sweep = new SweepConfig
            {
                Set = new Dictionary<string, IReadOnlyList<string>>
                {
                    ["clip_train.batch_size"] = ["8", "16"],
                    ["cc_finetune.batch_size"] = ["null"],
                },
            },
        };
        Assert.Throws<ConfigException>(() => SweepPlan.Runs(run, [SweepStage.ClipTrain])); // null is no number
        run = run with
        {
            Sweep = run.Sweep with
            {
                Set = new Dictionary<string, IReadOnlyList<string>>
                {
                    ["clip_train.batch_size"] = ["8", "16"],
                    ["eval.kinds"] = ["[short]"],
                },
                Seeds = [3, 5],
            },
        };
        var runs = SweepPlan.Runs(run, [SweepStage.ClipTrain]);
        Assert.Equal(
            [
                "batch_size=8,kinds=_short_,seed=3", "batch_size=8,kinds=_short_,seed=5", "batch_size=16,kinds=_short_,seed=3",
                "batch_size=16,kinds=_short_,seed=5",
            ],
            runs.Select(one => one.Name));
        Assert.Equal([(8, 3), (8, 5), (16, 3), (16, 5)], runs.Select(one => (one.Config.ClipTrain.BatchSize, one.Config.ClipTrain.Seed)));
        Assert.All(runs, one => Assert.Empty(one.Config.Sweep.Set));
        Assert.Equal([3, 3, 5, 5], SweepPlan.Runs(run, [SweepStage.CcFinetune]).Select(one => one.Config.CcFinetune.Seed).Order());
    }

    [Theory]
    [InlineData("a=1,2", "1", "2")]
    [InlineData("a=1", "1")]
    [InlineData("a=[en, de],[en]", "[en, de]", "[en]")]
    [InlineData("a={x: 1, y: 2}", "{x: 1, y: 2}")]
    [InlineData("a='x,y',z", "'x,y'", "z")]
    [InlineData("a=", "")]
    [InlineData("a")]
    public void ValuesAreCutAtCommasOutsideOfBrackets(string assignment, params string[] values) =>
        Assert.Equal(values, SweptValues.Split(assignment));

    [Fact]
    public void MistakesHaveTheirExitCodes()
    {
        var output = Path.Combine(_folder, "none");
        Failure("sweep.output is empty", "--seeds", "0,1");
        Failure("There is nothing to sweep", "--out", output, "--set", "clip_train.seed=3");
        Failure("sweep.set.output cannot be swept", "--out", output, "--set", "output=a,b");
        Failure("sweep.seeds is [0, 0]; a seed occurs twice", "--out", output, "--seeds", "0,0");
        Failure("sweep.set.clip_train.epochs is [1, 1]; a value occurs twice", "--out", output, "--set", "clip_train.epochs=1,1");
        Failure("clip_train.epoch is not a known key", "--out", output, "--set", "clip_train.epoch=1,2");
        Failure("sweep.commands.0 is 'train'", "--out", output, "--seeds", "0,1", "--commands", "train");
        Assert.False(Directory.Exists(output));

        static void Failure(string part, params string[] call)
        {
            var (code, _, error) = CommandLineTests.Run(["sweep", .. call]);
            Assert.True(code == 2, $"{code}: {error}");
            Assert.Contains(part, error, StringComparison.Ordinal);
        }
    }
}
