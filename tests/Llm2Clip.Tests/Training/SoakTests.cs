using Llm2Clip.Evaluation;
using Llm2Clip.Training.Stage2;

namespace Llm2Clip.Tests.Training;

[Collection("Live tensors")]
public sealed class SoakTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("soak-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>With all that a run does beside its steps: checkpoints that are kept, a watchdog at work, lines, evaluations.</summary>
    [Fact]
    public void TensorsAliveStayFlatOverSteps()
    {
        var config = TinyTraining.Config with
        {
            Steps = 40,
            MicroBatch = 3,
            EvalEvery = 10,
            LogEvery = 1,
            StallMinutes = 1e-6,
            CheckpointMinutes = 1e-9,
            KeepCheckpoints = 2,
        };
        using var student = TinyTraining.NewStudent(config);
        var alive = new AliveAtSteps();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        ClipTrainer.Run(
            TinyTraining.Inputs(_folder, config, student) with { Metrics = alive, Evaluator = new Encode() },
                TestContext.Current.CancellationToken);
        Assert.Equal(40, alive.Counts.Count);
        // Not equality: a finalizer may still take away what an earlier test left.
        Assert.True(alive.Counts[^1] <= alive.Counts[4], $"{alive.Counts[4]} tensors after step 5, {alive.Counts[^1]} after step 40");
    }

    private sealed class Encode : IStudentEvaluator
    {
        public StudentScore Evaluate(Llm2Clip.Models.Student student, CancellationToken cancellation)
        {
            student.EncodeImages(new byte[4 * 16 * 16 * 3], 4);
            student.EncodeTexts(new float[4 * TinyTraining.VectorLength], 4);
            return new StudentScore(0, "none", new Dictionary<string, double>());
        }
    }

    /// <summary>Counts live native tensors at the end of each step.</summary>
    private sealed class AliveAtSteps : IMetricsSink
    {
        public List<long> Counts { get; } = [];

        public void Scalar(string tag, long step, double value)
        {
            if (tag == "train/loss")
            {
                Counts.Add(TorchSharp.torch.Tensor.TotalCount);
            }
        }
    }
}
