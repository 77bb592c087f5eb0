using Llm2Clip.Images;

namespace Llm2Clip.Data.Inspection;

/// <summary>Puts a report together from what was counted.</summary>
internal static class ReportParts
{
    public static SetReport Of(
        InspectedSet set, Scope scope, CaptionDuplicates captions, IReadOnlyList<string> languages, InspectConfig config, int? limit)
    {
        var statistics = set.Statistics;
        var causes = set.Broken.Causes();
        var broken = causes.Sum(cause => cause.Count);
        var sample = statistics.Sheet.InOrder();
        return new SetReport(
            set.Source.Description, set.Broken.Seen, statistics.CaptionsPerImage.Count, statistics.CaptionsPerImage.Sum,
            broken, Math.Round((double)broken / Math.Max(1, set.Broken.Seen), 6), causes, set.Broken.Remarks,
            statistics.CaptionsPerImage.Describe(),
            [.. statistics.Languages.Select(pair => Language(
            pair.Key, pair.Value, captions.Languages.GetValueOrDefault((scope, Number(languages, pair.Key))), config, limit))],
            new ImageReport(
                statistics.Width.Describe(), statistics.Height.Describe(), statistics.Aspect.Describe(scale: SetStatistics.AspectScale),
                statistics.Kilobytes.Describe(),
                statistics.Formats, Named(statistics.Smallest), Named(statistics.Largest), statistics.Flat),
            sample.Count > 0 ? ImageCodec.EncodeJpeg(ContactSheet.Arrange(sample), quality: 85) : null)
        {
            StrayMembers = set.Broken.Strays,
        };
    }

    /// <summary>What is listed was read again: a pair whose hashes alone were equal shows here, and is left out.</summary>
    public static RepeatedKeyReport Of(RepeatedKeys found, Lookup lookup) => new(
        found.Keys, found.Records,
        [.. from key in found.Listed
            let first = lookup.Images[key.First]
            let second = lookup.Images[key.Second]
            where first.Key == second.Key
            select new ListedKey(first.Key, key.Records, first.Origin, second.Origin)]);

    public static ImageDuplicateReport Of(ImageFindings findings, Lookup lookup) => new(
        findings.SameBytes, findings.SamePixels, findings.Near,
        [.. findings.Pairs
        .Select(pair => new ListedImagePair(pair.Likeness, pair.Distance, lookup.Images[pair.First], lookup.Images[pair.Second]))]);

    private static LanguageReport Language(
        string name, LanguageStatistics counts, LanguageTexts? texts, InspectConfig config, int? limit) => new(
        name, counts.Words.Count,
        Enum.GetValues<CaptionKind>().Where(kind => counts.Kinds[(int)kind] > 0)
        .ToDictionary(CaptionKinds.Name, kind => counts.Kinds[(int)kind]),
        counts.Characters * 2 > counts.Words.Sum ? "characters" : "words",
        counts.Words.Describe(), texts?.Distinct ?? 0, texts?.Repeated ?? 0,
        limit is { } most
        ? new TokenLengths(counts.Tokens.Describe(), counts.Tokens.Above(most), counts.Tokens.Above(config.ContextTokens))
        : null);

    private static byte Number(IReadOnlyList<string> languages, string name) => (byte)Math.Max(0, languages.ToList().IndexOf(name));

    private static NamedImage? Named(SizedImage? image) => image is { } sized ? new NamedImage(sized.Key, sized.Width, sized.Height) : null;
}
