using System.Globalization;
using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// The time of <see cref="StudentStep"/> against plain TorchSharp on the same libtorch (<see cref="PlainSide"/>), its speed as a share of
/// the GEMM peak measured in the same turns (<see cref="GemmPeak"/>), and, where Python has it, against PyTorch
/// (<see cref="PyTorchStudent"/>).
/// </summary>
internal static class StudentFigure
{
    private const int Rounds = 9;

    public static IEnumerable<Figure> Measure() => Measure(Rounds);

    /// <summary>The step here alone, fp32 or bf16, a line every three steps: to profile, or to try a setting.</summary>
    public static int Alone(string[] args)
    {
        using var step = new StudentStep(args is ["bf16", ..] ? Precision.Bf16 : Precision.Fp32);
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
        for (var round = 0; round < rounds; round++)
        {
            Console.WriteLine($"{Turns.Time(step.Run)() / StudentStep.Steps * 1e3:0} ms");
        }
        return 0;
    }

    /// <summary>The table's rows with fewer turns, printed only. Argument: the number of turns (2).</summary>
    public static int Trial(string[] args) => FigureTable.PrintTrial(args, Measure);

    private static IEnumerable<Figure> Measure(int rounds)
    {
        using var python = PythonSide.Has("the step in PyTorch", "torch") ? PyTorchStudent.Start() : null;
        foreach (var precision in new[] { Precision.Fp32, Precision.Bf16 })
        {
            foreach (var figure in Measure(precision, rounds, python))
            {
                yield return figure;
            }
        }
    }

    private static List<Figure> Measure(Precision precision, int rounds, PythonSide? python)
    {
        var name = Name(precision);
        using var step = new StudentStep(precision);
        using var peak = new GemmPeak(precision);
        using var spinning = Plain(precision, step, asleep: false);
        using var asleep = Plain(precision, step, asleep: true);
        var optimizers = python is null ? [] : PyTorchStudent.Optimizers;
        var times = Turns.Medians(
            rounds,
            [
                Turns.Time(step.Run), Turns.Time(peak.Run), () => spinning.Call("turn"), () => asleep.Call("turn"),
                .. optimizers.Select(kind => (Func<double>)(() => python!.Call($"{name}_{kind}"))),
            ]);
        var ours = times[0] / StudentStep.Steps;
        var (plain, how) = Faster(times[2..4], ["spin", "sleep"]);
        var here = $"{ours * 1e3:0} ms";
        var other = $"plain TorchSharp, same libtorch {plain * 1e3:0} ms (threads {how} while they wait)";
        var most = precision == Precision.Bf16 ? 0.75 : 0.9;
        List<Figure> figures = [Figure.AtMost("student", Work(name), here, other, ours / plain, most), Share(ours, times[1], precision)];
        if (optimizers.Length > 0)
        {
            var (torch, optimizer) = Faster(times[4..], optimizers);
            var anchor = $"PyTorch {torch * 1e3:0} ms ({optimizer} AdamW)";
            figures.Add(Figure.Printed("student", $"the same, {name}", here, anchor, Figure.Number(ours / torch)));
        }
        return figures;
    }

    private static string Work(string precision)
    {
        var vision = StudentStep.Config.Vision;
        var model = $"ViT-{(vision.Width == 384 ? "S" : "B")}/{vision.PatchSize}";
        var where = StudentStep.Place.type == DeviceType.CPU ? $"{get_num_threads()} threads" : "GPU";
        return $"training step of {model}, {StudentStep.Batch} images of 224 x 224, {precision}, {where}";
    }

    /// <summary>Seconds per step of the fastest, and what it is called.</summary>
    private static (double Seconds, string Name) Faster(double[] turns, string[] names) =>
        turns.Zip(names, (turn, name) => (turn / StudentStep.Steps, name)).MinBy(side => side.Item1);

    private static OtherSide Plain(Precision precision, StudentStep step, bool asleep) =>
        PlainSide.Start(
            StudentStep.PlainOf(StudentStep.Config, StudentStep.Batch), precision == Precision.Bf16, StudentStep.PlaceName,
            StudentStep.Steps, step.Weights, asleep);

    private static string Name(Precision precision) => precision.ToString().ToLowerInvariant();

    /// <summary>The step's speed against the product's.</summary>
    private static Figure Share(double step, double product, Precision precision)
    {
        var (speed, peak) = (StudentStep.Flops / step, GemmPeak.Flops / product);
        var work = $"the same, {Name(precision)}, share of the GEMM peak";
        var here = $"{StudentStep.Flops / 1e9:0} GFLOP, {speed / 1e9:0} GFLOP/s";
        var other = $"libtorch's product of {GemmPeak.Side:N0} x {GemmPeak.Side:N0}, {peak / 1e9:0} GFLOP/s";
        return precision == Precision.Bf16
            ? Figure.AtLeast("student", work, here, other, speed / peak, 0.45)
            : Figure.Printed("student", work, here, other, Figure.Number(speed / peak));
    }
}
