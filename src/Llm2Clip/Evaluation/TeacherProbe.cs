using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Evaluation;

/// <summary>The rows of the caption probe over one LLM's raw vectors: raw, centered in two ways, and through adapters.</summary>
internal sealed class TeacherProbe(ProbeTexts texts, IReadOnlyList<ProbePair> pairs, RawVectors raw)
{
    /// <summary>Directions that are scored.</summary>
    public IReadOnlyList<ProbePair> Pairs => pairs;

    /// <summary>Images of the data set.</summary>
    public int Images => texts.Images;

    /// <summary>Raw vectors, without the training captions' mean, and without each language's own.</summary>
    /// <param name="means">What to take out.</param>
    /// <param name="seed">Seed of the bootstrap intervals; null leaves them out.</param>
    public IReadOnlyList<ProbeRow> RawRows(LanguageMeans means, int? seed = null)
    {
        List<ProbeRow> rows =
        [
            Row("raw", pairs, raw.Dimension, (vectors, _) => vectors, [], seed),
            Row(
                "raw, training mean", pairs, raw.Dimension,
                (vectors, language) => Center(vectors, means, language, CenteringMode.Training), [], seed),
        ];
        if (WithOwnMeans(means) is { Count: > 0 } own)
        {
            rows.Add(Row(
                "raw, own mean", own, raw.Dimension,
                (vectors, language) => Center(vectors, means, language, CenteringMode.Own), Notes(means, own), seed));
        }
        return rows;
    }

    /// <summary>
    /// Adapted vectors, with the training captions' mean and with each language's own; none for an adapter of kind none, whose vectors are
    /// those of <see cref="RawRows"/>.
    /// </summary>
    public IReadOnlyList<ProbeRow> AdapterRows(CcAdapter adapter, int? seed = null)
    {
        if (adapter.Config.Kind == AdapterKind.None)
        {
            return [];
        }
        float[] Adapted(float[] vectors, string language) => adapter.Apply(vectors, language, CenteringMode.Training);
        var name = adapter.Config.Centering == Centering.None ? "adapter" : "adapter, training mean";
        List<ProbeRow> rows = [Row(name, pairs, adapter.Dimension, Adapted, [], seed)];
        if (adapter.Config.Centering != Centering.None && WithOwnMeans(adapter.Means) is { Count: > 0 } own)
        {
            rows.Add(Row(
                "adapter, own mean", own, adapter.Dimension,
                (vectors, language) => adapter.Apply(vectors, language, CenteringMode.Own), Notes(adapter.Means, own), seed));
        }
        return rows;
    }

    /// <summary>
    /// The vectors at each of several layers, which lie side by side in the raw ones, without the mean of their language.
    /// </summary>
    /// <param name="layers">The layers in their order.</param>
    /// <param name="means">Means of the raw vectors; a language without one loses the training captions'.</param>
    /// <param name="seed">Seed of the bootstrap intervals; null leaves them out.</param>
    public IReadOnlyList<ProbeRow> LayerRows(IReadOnlyList<TeacherLayer> layers, LanguageMeans means, int? seed = null)
    {
        var width = raw.Dimension / layers.Count;
        var notes = WithOwnMeans(means) is { Count: > 0 } own ? Notes(means, own) : [];
        return [.. layers.Select((layer, part) => new ProbeRow(
            layer.ToString(), notes, [.. pairs.Select(pair => CaptionProbe.Score(
                texts, pair, width, (list, language) => Embed(list, language, part), seed))]))];

        float[] Embed(IReadOnlyList<string> list, string language, int part)
        {
            var vectors = raw.GetPart(list, part, layers.Count);
            LanguageMeans.Subtract(
                vectors, means.For(language, Centering.Language, CenteringMode.Own, out _).AsSpan(part * width, width));
            return vectors;
        }
    }

    private ProbeRow Row(
        string name, IReadOnlyList<ProbePair> scored, int dimension, Func<float[], string, float[]> map, IReadOnlyList<string> ownMeans,
        int? seed) =>
        new(name, ownMeans,
        [
            .. scored.Select(pair => CaptionProbe.Score(texts, pair, dimension, (list, language) => map(raw.Get(list), language), seed)),
        ]);

    private static float[] Center(float[] vectors, LanguageMeans means, string language, CenteringMode mode)
    {
        if (means.For(language, Centering.Language, mode, out _) is { } mean)
        {
            LanguageMeans.Subtract(vectors, mean);
        }
        return vectors;
    }

    /// <summary>Pairs whose languages all have a mean; empty where no pair would differ from the training captions' row.</summary>
    private List<ProbePair> WithOwnMeans(LanguageMeans means)
    {
        var own = pairs.Where(pair => means.Of(pair.From) is not null && means.Of(pair.To) is not null).ToList();
        return own.Exists(pair => means.Of(pair.From) is { Training: false } || means.Of(pair.To) is { Training: false }) ? own : [];
    }

    private static IReadOnlyList<string> Notes(LanguageMeans means, IReadOnlyList<ProbePair> scored) =>
        [.. scored.SelectMany(pair => new[] { pair.From, pair.To }).Distinct().Order(StringComparer.Ordinal)
            .Select(language => (Language: language, Mean: means.Of(language)!))
            .Where(entry => !entry.Mean.Training)
            .Select(entry => $"{entry.Language}: {entry.Mean.Count:N0} sentences in {entry.Mean.Language} ({entry.Mean.Source})")];
}
