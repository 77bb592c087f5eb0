using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// A step of LoRA in the real LLM against plain TorchSharp with the same sizes, and the most memory of a step of 16 times as many captions.
/// </summary>
internal static class LoraStepFigure
{
    /// <summary>The argument by which a process is told to train, for its memory; model, data and images per step follow.</summary>
    public const string Argument = "lora-run";

    private const int Captions = 256;
    private const int Rounds = 3;
    private const int PlainMicroBatch = 32;
    private const int Small = 32;
    private const int Large = 512;

    public static IEnumerable<Figure> Measure(string model, string pattern)
    {
        yield return Time(model, pattern);
        var (small, large) = (Peak(model, pattern, Small), Peak(model, pattern, Large));
        yield return Figure.AtMost(
            "lorastep", $"peak memory of the same, {Large} images per step with two captions each, GradCache", $"{large / 1e6:0} MB",
            $"{Small} images per step at once {small / 1e6:0} MB", large / small, 1.2);
    }

    /// <summary>Trains two steps and prints the most memory that it took.</summary>
    public static int Run(string model, string pattern, string images)
    {
        var count = int.Parse(images, CultureInfo.InvariantCulture);
        using var training = new LoraTraining(model, pattern, count, count == Small ? int.MaxValue : null);
        training.Step();
        training.Step();
        Console.WriteLine(ProcessStatus.Bytes("VmHWM").ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static Figure Time(string model, string pattern)
    {
        using var training = new LoraTraining(model, pattern, Captions / 2);
        var sizes = SizesOf(model, [.. training.Lengths]);
        var sides = new[] { (Asleep: false, How: "spin"), (Asleep: true, How: "sleep") }.Select(side =>
        {
            // One process after the other: each takes some GB.
            using var plain = PlainSide.Start(sizes, training.Weights, side.Asleep);
            var times = Turns.Medians(Rounds, Turns.Time(training.Step), () => plain.Call("turn"));
            return (Ours: times[0], Plain: times[1], side.How);
        }).ToList();
        var (ours, theirs, how) = sides.MaxBy(side => side.Ours / side.Plain);
        return Figure.AtMost(
            "lorastep",
            $"step of LoRA, rank {sizes.Rank}, in {Path.GetFileNameWithoutExtension(model)}, {Captions} captions of Flickr8k "
            + $"({training.Lengths.Sum()} tokens), bf16, {get_num_threads()} threads",
            $"{ours:0.00} s",
            $"plain TorchSharp, unsorted micro-batches of {PlainMicroBatch}, frozen weights cast for each product, {theirs:0.00} s "
            + $"(threads {how} while they wait)",
            ours / theirs, 0.8);
    }

    private static PlainLlmSizes SizesOf(string model, int[] lengths)
    {
        var header = GgufFile.Open(model);
        using var weights = GgufWeights.Open(header);
        var shape = DecoderShapes.Read(header, weights);
        return new PlainLlmSizes(
            lengths, PlainMicroBatch, shape.Vocabulary, shape.Width, shape.Blocks, shape.Heads, shape.SharedHeads, shape.KeyWidth,
            shape.MlpWidth, Rank: 16);
    }

    private static double Peak(string model, string pattern, int images)
    {
        using var process = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!, [Argument, model, pattern, images.ToString(CultureInfo.InvariantCulture)])
        { RedirectStandardOutput = true })!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return double.Parse(said, CultureInfo.InvariantCulture);
    }
}
