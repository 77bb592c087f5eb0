using System.Globalization;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Text;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
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
        using var student = Student.Create(config, 256, Math.Log(1 / 0.07), 1, CPU);
        student.Precision = Precision.Bf16;
        var named = student.NamedParameters();
        var groups = ParameterGroups.Build(
            named.Select(p => (p.Name, p.Parameter.shape.Length)),
            config.Vision.Layers,
            new GroupOptions(1e-3, 1e-3, 1e-3, 0.2),
            LayerNaming.Of(student.ImageEncoder));
        using var flat = new FlatParameters(named, groups);
        using var optimizer = new FlatAdamW(flat, new AdamWOptions());
        var pixels = new byte[Batch * config.Vision.ImageSize * config.Vision.ImageSize * 3];
        var random = new Random(1);
        long start = 0;
        for (var step = 1; step <= Warm + Steps; step++)
        {
            random.NextBytes(pixels);
            using var scope = NewDisposeScope();
            var input = Pixels.Normalize(Pixels.ToTensor(pixels, Batch, config.Vision.ImageSize, CPU), student.Transform);
            var vectors = randn([Batch, 256]);
            flat.ZeroGradients();
            GradCache.Backward(
                [
                    new EncoderPass(2, half => student.ImageEncoder.Encode(input.chunk(2)[half])),
                    new EncoderPass(1, _ => student.TextAdapter.call(vectors)),
                ],
                features => InfoNceLoss.Between(features[0], features[1], student.LogitScale));
            optimizer.Step(1, FlatAdamW.ClipScale(flat.GradientNorm(), 1));
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
