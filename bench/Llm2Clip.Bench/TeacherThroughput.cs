using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Llm2Clip.Data;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Bench;

/// <summary>
/// Tokens/s of the LLM on the captions of a data set: batches of several sizes, one caption per call, and with the output head computed.
/// All variants take the same captions in interleaved rounds of one run; medians and ratios are printed.
/// Arguments: GGUF or teacher folder, data pattern, number of captions (150), rounds (3).
/// </summary>
internal static class TeacherThroughput
{
    private static readonly int[] BatchSizes = [128, 256, 512];

    public static int Run(string[] args)
    {
        if (args.Length < 2)
        {
            Console.WriteLine("Usage: bench/run study teacher GGUF_OR_TEACHER DATA_PATTERN [CAPTIONS] [ROUNDS]");
            return 2;
        }
        var captions = Captions(args[1], args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 150);
        var rounds = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 3;
        var variants = BatchSizes.Select(size => new Variant($"batches of {size} tokens", size)).ToList();
        variants.Add(new Variant("one caption per call", 1));
        variants.Add(new Variant("batches of 256, output head computed", 256, SkipHead: false));

        for (var round = 0; round < rounds; round++)
        {
            foreach (var variant in variants)
            {
                variant.Measure(args[0], captions);
            }
        }
        Print(variants, captions.Count);
        return 0;
    }

    private static void Print(List<Variant> variants, int captions)
    {
        var tokens = variants[0].Tokens;
        Console.WriteLine($"teacher: {captions} captions, {tokens} tokens, {Environment.ProcessorCount} threads");
        var batched = variants.Single(variant => variant is { BatchTokens: 256, SkipHead: true });
        foreach (var variant in variants)
        {
            var cosine = LowestCosine(variant, batched);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {variant.Name,-38} {variant.Rate,7:F0} tokens/s; batches of 256 are {batched.Rate / variant.Rate:F2}x; "
                + $"lowest cosine to them {cosine:F5}"));
        }
    }

    private static float LowestCosine(Variant a, Variant b)
    {
        var lowest = 1f;
        var dimension = a.Dimension;
        for (var at = 0; at < a.Vectors.Length; at += dimension)
        {
            var cosine = TensorPrimitives.CosineSimilarity(a.Vectors.AsSpan(at, dimension), b.Vectors.AsSpan(at, dimension));
            lowest = Math.Min(lowest, cosine);
        }
        return lowest;
    }

    private static List<string> Captions(string pattern, int count)
    {
        var config = new DataConfig();
        var source = Datasets.Open(pattern, config, SilentLog.Instance);
        var samples = Datasets.ReadAll(source, config, SilentLog.Instance);
        return [.. samples.SelectMany(sample => sample.Captions).Select(caption => caption.Text).Take(count)];
    }

    private sealed record Variant(string Name, int BatchTokens, bool SkipHead = true)
    {
        private readonly List<double> _seconds = [];

        public int Tokens { get; private set; }

        public int Dimension { get; private set; }

        public float[] Vectors { get; private set; } = [];

        public double Rate => Tokens / _seconds.Order().ElementAt(_seconds.Count / 2);

        public void Measure(string path, List<string> captions)
        {
            using var teacher = Teacher.Open(path, new TeacherConfig { BatchTokens = BatchTokens, SkipHead = SkipHead });
            var encoder = (LlmTextEncoder)teacher.Encoder;
            Tokens = captions.Sum(caption => encoder.Tokenize(caption).Tokens.Length);
            Dimension = encoder.Dimension;
            encoder.Encode(captions[..1], SilentLog.Instance);
            var watch = Stopwatch.StartNew();
            Vectors = encoder.Encode(captions, SilentLog.Instance).Vectors;
            _seconds.Add(watch.Elapsed.TotalSeconds);
        }
    }
}
