using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Data.Lists.Records;
using Llm2Clip.Files;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>A question and what answers it, with texts that do not.</summary>
/// <param name="Query">The question.</param>
/// <param name="Positives">Answers; at least one.</param>
/// <param name="Negatives">Hard negatives; may be empty.</param>
internal sealed record TextPair(string Query, IReadOnlyList<string> Positives, IReadOnlyList<string> Negatives);

/// <summary>
/// Reads text pairs, one JSON object per line: <c>query</c>, <c>positive</c> and, where there are hard negatives, <c>negatives</c>, each of
/// the latter two a text or a list of texts.
/// </summary>
internal static class TextPairs
{
    /// <summary>All pairs of a file.</summary>
    /// <exception cref="InputException">There is no such file, a line is no pair, or there are fewer than two.</exception>
    public static IReadOnlyList<TextPair> Read(string path, CancellationToken cancellation)
    {
        var pairs = new List<TextPair>();
        foreach (var (line, number) in CaptionStream.Lines(path))
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                using var json = JsonDocument.Parse(line, Json.Document);
                pairs.Add(PairOf(json.RootElement));
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                // InvalidOperationException: a text that is not Unicode.
                throw new InputException(
                    $"{path}, line {number}: {error.Message} Each line is an object such as {{\"query\": \"...\", \"positive\": \"...\", "
                    + "\"negatives\": [\"...\"]}.", error);
            }
        }
        return pairs.Count >= 2
            ? pairs
            : throw new InputException($"{path} holds {pairs.Count} text pairs; contrast needs two or more.");
    }

    private static TextPair PairOf(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("It is no object.");
        }
        foreach (var field in line.EnumerateObject().Where(field => field.Name is not ("query" or "positive" or "negatives")))
        {
            throw new JsonException($"'{field.Name}' is not known.");
        }
        return new TextPair(
            Texts(line, "query") is [var query] ? query : throw new JsonException("query is not one text."),
            Texts(line, "positive") is { Count: > 0 } positives ? positives : throw new JsonException("There is no positive."),
            Texts(line, "negatives"));
    }

    private static List<string> Texts(JsonElement line, string name)
    {
        if (!line.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return [];
        }
        List<JsonElement> items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return items.ConvertAll(item => item.ValueKind == JsonValueKind.String && item.GetString() is { } text && text.Trim().Length > 0
            ? text
            : throw new JsonException($"{name} holds {(item.ValueKind == JsonValueKind.String ? "an empty text" : "what is no text")}."));
    }
}

/// <summary>Text pairs in random order; of several positives and negatives one each is drawn.</summary>
/// <param name="pairs">The pairs.</param>
/// <param name="batchSize">Pairs per step.</param>
/// <param name="seed">Decides the draw.</param>
/// <param name="queries">Tokenizer of queries.</param>
/// <param name="documents">Tokenizer of positives and negatives.</param>
internal sealed class TextPairSource(
    IReadOnlyList<TextPair> pairs, int batchSize, long seed, CaptionTokenizer queries, CaptionTokenizer documents) : ITuningSource
{
    private readonly int _size = Math.Min(batchSize, pairs.Count);

    /// <inheritdoc/>
    public int PerEpoch => pairs.Count / _size;

    /// <inheritdoc/>
    public IEnumerable<TuningBatch> Epoch(int epoch)
    {
        var random = SeededRandom.For(seed, 7, epoch);
        var order = Enumerable.Range(0, pairs.Count).ToArray();
        random.Shuffle(order);
        foreach (var chunk in order.Chunk(_size).Where(chunk => chunk.Length == _size))
        {
            yield return Batch(chunk, ref random);
        }
    }

    private TuningBatch Batch(int[] chunk, ref SeededRandom random)
    {
        var drawn = Array.ConvertAll(chunk, pair => pairs[pair]);
        var positives = new List<string>(drawn.Length);
        var negatives = new List<string>();
        foreach (var pair in drawn)
        {
            positives.Add(pair.Positives[random.NextInt32(pair.Positives.Count)]);
            if (pair.Negatives.Count > 0)
            {
                negatives.Add(pair.Negatives[random.NextInt32(pair.Negatives.Count)]);
            }
        }
        // Pairs of one question are of one source: the answer of the one is no wrong answer for the other.
        long[] sources = [.. drawn.Select(pair => (long)CcImages.Wording(pair.Query))];
        string[] texts = [.. drawn.Select(pair => pair.Query), .. positives, .. negatives];
        return new TuningBatch(
            drawn.Length,
            () => [.. texts.Select((text, row) => (row < drawn.Length ? queries : documents).Tokenize(text))],
            [.. sources, .. sources, .. negatives.Select((_, row) => ~(long)row)],
            [.. texts.Select(text => (long)CcImages.Wording(text))]);
    }
}
