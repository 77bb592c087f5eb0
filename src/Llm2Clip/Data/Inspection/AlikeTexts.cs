namespace Llm2Clip.Data.Inspection;

/// <summary>Holds the candidates for alike captions against their texts, once these are known.</summary>
internal sealed class AlikeTexts
{
    private readonly CaptionDuplicates _captions;
    private readonly Lookup _lookup;
    private readonly InspectConfig _config;
    private readonly Dictionary<Scope, List<(double Similarity, int First, int Second)>> _pairs = Enum.GetValues<Scope>()
        .ToDictionary(scope => scope, _ => new List<(double, int, int)>());

    public AlikeTexts(CaptionDuplicates captions, Lookup lookup, InspectConfig config)
    {
        (_captions, _lookup, _config) = (captions, lookup, config);
        foreach (var (a, b) in captions.Candidates)
        {
            double? similarity = null;
            foreach (var (scope, first, second) in captions.Scopes(a, b))
            {
                similarity ??= CaptionText.Similarity(
                    CaptionText.Normalize(lookup.Captions[first].Text), CaptionText.Normalize(lookup.Captions[second].Text));
                if (similarity >= config.NearCaptionSimilarity)
                {
                    _pairs[scope].Add((similarity.Value, first, second));
                }
            }
        }
    }

    /// <summary>What a report says of one scope.</summary>
    public TextDuplicateReport Report(Scope scope)
    {
        var (findings, pairs) = (_captions.Found[scope], _pairs[scope]);
        var (first, second) = (pairs.Select(pair => pair.First).ToHashSet(), pairs.Select(pair => pair.Second).ToHashSet());
        var near = scope switch
        {
            Scope.Data => new NearCount(pairs.Count, first.Union(second).LongCount(), 0),
            Scope.Against => new NearCount(pairs.Count, 0, first.Union(second).LongCount()),
            _ => new NearCount(pairs.Count, first.Count, second.Count),
        };
        var texts = findings.Texts.UnorderedItems.Select(item => item.Element).OrderByDescending(text => text.Count)
            .ThenBy(text => text.Caption);
        var listed = pairs.OrderByDescending(pair => pair.Similarity).ThenBy(pair => pair.First).ThenBy(pair => pair.Second)
            .Take(_config.Listed);
        return new TextDuplicateReport(
            findings.Same, scope == Scope.Between ? null : findings.WithinImage, near, !_captions.Cut,
            [.. texts.Select(
            text => new ListedText(_lookup.Captions[text.Caption].Text, text.InData, text.InAgainst, _lookup.Captions[text.Caption].Key))],
            [.. listed.Select(pair => Named(pair.Similarity, _lookup.Captions[pair.First], _lookup.Captions[pair.Second]))]);
    }

    private static ListedTextPair Named(double similarity, FoundCaption first, FoundCaption second) =>
        new(Math.Round(similarity, 3), first.Text, first.Key, second.Text, second.Key);
}
