using Llm2Clip.Data;
using Llm2Clip.Diagnostics;
using Llm2Clip.Teachers;

namespace Llm2Clip.Bench;

/// <summary>
/// Captions a second of the LLM: many captions a decode without the output head, against a context of its own for each caption, and against
/// the settings of llama.cpp's own embedding example: many sequences a batch, its default cache and attention, head computed. The latter's
/// program is packaged neither in Debian nor in npm, so its settings run through the same library here.
/// </summary>
internal static class TeacherFigure
{
    private const int Captions = 120;
    private const int Alone = 12;
    private const int Rounds = 3;

    public static IEnumerable<Figure> Measure(string model, string pattern)
    {
        var data = new DataConfig();
        var texts = SampleSources.ReadAll(SampleSources.Open(pattern, data, SilentLog.Instance), data, SilentLog.Instance)
            .SelectMany(sample => sample.Captions).Where(caption => caption.Language == "en").Select(caption => caption.Text).Take(Captions).ToList();
        using var llm = LlamaModel.Load(model, fullWindow: true);
        var tokenizer = new CaptionTokenizer(llm, new TeacherSettings().Template, new TeacherSettings().Instruction, 512);
        var sequences = texts.ConvertAll(text => tokenizer.Tokenize(text).Tokens);
        var batched = new DecoderOptions(TeacherAttention.Bidirectional, 512);
        using var ours = new SequenceDecoder(llm, batched, SilentLog.Instance);
        using var small = new SequenceDecoder(llm, Example(512), SilentLog.Instance);
        using var large = new SequenceDecoder(llm, Example(2048), SilentLog.Instance);
        var times = Turns.Medians(Rounds, Whole(ours, sequences), AloneEach(llm, sequences, batched), Whole(small, sequences), Whole(large, sequences));
        var (rate, alone, example) = (Captions / times[0], Alone / times[1], Captions / Math.Min(times[2], times[3]));
        var work = $"{Path.GetFileNameWithoutExtension(model)}, {Captions} captions of Flickr8k ({sequences.Sum(s => s.Length)} tokens), {Environment.ProcessorCount} threads";
        yield return Figure.AtLeast("teacher", work, $"{rate:0.0} captions/s", $"a call and a new context for each {alone:0.0}/s", rate / alone, 10);
        yield return Figure.AtLeast("teacher", "the same", $"{rate:0.0} captions/s", $"llama.cpp's embedding example, its settings in this library {example:0.0}/s", rate / example, 1.3);
    }

    /// <summary>What the example does by default: causal as the model is, half-precision cache, fused attention, all logits.</summary>
    private static DecoderOptions Example(int batchTokens) =>
        new(TeacherAttention.Causal, 512) { BatchTokens = batchTokens, SkipHead = false, FlashAttention = true, KvType = KvCacheType.F16 };

    private static Func<double> Whole(SequenceDecoder decoder, List<LLama.Native.LLamaToken[]> sequences) =>
        Turns.Time(() => decoder.Run(sequences, (_, _, _) => { }));

    private static Func<double> AloneEach(LlamaModel llm, List<LLama.Native.LLamaToken[]> sequences, DecoderOptions options) => Turns.Time(() =>
    {
        foreach (var sequence in sequences.Take(Alone))
        {
            using var decoder = new SequenceDecoder(llm, options with { SkipHead = false }, SilentLog.Instance);
            decoder.Run([sequence], (_, _, _) => { });
        }
    });
}
