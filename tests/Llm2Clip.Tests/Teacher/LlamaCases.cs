using LLama.Native;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Tests.Teachers;

/// <summary>
/// What the tests of the LLM share. They use one thread: several spin at barriers and crawl where other tests run beside them.
/// </summary>
internal static class LlamaCases
{
    public static readonly TeacherConfig OneThread = new() { Threads = 1, Path = "" };

    /// <summary>Folders below golden/llm with a model and its expectations.</summary>
    public static IEnumerable<string> GoldenModels()
    {
        var root = Path.Combine(SharedData.Golden, "llm");
        return Directory.Exists(root)
            ? Directory.GetDirectories(root).Where(folder => File.Exists(Path.Combine(folder, "model.gguf")))
                .Select(folder => Path.GetFileName(folder)).Order()
            : [];
    }

    /// <summary>
    /// As theory data; one row with an empty name where there are no golden files, so that the theory is skipped and not failed.
    /// </summary>
    public static TheoryData<string> GoldenModelData()
    {
        var names = GoldenModels().ToList();
        return names.Count > 0 ? [.. names] : [""];
    }

    public static string GoldenModel(string name) => SharedData.RequireGolden("llm", name, "model.gguf");

    public static string SharedModel() => Directory.GetFiles(SharedData.RequireShared("models"), "*.gguf").Order().FirstOrDefault()
        ?? SharedData.RequireShared("models", "no.gguf");

    /// <summary>A golden model that is the first in name order; any will do for what is no matter of architecture.</summary>
    public static string AnyModel() =>
        GoldenModel(GoldenModels().FirstOrDefault(name => name.StartsWith("llama", StringComparison.Ordinal)) ?? "llama");

    public static LlmTextEncoder Encoder(
        string path, TeacherSettings? settings = null, TeacherConfig? config = null, string? lora = null) =>
        new(TeacherModel.Of(path, lora), settings ?? new TeacherSettings(), config ?? OneThread, SilentLog.Instance);

    public static SequenceDecoder Decoder(LlamaModel model, TeacherAttention attention, int batchTokens = 256, bool skipHead = true) => new(
        model, new DecoderOptions(attention, 64) { Threads = 1, BatchTokens = batchTokens, SkipHead = skipHead }, SilentLog.Instance);

    /// <summary>Row-major vectors of texts.</summary>
    public static float[] Vectors(this ILlmEncoder encoder, params IReadOnlyList<string> texts) =>
        encoder.Encode(texts, SilentLog.Instance, TestContext.Current.CancellationToken).Vectors;

    /// <summary>All states [tokens, width] of each sequence.</summary>
    public static List<float[]> States(SequenceDecoder decoder, IReadOnlyList<LLamaToken[]> sequences)
    {
        var states = sequences.Select(sequence => new float[sequence.Length * decoder.Width]).ToList();
        decoder.Run(
            sequences,
            (sequence, position, _, state) => state.CopyTo(states[sequence].AsSpan(position * decoder.Width)),
            cancellation: TestContext.Current.CancellationToken);
        return states;
    }

    public static float LargestDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Assert.Equal(a.Length, b.Length);
        var largest = 0f;
        for (var i = 0; i < a.Length; i++)
        {
            var difference = Math.Abs(a[i] - b[i]);
            largest = difference <= largest ? largest : difference; // a NaN is kept
        }
        return largest;
    }
}
