using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Bench;

/// <summary>
/// Captions per second of the LLM in tensors, with bf16 products, against the same encoder over libllama with its best batches, and as a
/// share of the GEMM peak measured in the same turns. Padding is no work: a token counts once.
/// </summary>
internal static class TensorsFigure
{
    private const int Captions = 240;
    private const int Rounds = 3;

    private static readonly int[] LlamaBatches = [128, 256, 512];

    public static IEnumerable<Figure> Measure(string model, string pattern)
    {
        var texts = TeacherFigure.Texts(pattern, Captions);
        using var tensors = Encoder(model, TeacherRuntime.Tensors, batchTokens: null);
        var llama = LlamaBatches.Select(batch => Encoder(model, TeacherRuntime.Llama, batch)).ToList();
        try
        {
            using var peak = new GemmPeak(Precision.Bf16);
            var times = Turns.Medians(
                Rounds, [Turns.Time(peak.Run), Whole(tensors, texts), .. llama.Select(encoder => Whole(encoder, texts))]);
            var best = Array.IndexOf(times, times[2..].Min()) - 2;
            var (rate, other) = (Captions / times[1], Captions / times[best + 2]);
            var tokens = texts.Sum(text => tensors.Tokenize(text).Tokens.Length);
            var name = Path.GetFileNameWithoutExtension(model);
            var work = $"{name}, {Captions} captions of Flickr8k ({tokens} tokens), {Environment.ProcessorCount} threads";
            yield return Figure.AtLeast(
                "tensors", work, $"{rate:0.0} captions/s in tensors, bf16",
                $"libllama in batches of {LlamaBatches[best]} tokens {other:0.0}/s", rate / other, 3);
            var (speed, limit) = (2 * ProductWeights(model) * tokens / times[1], GemmPeak.Flops / times[0]);
            yield return Figure.AtLeast(
                "tensors", "the same", $"{speed / 1e9:0} GFLOP/s",
                $"libtorch's product of {GemmPeak.Side:N0} x {GemmPeak.Side:N0}, {limit / 1e9:0} GFLOP/s", speed / limit, 0.35);
        }
        finally
        {
            llama.ForEach(encoder => encoder.Dispose());
        }
    }

    private static Func<double> Whole(LlmTextEncoder encoder, List<string> texts) =>
        Turns.Time(() => encoder.Encode(texts, SilentLog.Instance));

    private static LlmTextEncoder Encoder(string model, TeacherRuntime runtime, int? batchTokens) => new(
        TeacherModel.Of(model), new TeacherSettings { Runtime = runtime },
        new TeacherConfig { BatchTokens = batchTokens, Device = "cpu" }, SilentLog.Instance);

    /// <summary>Weights that a token is multiplied with: all but the embeddings; norms are too few to matter.</summary>
    private static double ProductWeights(string model)
    {
        var header = GgufFile.Open(model);
        using var weights = GgufWeights.Open(header);
        var shape = DecoderShapes.Read(header, weights);
        return (double)(shape.WeightCount - ((Int128)shape.Width * (shape.Vocabulary + 1)));
    }
}
