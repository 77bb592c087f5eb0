using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline;

/// <summary>
/// Whether the embedding store has a vector of every caption that a training will ask for, and which key differs where not.
/// </summary>
/// <param name="run">Says what extract embeds.</param>
/// <param name="store">The store.</param>
/// <param name="key">Name of the data, such as <c>data.train</c>.</param>
/// <param name="pattern">The data.</param>
/// <param name="drawnBy">The setting that says which captions the training draws.</param>
internal sealed class StoreCoverage(
    RunConfig run, EmbeddingStore store, string key, string pattern, string drawnBy = "clip_train.captions")
{
    private readonly SortedDictionary<string, (long Asked, long Missing)> _byLanguage = new(StringComparer.Ordinal);
    private readonly HashSet<CaptionKind> _missingKinds = [];
    private string _first = "";

    /// <summary>Languages of the captions so far, the most frequent first.</summary>
    public IReadOnlyList<string> Languages => [.. _byLanguage.OrderByDescending(entry => entry.Value.Asked).Select(entry => entry.Key)];

    /// <summary>Looks one caption up.</summary>
    public void Add(Caption caption)
    {
        var (asked, missing) = _byLanguage.GetValueOrDefault(caption.Language);
        var isThere = store.Contains(caption.Text);
        _byLanguage[caption.Language] = (asked + 1, missing + (isThere ? 0 : 1));
        if (!isThere)
        {
            _first = _first.Length > 0 ? _first : caption.Text;
            _missingKinds.Add(caption.Kind);
        }
    }

    /// <summary>
    /// Throws <see cref="InputException"/> where a vector is missing. <paramref name="use"/> says what the captions are for.
    /// </summary>
    public void Require(string use)
    {
        var missing = _byLanguage.Where(entry => entry.Value.Missing > 0).ToList();
        if (missing.Count == 0)
        {
            return;
        }
        var counts = missing.Select(entry =>
            string.Create(CultureInfo.InvariantCulture, $"{entry.Value.Missing:N0} of {entry.Value.Asked:N0} in {entry.Key}"));
        var whole = _byLanguage.Where(entry => entry.Value.Missing == 0).Select(entry => entry.Key).ToList();
        var rest = whole.Count > 0 ? $" (it has those in {string.Join(", ", whole)})" : "";
        throw new InputException(
            $"{store.Folder} lacks the vectors of captions of {key} {use}: {string.Join(", ", counts)}{rest}, such as "
            + $"\"{EmbeddingStore.Shorten(_first)}\". {Remedy([.. missing.Select(entry => entry.Key)])}");
    }

    /// <summary>What makes a difference: extract again with the same run file only where that would embed them.</summary>
    private string Remedy(IReadOnlyList<string> languages)
    {
        const string Again = "and run `llm2clip extract` again";
        if (!run.ExtractedData().Contains(pattern))
        {
            return $"extract.data lists other data: add {pattern} to it, or leave extract.data out, {Again}.";
        }
        var embedded = run.StudentLanguages();
        if (embedded.Count > 0 && languages.Except(embedded).Any())
        {
            var wanted = string.Join(", ", embedded.Union(languages));
            return $"extract embeds {string.Join(", ", embedded)} ({run.StudentLanguageKey()}), and {drawnBy} draws more: set "
                + $"extract.languages=[{wanted}] {Again}, or name the languages of {drawnBy}.";
        }
        if (run.Extract.Kinds.Count > 0 && _missingKinds.Except(run.Extract.Kinds).Any())
        {
            var kinds = string.Join(", ", run.Extract.Kinds.Union(_missingKinds).Select(CaptionKinds.Name));
            return $"extract.kinds leaves their kind out: set extract.kinds=[{kinds}] {Again}, or name the kinds of {drawnBy}.";
        }
        return "Run `llm2clip extract` with these settings: it embeds what is missing.";
    }
}
