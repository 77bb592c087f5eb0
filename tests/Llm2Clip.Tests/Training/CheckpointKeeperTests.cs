using Llm2Clip.Models;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>Which checkpoints a run writes and keeps.</summary>
public sealed class CheckpointKeeperTests : IDisposable
{
    private static readonly ClipTrainConfig Config = TinyTraining.Config with { CheckpointEvery = 2, KeepCheckpoints = 2, Steps = 11 };

    private readonly string _folder = Directory.CreateTempSubdirectory("keeper-").FullName;

    private string Checkpoints => Path.Combine(_folder, "checkpoints");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheNewestAreKeptUnderTheirStepsAndResumeToTheBit()
    {
        var end = Train(Config);
        Assert.Equal(["last", "step-00000008", "step-00000010"], Names()); // 2, 4 and 6 went; the last is of step 11
        Assert.Equal(10, Checkpoint.StepOf(Path.Combine(Checkpoints, "step-00000010")));
        using (var opened = Student.Load(Path.Combine(Checkpoints, "step-00000008"), CPU))
        {
            Assert.Equal("tiny", opened.TeacherFingerprint);
        }

        // A run that is set back: the checkpoint of step 10 is of its future, and stays until it comes there.
        Directory.Delete(Path.Combine(Checkpoints, "last"), recursive: true);
        Directory.Move(Path.Combine(Checkpoints, "step-00000008"), Path.Combine(Checkpoints, "last"));
        Assert.Equal(end, Train(Config));
        Assert.Equal(["last", "step-00000008", "step-00000010"], Names());

        Assert.Equal(end, Train(Config with { KeepCheckpoints = 0 })); // It is over: nothing is written, and nothing deleted.
        Assert.Equal(["last", "step-00000008", "step-00000010"], Names());
    }

    [Fact]
    public void AKillAtAnyMomentLosesNone()
    {
        Train(Config);
        // Between the name of the new checkpoint and that of the old one; while one was being deleted; while one was being written.
        Directory.Move(Path.Combine(Checkpoints, "step-00000010"), Path.Combine(Checkpoints, "last.previous"));
        Directory.CreateDirectory(Path.Combine(Checkpoints, "step-00000006.llm2clip-tmp"));
        Directory.CreateDirectory(Path.Combine(Checkpoints, "last.llm2clip-tmp"));
        Train(Config);
        Assert.Equal(["last", "step-00000008", "step-00000010"], Names());

        // One without a state is nothing that could be kept.
        Directory.CreateDirectory(Path.Combine(Checkpoints, "last.previous"));
        Train(Config);
        Assert.Equal(["last", "step-00000008", "step-00000010"], Names());
    }

    [Fact]
    public void WithoutTheKeyThereIsTheLastAlone()
    {
        Train(Config with { KeepCheckpoints = 0 });
        Assert.Equal(["last"], Names());
    }

    [Theory]
    [InlineData(1e-9, "step-00000001 step-00000002 step-00000003 step-00000004")]
    [InlineData(1000, "")]
    [InlineData(0, "")]
    public void MinutesMakeCheckpointsToo(double minutes, string kept)
    {
        Train(Config with { CheckpointEvery = 0, CheckpointMinutes = minutes, KeepCheckpoints = 100, Steps = 5 });
        Assert.Equal($"last {kept}".Trim().Split(' '), Names());
    }

    private string[] Names() => [.. Directory.GetDirectories(Checkpoints).Select(folder => Path.GetFileName(folder)).Order()];

    private float[] Train(ClipTrainConfig config)
    {
        using var student = TinyTraining.NewStudent(config);
        ClipTrainer.Run(TinyTraining.Inputs(_folder, config, student), TestContext.Current.CancellationToken);
        return TinyTraining.Weights(student);
    }
}
