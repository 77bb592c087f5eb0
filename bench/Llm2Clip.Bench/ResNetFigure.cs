using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.ResNet;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// A training step of ResNet-18 at 160 pixels, batch 32, against plain TorchSharp on the same libtorch (<see cref="PlainResNet"/>), whose
/// faster one of two counts: channels first and channels last. Batch norms train, or have running statistics, on both sides.
/// </summary>
internal static class ResNetFigure
{
    private const int Batch = 32;
    private const int Side = 160;
    private const int Rounds = 5;

    public static IEnumerable<Figure> Measure() => Measure(Rounds);

    /// <summary>The table's rows, printed only. Argument: the number of turns (2).</summary>
    public static int Trial(string[] args) => FigureTable.PrintTrial(args, Measure);

    private static IEnumerable<Figure> Measure(int rounds) =>
        from precision in new[] { Precision.Fp32, Precision.Bf16 }
        from mode in new[] { BatchNormMode.Trained, BatchNormMode.Frozen }
        select Measure(precision, mode, rounds);

    private static Figure Measure(Precision precision, BatchNormMode mode, int rounds)
    {
        var config = new StudentConfig { Preset = "resnet18", ImageSize = Side, AdapterBlocks = 1, BatchNorm = mode };
        using var student = new TrainedStudent(config, StudentStep.TeacherDim, precision, CPU);
        using var vectors = randn([Batch, StudentStep.TeacherDim]);
        var pixels = new byte[Batch * Side * Side * 3];
        new Random(1).NextBytes(pixels);
        void Step()
        {
            using var scope = NewDisposeScope();
            student.Step(1, _ => student.Input(pixels, Batch, Side, CPU), vectors);
        }
        OtherSide Plain(bool channelsLast) => PlainSide.Start(
            new PlainSizes(
                Batch, Side, 0, 0, 0, 0, 0, 512, StudentStep.TeacherDim, StudentStep.TeacherDim * config.AdapterExpansion,
                new PlainResNetSizes([2, 2, 2, 2], mode == BatchNormMode.Frozen, channelsLast)),
            precision == Precision.Bf16, "cpu", steps: 1, student.Weights, asleep: true);
        using var first = Plain(channelsLast: false);
        using var last = Plain(channelsLast: true);
        var times = Turns.Medians(rounds, [Turns.Time(Step), () => first.Call("turn"), () => last.Call("turn")]);
        var format = precision.ToString().ToLowerInvariant();
        var norms = mode == BatchNormMode.Frozen ? "running statistics" : "batch statistics";
        var best = Math.Min(times[1], times[2]);
        return Figure.AtMost(
            "resnet",
            $"training step of ResNet-18, {Batch} images of {Side} x {Side}, {norms}, {format}, {get_num_threads()} threads",
            $"{times[0] * 1e3:0} ms",
            $"plain TorchSharp, same libtorch {best * 1e3:0} ms (channels {(times[1] < times[2] ? "first" : "last")})",
            times[0] / best, 1.0);
    }
}
