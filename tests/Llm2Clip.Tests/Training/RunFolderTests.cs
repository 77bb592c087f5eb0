using Llm2Clip.Models;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>What a run leaves can be used: a checkpoint opens, a budget grows, a finished run says so.</summary>
public sealed class RunFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0.9)]
    [InlineData(0.0)]
    public void ACheckpointIsTheModelThatTheRunWouldExport(double average)
    {
        Train(TinyTraining.Config with { AverageDecay = average, Steps = 7 });
        var (model, last) = (Path.Combine(_folder, "model"), Path.Combine(_folder, "checkpoints", "last"));
        using var exported = Student.Load(model, CPU);
        using (var run = Student.Load(_folder, CPU))
        {
            Assert.Equal(TinyTraining.Weights(exported), TinyTraining.Weights(run));
        }
        Directory.Delete(model, recursive: true);
        foreach (var folder in new[] { _folder, last })
        {
            using var opened = Student.Load(folder, CPU);
            Assert.Equal(TinyTraining.Weights(exported), TinyTraining.Weights(opened));
            Assert.Equal("tiny", opened.TeacherFingerprint);
            Assert.Equal(exported.Transform.Mean, opened.Transform.Mean);
        }
        Assert.Equal(new StudentFolder(Path.Combine(last, "model"), last, _folder), StudentFolder.Find(_folder));
        Assert.Equal(new StudentFolder(Path.Combine(last, "model"), last, _folder), StudentFolder.Find(last));
    }

    [Fact]
    public void WhatIsNoStudentIsSaid()
    {
        Assert.Contains("clip-train", Assert.Throws<InputException>(() => Student.Load(Path.Combine(_folder, "gone"), CPU)).Message);
        Assert.Contains("holds no student", Assert.Throws<InputException>(() => Student.Load(_folder, CPU)).Message);
        File.WriteAllText(Path.Combine(_folder, "config.json"), "{}");
        Assert.Contains("model.init", Assert.Throws<InputException>(() => Student.Load(_folder, CPU)).Message);
    }

    [Fact]
    public void ABudgetMayGrowAndAFinishedRunSaysSo()
    {
        var first = Train(TinyTraining.Config with { Steps = 5 });
        var log = new Lines();
        var metrics = new Counted();
        var again = Train(TinyTraining.Config with { Steps = 5 }, log, metrics);
        Assert.Contains("Already complete at step 5: the budget is spent. Raise it to train on.", log.Texts);
        Assert.Equal(0, metrics.Values);
        Assert.True(first.LastLoss is > 0);
        Assert.Equal((5, first.LastLoss), (again.State.Step, again.LastLoss));

        var grown = Train(TinyTraining.Config with { Steps = 0, Epochs = 2 }, log);
        Assert.Contains(log.Texts, line => line.StartsWith("Resumed at step 5,", StringComparison.Ordinal));
        Assert.Contains("Changed since: clip_train.steps: 5 in the checkpoint, 0 now.", log.Texts);
        Assert.Contains("Changed since: clip_train.epochs: (not set) in the checkpoint, 2 now.", log.Texts);
        Assert.Equal(14, grown.State.Step);
        Assert.Equal(14, Train(TinyTraining.Config with { Steps = 5 }, log).State.Step); // A smaller budget takes nothing away.
    }

    private ClipTrainResult Train(ClipTrainConfig config, Lines? log = null, IMetricsSink? metrics = null)
    {
        using var student = TinyTraining.NewStudent(config);
        return ClipTrainer.Run(
            TinyTraining.Inputs(_folder, config, student) with
            {
                Log = log ?? (IRunLog)SilentLog.Instance,
                Metrics = metrics ?? NoMetrics.Instance,
            },
            TestContext.Current.CancellationToken);
    }

    private sealed class Counted : IMetricsSink
    {
        public int Values { get; private set; }

        public void Scalar(string tag, long step, double value) => Values++;
    }
}
