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

    public static IEnumerable<Figure> Measure()
    {
        using var python = PythonSide.Has("the step in PyTorch", "torch") ? PyTorchStudent.Start() : null;
        foreach (var precision in new[] { Precision.Fp32, Precision.Bf16 })
        {
            foreach (var figure in Measure(precision, python))
            {
                yield return figure;
            }
        }
    }

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

    /// <summary>The table's rows of the step with few turns: rounds (default 2).</summary>
    public static int Trial(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2;
        foreach (var precision in new[] { Precision.Fp32, Precision.Bf16 })
        {
            foreach (var figure in Measure(precision, null, rounds))
            {
                Console.WriteLine(FigureTable.Row(figure, DateOnly.FromDateTime(DateTime.UtcNow)));
            }
        }
        return 0;
    }

    private static List<Figure> Measure(Precision precision, PythonSide? python, int rounds = Rounds)
    {
        var name = precision.ToString().ToLowerInvariant();
        using var step = new StudentStep(precision);
        using var peak = new GemmPeak(precision);
        using var plain = PlainSide.Start(Sizes(), precision == Precision.Bf16, StudentStep.PlaceName, StudentStep.Steps, step.Weights);
        var optimizers = python is null ? [] : PyTorchStudent.Optimizers;
        var times = Turns.Medians(
            rounds,
            [
                Turns.Time(step.Run), () => plain.Call("turn"), Turns.Time(peak.Run),
                .. optimizers.Select(kind => (Func<double>)(() => python!.Call($"{name}_{kind}"))),
            ]);
        var (ours, theirs) = (times[0] / StudentStep.Steps, times[1] / StudentStep.Steps);
        var where = StudentStep.Place.type == DeviceType.CPU ? $"{get_num_threads()} threads" : "GPU";
        var vision = StudentStep.Config.Vision;
        var model = $"ViT-{(vision.Width == 384 ? "S" : "B")}/{vision.PatchSize}";
        var work = $"training step of {model}, {StudentStep.Batch} images of 224 x 224, {name}, {where}";
        var here = $"{ours * 1e3:0} ms";
        var most = precision == Precision.Bf16 ? 0.75 : 0.9;
        List<Figure> figures =
        [
            Figure.AtMost("student", work, here, $"plain TorchSharp, same libtorch {theirs * 1e3:0} ms", ours / theirs, most),
            Share(ours, times[2], precision),
        ];
        if (optimizers.Length > 0)
        {
            var fastest = times[3] <= times[4] ? 0 : 1;
            var torch = times[3 + fastest] / StudentStep.Steps;
            var other = $"PyTorch {torch * 1e3:0} ms ({optimizers[fastest]} AdamW)";
            figures.Add(Figure.Printed("student", $"the same, {name}", here, other, Figure.Number(ours / torch)));
        }
        return figures;
    }

    /// <summary>The step's speed against the product's.</summary>
    private static Figure Share(double step, double product, Precision precision)
    {
        var (speed, peak) = (StudentStep.Flops / step, GemmPeak.Flops / product);
        var work = $"the same, {precision.ToString().ToLowerInvariant()}, share of the GEMM peak";
        var here = $"{StudentStep.Flops / 1e9:0} GFLOP, {speed / 1e9:0} GFLOP/s";
        var other = $"libtorch's product of {GemmPeak.Side:N0} x {GemmPeak.Side:N0}, {peak / 1e9:0} GFLOP/s";
        return precision == Precision.Bf16
            ? Figure.AtLeast("student", work, here, other, speed / peak, 0.45)
            : Figure.Printed("student", work, here, other, Figure.Number(speed / peak));
    }

    private static PlainSizes Sizes()
    {
        var (config, vision) = (StudentStep.Config, StudentStep.Config.Vision);
        return new PlainSizes(
            StudentStep.Batch,
            vision.ImageSize,
            vision.PatchSize,
            vision.Width,
            vision.Heads,
            vision.Layers,
            vision.MlpWidth,
            vision.EmbedDim,
            StudentStep.TeacherDim,
            StudentStep.TeacherDim * config.AdapterExpansion);
    }
}
