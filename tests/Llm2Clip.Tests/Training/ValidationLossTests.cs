using Llm2Clip.Evaluation;
using Llm2Clip.Models;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Stage2;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

public sealed class ValidationLossTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("val-loss-").FullName;

    // Six images on a circle; the fourth has no caption, the first has two.
    private static readonly double[] ImageAngles = [0, 0.4, 0.9, 1.3, 2.0, 2.6];
    private static readonly (int Image, double Angle)[] Captions = [(0, 0.1), (0, 0.2), (1, 0.3), (2, 1.1), (4, 1.9), (5, 2.9)];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>InfoNCE by the formula, of batches of two images with their first caption; the fifth captioned image fills none.</summary>
    [Fact]
    public void ItIsTheMeanOfTheLossOfWholeBatches()
    {
        const double Scale = 3;
        using var loss = new InfoNceLoss(new SoftLabels(0, 0, 1));
        using var logScale = tensor((float)Math.Log(Scale));
        var expected = (Batch([(0, 0.1), (1, 0.3)]) + Batch([(2, 1.1), (4, 1.9)])) / 2;
        // fp32 of numbers near 1, in a handful of operations.
        Assert.Equal(expected, ValidationLoss.Of(loss, logScale, Pairs(), batchSize: 2, captionsPerImage: 1), 1e-5);

        // Fewer images than a batch: all of them. Two captions per image: of the first both, of the others the one twice.
        var all = (Batch([(0, 0.1), (1, 0.3), (2, 1.1), (4, 1.9), (5, 2.9)]) + Batch([(0, 0.2), (1, 0.3), (2, 1.1), (4, 1.9), (5,
            2.9)])) / 2;
        Assert.Equal(all, ValidationLoss.Of(loss, logScale, Pairs(), batchSize: 100, captionsPerImage: 2), 1e-5);

        static double Batch((int Image, double Angle)[] pairs)
        {
            double Logit(int i, int j) => Scale * Math.Cos(ImageAngles[pairs[i].Image] - pairs[j].Angle);
            var all = Enumerable.Range(0, pairs.Length).ToArray();
            return all.Average(i =>
                (Math.Log(all.Sum(j => Math.Exp(Logit(i, j)))) + Math.Log(all.Sum(j => Math.Exp(Logit(j, i)))) - 2 * Logit(i, i)) / 2);
        }
    }

    [Fact]
    public void AnEvaluationRecordsIt()
    {
        var config = TinyTraining.Config with { Steps = 4, EvalEvery = 2, BatchSize = 2, CaptionsPerImage = 1 };
        using var student = TinyTraining.NewStudent(config);
        var kept = new Kept();
        ClipTrainer.Run(
            TinyTraining.Inputs(_folder, config, student) with { Evaluator = new Circle(), Metrics = kept, Log = kept },
            TestContext.Current.CancellationToken);
        Assert.Equal([2L, 4], kept.Losses.Select(one => one.Step));
        Assert.All(kept.Losses, one => Assert.InRange(one.Value, 1e-3, 5));
        Assert.Contains(kept.Lines, line => line.StartsWith(
            FormattableString.Invariant($"step 2: loss {kept.TrainLoss[1]:0.000}, val loss {kept.Losses[0].Value:0.000}, score 50.0 %"),
            StringComparison.Ordinal));
    }

    private static ScoredPairs Pairs() => new(
        new VectorSet(Points(ImageAngles), 2), new VectorSet(Points(Captions.Select(one => one.Angle)), 2),
        [.. Captions.Select(one => one.Image)], [.. Captions.Select(one => $"{one}")], new float[3 * Captions.Length]);

    private static float[] Points(IEnumerable<double> angles) =>
        [.. angles.SelectMany(angle => new[] { (float)Math.Cos(angle), (float)Math.Sin(angle) })];

    private sealed class Circle : IStudentEvaluator
    {
        public StudentScore Evaluate(Student student, CancellationToken cancellation) =>
            new(0.5, "score", new Dictionary<string, double>()) { Pairs = [Pairs()] };
    }

    private sealed class Kept : IMetricsSink, IRunLog
    {
        public List<(long Step, double Value)> Losses { get; } = [];

        public List<double> TrainLoss { get; } = [];

        public List<string> Lines { get; } = [];

        public void Scalar(string tag, long step, double value)
        {
            if (tag == "val/loss")
            {
                Losses.Add((step, value));
            }
            else if (tag == "train/loss")
            {
                TrainLoss.Add(value);
            }
        }

        public void Info(string message) => Lines.Add(message);

        public void Warn(string message) => Lines.Add(message);

        public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance;
    }
}
