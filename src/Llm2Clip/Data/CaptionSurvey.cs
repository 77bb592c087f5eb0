using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Data;

/// <summary>
/// What captions a data set has, counted in one pass that reads no image: what a stage can say before it spends hours on them.
/// </summary>
internal sealed class CaptionSurvey
{
    private readonly SortedDictionary<string, long> _captions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _pairs = new(StringComparer.Ordinal);

    /// <summary>Captions by language.</summary>
    public IReadOnlyDictionary<string, long> Captions => _captions;

    /// <summary>Languages that occur, the most frequent first.</summary>
    public IReadOnlyList<string> Languages =>
    [
        .. _captions.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => entry.Key),
    ];

    /// <summary>Images with a caption.</summary>
    public long Images { get; private set; }

    /// <summary>Images with two different captions.</summary>
    public long Pairs { get; private set; }

    /// <summary>Images with two different captions in a language.</summary>
    public long PairsOf(string language) => _pairs.GetValueOrDefault(language);

    /// <summary>Counts the groups as they pass.</summary>
    public IEnumerable<CaptionGroup> Counting(IEnumerable<CaptionGroup> groups)
    {
        foreach (var group in groups)
        {
            Add(group);
            yield return group;
        }
    }

    /// <summary>Counts one group.</summary>
    public void Add(CaptionGroup group)
    {
        Images++;
        Pairs += Differ(group.Captions) ? 1 : 0;
        foreach (var language in group.Captions.GroupBy(caption => caption.Language))
        {
            IReadOnlyList<Caption> captions = [.. language];
            _captions[language.Key] = _captions.GetValueOrDefault(language.Key) + captions.Count;
            _pairs[language.Key] = PairsOf(language.Key) + (Differ(captions) ? 1 : 0);
        }
    }

    /// <summary>Counts all groups.</summary>
    public static CaptionSurvey Of(IEnumerable<CaptionGroup> groups)
    {
        var survey = new CaptionSurvey();
        foreach (var group in groups)
        {
            survey.Add(group);
        }
        return survey;
    }

    /// <summary>
    /// Whether a pattern can be read once more than the work itself needs: standard input is there once, and a command may be slow.
    /// </summary>
    public static bool CanSurvey(string pattern) => !ShardPattern.Expand(pattern).Any(ShardStream.IsStream);

    /// <summary>
    /// Warns where <c>data.language</c> is in vain: the data states other languages for all of its captions, as one does that was split or
    /// converted without the key.
    /// </summary>
    public void TellOfLanguage(string name, string configured, IRunLog log)
    {
        if (configured.Length > 0 && _captions.Count > 0 && !_captions.ContainsKey(configured))
        {
            log.Warn($"{name} has {this}, and none in {configured} (data.language): what the data states counts. If that is wrong, split "
                + $"or convert it anew with --set data.language={configured}.");
        }
    }

    /// <summary>As messages name it: <c>en (12,000 captions), de (300)</c>.</summary>
    public override string ToString() => _captions.Count == 0
        ? "no caption"
        : string.Join(", ", Languages.Select((language, index) =>
            FormattableString.Invariant($"{language} ({_captions[language]:N0}{(index == 0 ? " captions" : "")})")));

    private static bool Differ(IReadOnlyList<Caption> captions) => captions.Any(caption => caption.Text != captions[0].Text);
}
