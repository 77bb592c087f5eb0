using System.Numerics.Tensors;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Teachers.Adapter;

/// <summary>
/// What an adapter takes out of the LLM's vectors before anything else. All captions share one large direction that hides what they say.
/// </summary>
public enum Centering
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The mean of all training captions, from texts of any language.</summary>
    Global,

    /// <summary>Each language's own mean, fitted on training captions or on plain sentences.</summary>
    Language,
}

/// <summary>
/// Which mean a text's vector loses. Numbers made with <see cref="Own"/> say so: they used sentences of the language, though no pairs.
/// </summary>
public enum CenteringMode
{
    /// <summary>What the training captions alone give: a language that was not trained on loses the training captions' mean.</summary>
    Training,

    /// <summary>The language's own mean where there is one.</summary>
    Own,
}

/// <summary>The mean raw vector of a language's sentences.</summary>
/// <param name="Language">Label, such as <c>zh</c>.</param>
/// <param name="Vector">[raw dimension].</param>
/// <param name="Count">Distinct sentences it was taken over.</param>
/// <param name="Source">Where they came from.</param>
/// <param name="Training">Whether they are the training captions.</param>
public sealed record LanguageMean(string Language, float[] Vector, long Count, string Source, bool Training);

/// <summary>
/// The means of a teacher: of the training captions, and of languages. What is subtracted is decided in <see cref="For"/> alone.
/// </summary>
public sealed class LanguageMeans
{
    private readonly Dictionary<string, LanguageMean> _byLanguage;

    /// <summary><paramref name="overall"/> is the mean of all training captions, [raw dimension].</summary>
    public LanguageMeans(float[] overall, IEnumerable<LanguageMean> languages)
    {
        Overall = overall;
        _byLanguage = languages.ToDictionary(mean => mean.Language, StringComparer.Ordinal);
    }

    /// <summary>Mean of all training captions.</summary>
    public float[] Overall { get; }

    /// <summary>Means of languages in label order.</summary>
    public IEnumerable<LanguageMean> Languages => _byLanguage.Values.OrderBy(mean => mean.Language, StringComparer.Ordinal);

    /// <summary>
    /// The mean of a language: by its label, or, where there is none, by what precedes the first hyphen (<c>zh</c> for <c>zh-mt</c>);
    /// else null.
    /// </summary>
    public LanguageMean? Of(string language) =>
        _byLanguage.GetValueOrDefault(language) ?? _byLanguage.GetValueOrDefault(language.Split('-')[0]);

    /// <summary>
    /// What is subtracted from a raw vector of a language, or null for nothing. <paramref name="ownMean"/> is the language mean used, null
    /// where it was the training captions'.
    /// </summary>
    public float[]? For(string language, Centering centering, CenteringMode mode, out LanguageMean? ownMean)
    {
        ownMean = null;
        if (centering == Centering.None)
        {
            return null;
        }
        var mean = Of(language);
        if (mode == CenteringMode.Own || (centering == Centering.Language && mean is { Training: true }))
        {
            ownMean = mean;
        }
        return ownMean?.Vector ?? Overall;
    }

    /// <summary>Takes out of raw vectors of one language, row-major [n, raw dimension], what <see cref="For"/> says; in place.</summary>
    public void Center(Span<float> rows, string language, Centering centering, CenteringMode mode)
    {
        if (For(language, centering, mode, out _) is { } mean)
        {
            Subtract(rows, mean);
        }
    }

    /// <summary>These means with others added; a language that is there already is replaced, but for training means.</summary>
    public LanguageMeans With(IEnumerable<LanguageMean> more)
    {
        var all = new Dictionary<string, LanguageMean>(_byLanguage);
        foreach (var mean in more)
        {
            if (all.GetValueOrDefault(mean.Language) is not { Training: true })
            {
                all[mean.Language] = mean;
            }
        }
        return new LanguageMeans(Overall, all.Values);
    }

    /// <summary>The mean of rows of a store; repeated rows count once.</summary>
    public static (float[] Mean, long Count) Fit(EmbeddingStore store, IEnumerable<long> rows)
    {
        var sum = new double[store.Dimension];
        var row = new float[store.Dimension];
        var seen = new HashSet<long>();
        foreach (var locator in rows)
        {
            if (seen.Add(locator))
            {
                store.Read(locator, row);
                for (var d = 0; d < row.Length; d++)
                {
                    sum[d] += row[d];
                }
            }
        }
        if (seen.Count == 0)
        {
            throw new InputException("There is no sentence to take a mean of.");
        }
        return ([.. sum.Select(value => (float)(value / seen.Count))], seen.Count);
    }

    /// <summary>The means of training captions, given by their rows in a store: of all, and of each language that has one.</summary>
    public static LanguageMeans OfTraining(
        EmbeddingStore store, IEnumerable<long> all, IEnumerable<(string Language, IEnumerable<long> Rows)> languages) =>
        new(Fit(store, all).Mean, languages.Select(own =>
        {
            var (mean, count) = Fit(store, own.Rows);
            return new LanguageMean(own.Language, mean, count, "training captions", Training: true);
        }));

    /// <summary>Subtracts a mean from each row in place.</summary>
    public static void Subtract(Span<float> rows, ReadOnlySpan<float> mean)
    {
        for (var start = 0; start < rows.Length; start += mean.Length)
        {
            var row = rows.Slice(start, mean.Length);
            TensorPrimitives.Subtract(row, mean, row);
        }
    }
}
