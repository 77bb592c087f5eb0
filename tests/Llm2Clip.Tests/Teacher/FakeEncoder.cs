using Llm2Clip.Randomness;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Teachers;

/// <summary>
/// Stands in for an LLM: a text such as <c>en topic 7 wording 2</c> becomes a vector made of its topic (small, in the first quarter of the
/// elements), its
/// wording (larger, in the others), its language (larger still) and what all texts share (largest). Each is a random direction that follows
/// from its name.
/// </summary>
internal sealed class FakeEncoder(int dimension, string fingerprint = "fake") : ILlmEncoder
{
    public int Dimension => dimension;

    public string Fingerprint => fingerprint;

    /// <summary>Texts encoded so far, repeated ones included.</summary>
    public List<string> Encoded { get; } = [];

    /// <summary>Called before each batch is encoded.</summary>
    public Action<int> BeforeBatch { get; set; } = _ => { };

    public static string Text(string language, int topic, int wording) => $"{language} topic {topic} wording {wording}";

    public EncodedTexts Encode(IReadOnlyList<string> texts, IRunLog log, CancellationToken cancellation = default)
    {
        BeforeBatch(Encoded.Count);
        cancellation.ThrowIfCancellationRequested();
        Encoded.AddRange(texts);
        var vectors = new float[texts.Count * dimension];
        for (var i = 0; i < texts.Count; i++)
        {
            var words = texts[i].Split(' ');
            var into = vectors.AsSpan(i * dimension, dimension);
            Add(into, "common", 20);
            Add(into, "language " + words[0], 6);
            Add(into[..(dimension / 4)], "topic " + words.ElementAtOrDefault(2), 1);
            Add(into[(dimension / 4)..], "wording " + words.ElementAtOrDefault(4), 2);
            Add(into, texts[i], 0.1f);
        }
        return new EncodedTexts(vectors, texts.Count(text => text.EndsWith("long", StringComparison.Ordinal)));
    }

    public void Dispose()
    {
    }

    private static void Add(Span<float> into, string name, float size)
    {
        var random = new SeededRandom(CaptionHash.Of(name).Low);
        foreach (ref var value in into)
        {
            value += size * random.NextGaussian();
        }
    }
}

/// <summary>Data sets of <see cref="FakeEncoder"/> texts as JSONL lists in a temporary folder.</summary>
internal static class FakeData
{
    /// <summary>Writes a list of images, one a topic, with some wordings in each language, and returns its path.</summary>
    public static string Write(string folder, string name, int firstTopic, int images, int wordings, params string[] languages)
    {
        var path = Path.Combine(folder, name + ".jsonl");
        File.WriteAllLines(path, Enumerable.Range(firstTopic, images).Select(topic =>
        {
            File.WriteAllBytes(Path.Combine(folder, $"{topic}.jpg"), []);
            var captions = languages.Select(language =>
                $"\"{language}\": [{string.Join(", ", Enumerable.Range(0, wordings).Select(w => $"\"{FakeEncoder.Text(language, topic, (topic * 3) + w)}\""))}]");
            return $"{{\"key\": \"k{topic}\", \"image\": \"{topic}.jpg\", \"captions\": {{{string.Join(", ", captions)}}}}}";
        }));
        return path;
    }
}
