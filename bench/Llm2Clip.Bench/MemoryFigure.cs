using System.Globalization;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// Resident memory of the process over 500 training steps, from the 150th on, when the allocator and the kernels' caches have their size.
/// </summary>
internal static class MemoryFigure
{
    private const int Batch = 32;
    private const int Warm = 150;
    private const int Steps = 500;

    public static IEnumerable<Figure> Measure()
    {
        var config = new StudentConfig
        {
            ImageSize = 64, PatchSize = 16, Width = 128, Heads = 4, Layers = 4, EmbedDim = 128, AdapterBlocks = 1,
        };
        using var student = new TrainedStudent(config, 256, Precision.Bf16, CPU);
        var pixels = new byte[Batch * config.Vision.ImageSize * config.Vision.ImageSize * 3];
        var random = new Random(1);
        long start = 0;
        for (var step = 1; step <= Warm + Steps; step++)
        {
            random.NextBytes(pixels);
            using var scope = NewDisposeScope();
            var input = student.Input(pixels, Batch, config.Vision.ImageSize, CPU);
            student.Step(2, half => input.chunk(2)[half], randn([Batch, 256]));
            if (step == Warm)
            {
                start = Resident();
            }
        }
        var end = Resident();
        var growth = (end - start) / (double)start;
        yield return new Figure(
            "memory", $"resident memory over {Steps} training steps", $"{start / 1e6:0.0} to {end / 1e6:0.0} MB", "",
            growth.ToString("+0.00 %;-0.00 %;0.00 %", CultureInfo.InvariantCulture), "< 2 %", growth < 0.02);
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return ProcessStatus.Bytes("VmRSS");
    }
}
