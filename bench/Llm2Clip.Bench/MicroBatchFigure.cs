using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// The step that people train with: ViT-B/16, bf16, 32 images in micro-batches (GradCache), whose activations are all kept, so that each is
/// encoded once; against plain TorchSharp with the 32 at once, in one process after the other, as that takes several GB. A further row has
/// the step in a fraction of the memory, where all but one are encoded twice.
/// </summary>
internal static class MicroBatchFigure
{
    private const int Batch = 32;
    private const int MicroBatches = 4;

    public static IEnumerable<Figure> Measure() => Measure(3);

    private static IEnumerable<Figure> Measure(int rounds)
    {
        var config = StudentStep.VitB16;
        var vision = config.Vision;
        using var student = new TrainedStudent(config, StudentStep.TeacherDim, Precision.Bf16, CPU);
        using var vectors = randn([Batch, StudentStep.TeacherDim]);
        var pixels = new byte[Batch * vision.ImageSize * vision.ImageSize * 3];
        new Random(1).NextBytes(pixels);
        var each = pixels.Length / MicroBatches;
        Action Step(int kept) => () =>
        {
            using var scope = NewDisposeScope();
            student.Step(
                MicroBatches,
                part => student.Input(pixels.AsSpan(part * each, each).ToArray(), Batch / MicroBatches, vision.ImageSize, CPU), vectors,
                kept);
        };
        var sizes = StudentStep.PlainOf(config, Batch);
        var sides = new[] { (Asleep: false, How: "spin"), (Asleep: true, How: "sleep") }.Select(side =>
        {
            using var plain = PlainSide.Start(sizes, bf16: true, "cpu", steps: 1, student.Weights, side.Asleep);
            var times = Turns.Medians(
                rounds, Turns.Time(Step(MicroBatches)), Turns.Time(Step(1)), () => plain.Call("turn"));
            return (Kept: times[0], Twice: times[1], Plain: times[2], side.How);
        }).ToList();
        var (kept, twice, theirs, how) = sides.MaxBy(side => side.Kept / side.Plain);
        var work = $"training step of ViT-B/16, {Batch} images of 224 x 224 in micro-batches of {Batch / MicroBatches}, bf16, "
            + $"{get_num_threads()} threads";
        var other = $"plain TorchSharp, all {Batch} at once, {theirs:0.00} s (threads {how} while they wait)";
        yield return Figure.AtMost("micro", work + ", activations kept", $"{kept:0.00} s", other, kept / theirs, 0.85);
        yield return Figure.Printed("micro", work + ", activations of one kept", $"{twice:0.00} s", other, Figure.Number(twice / theirs));
    }
}
