using LLama.Native;
using Llm2Clip.Data;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Bench;

/// <summary>
/// Captions per second of the LLM: many captions per decode without the output head, against a call and a context of its own for each
/// caption, as LLamaSharp's embedder has it (with its default parameters: the model's whole context, batches of 512), and against the
/// settings of llama.cpp's own embedding example: many sequences per batch, its default cache and attention, head computed. The example's
/// program comes in no package of .NET, so all settings run through the same library here, with the same threads.
/// </summary>
internal static class TeacherFigure
{
    private const int Captions = 120;
    private const int Alone = 12;
    private const int Rounds = 3;

    public static IEnumerable<Figure> Measure(string model, string pattern)
    {
        var texts = Texts(pattern, Captions);
        using var llm = LlamaModel.Load(model, fullWindow: true);
        var tokenizer = new CaptionTokenizer(llm, new TeacherSettings().Template, new TeacherSettings().Instruction, 512);
        var sequences = texts.ConvertAll(text => tokenizer.Tokenize(text).Tokens);
        using var ours = new SequenceDecoder(llm, new DecoderOptions(TeacherAttention.Bidirectional, 512), SilentLog.Instance);
        using var small = new SequenceDecoder(llm, Example(512), SilentLog.Instance);
        using var large = new SequenceDecoder(llm, Example(2048), SilentLog.Instance);
        var times = Turns.Medians(
            Rounds,
            Whole(ours, sequences),
            EachAlone(llm, sequences, 0),
            EachAlone(llm, sequences, 512),
            Whole(small, sequences),
            Whole(large, sequences));
        var (rate, alone, alone512) = (Captions / times[0], Alone / times[1], Alone / times[2]);
        var example = Captions / Math.Min(times[3], times[4]);
        var tokens = sequences.Sum(sequence => sequence.Length);
        var name = Path.GetFileNameWithoutExtension(model);
        var work = $"{name}, {Captions} captions of Flickr8k ({tokens} tokens), {Environment.ProcessorCount} threads";
        var calls = $"a call and a new context for each, LLamaSharp's defaults {alone:0.0}/s (contexts of 512 tokens {alone512:0.0}/s)";
        yield return Figure.AtLeast("teacher", work, $"{rate:0.0} captions/s", calls, rate / alone, 10);
        var settings = $"llama.cpp's embedding example, its settings in this library {example:0.0}/s";
        yield return Figure.AtLeast("teacher", "the same", $"{rate:0.0} captions/s", settings, rate / example, 1.3);
    }

    /// <summary>The first English captions of a data set.</summary>
    public static List<string> Texts(string pattern, int count)
    {
        var data = new DataConfig();
        return
        [
            .. Datasets.ReadAll(Datasets.Open(pattern, data, SilentLog.Instance), data, SilentLog.Instance)
                .SelectMany(sample => sample.Captions).Where(caption => caption.Language == "en")
                .Select(caption => caption.Text).Take(count),
        ];
    }

    /// <summary>What the example does by default: causal as the model is, half-precision cache, fused attention, all logits.</summary>
    private static DecoderOptions Example(int batchTokens) =>
        new(TeacherAttention.Causal, 512) { BatchTokens = batchTokens, SkipHead = false, FlashAttention = true, KvType = KvCacheType.F16 };

    private static Func<double> Whole(SequenceDecoder decoder, List<LLamaToken[]> sequences) =>
        Turns.Time(() => decoder.Run(sequences, (_, _, _, _) => { }));

    /// <summary>
    /// LLamaSharp's embedder: for each text a context of <paramref name="length"/> cells (0: the model's), one decode, the states read.
    /// </summary>
    private static Func<double> EachAlone(LlamaModel llm, List<LLamaToken[]> sequences, uint length) => Turns.Time(() =>
    {
        var parameters = LLamaContextParams.Default();
        (parameters.n_ctx, parameters.n_batch, parameters.n_ubatch) = (length, 512, 512);
        parameters.n_threads = parameters.n_threads_batch = Environment.ProcessorCount;
        parameters.embeddings = true;
        foreach (var sequence in sequences.Take(Alone))
        {
            using var context = llm.Handle.CreateContext(parameters);
            var batch = new LLamaBatch();
            for (var i = 0; i < sequence.Length; i++)
            {
                batch.Add(sequence[i], i, (LLamaSeqId)0, logits: true);
            }
            if (context.Decode(batch) != DecodeResult.Ok)
            {
                throw new InvalidOperationException("A caption could not be decoded.");
            }
            _ = context.GetEmbeddingsIth(sequence.Length - 1).ToArray();
        }
    });
}
