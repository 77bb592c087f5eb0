using System.Globalization;

namespace Llm2Clip.Data.Inspection;

/// <summary>Rows and sentences of a report, for the console and the page alike.</summary>
internal static class InspectionText
{
    /// <summary>The data set and how much it holds, in a sentence.</summary>
    public static string Title(SetReport set) =>
        $"{set.Data}: {Number(set.Images)} images with {Number(set.Captions)} captions "
        + $"({Value(set.CaptionsPerImage.Min)} to {Value(set.CaptionsPerImage.Max)} each)";

    /// <summary>
    /// What is broken in one line, or that nothing is; and which members of tars belong to no sample, where there are any.
    /// </summary>
    public static string Broken(SetReport set) => BrokenRecords(set) + Strays(set.StrayMembers);

    private static string Strays(StrayMembers strays) => strays.Members == 0
        ? ""
        : $" {Number(strays.Members)} {(strays.Members == 1 ? "member belongs" : "members belong")} to no sample and "
            + $"{(strays.Members == 1 ? "was" : "were")} not read, "
            + $"such as {string.Join(", ", strays.Listed.Take(3))}.";

    private static string BrokenRecords(SetReport set) => set.Broken == 0
        ? "No record is broken."
        : $"{Number(set.Broken)} of {Number(set.Records)} records are broken ({Percent(set.Broken, set.Records)}): "
            + string.Join(", ", set.BrokenByCause.Select(cause => $"{Number(cause.Count)} {BadSampleTally.Name(cause.Cause)}")) + ".";

    /// <summary>Keys that occur more than once in a sentence, or that none does.</summary>
    public static string Keys(RepeatedKeyReport keys) => keys.Keys == 0
        ? "Every key occurs once."
        : $"{Number(keys.Keys)} {(keys.Keys == 1 ? "key occurs" : "keys occur")} more than once, at {Number(keys.Records)} records.";

    /// <summary>A listed key with its places.</summary>
    public static string Line(ListedKey key) => $"{key.Key}: {Number(key.Records)} records, the first are {key.First} and {key.Second}";

    /// <summary>A row a language.</summary>
    public static IReadOnlyList<string[]> Languages(SetReport set) =>
    [
        ["language", "kinds", "counted in", "captions", "distinct", "repeated", "shortest", "median", "95 %", "longest"],
        .. set.Languages.Select(one => (string[])[
            one.Language,
            string.Join(", ", one.Kinds.Select(kind => one.Kinds.Count == 1 ? kind.Key : $"{kind.Key} {Number(kind.Value)}")),
            one.Unit,
            Number(one.Captions), Number(one.Distinct), Percent(one.Repeated, one.Captions), .. Spread(one.Words),
        ]),
    ];

    /// <summary>A row a language with its lengths in tokens; nothing without a teacher.</summary>
    public static IReadOnlyList<string[]> Tokens(SetReport set, InspectionBounds bounds) => bounds.TeacherTokens is null ? [] :
    [
        ["language", "tokens: shortest", "median", "95 %", "longest", $"past {bounds.ContextTokens}", $"past {bounds.TeacherTokens}"],
        .. set.Languages.Where(one => one.Tokens is not null).Select(one => (string[])
            [one.Language, .. Spread(one.Tokens!.Lengths), Percent(one.Tokens.PastContext, one.Captions),
                Percent(one.Tokens.PastLimit, one.Captions)]),
    ];

    /// <summary>Sizes of the images.</summary>
    public static IReadOnlyList<string[]> Sizes(SetReport set)
    {
        var images = set.ImageStatistics;
        return
        [
            ["images", "least", "1 %", "5 %", "25 %", "median", "75 %", "95 %", "99 %", "most"],
            Row("width, pixels", images.Width), Row("height, pixels", images.Height), Row("width / height", images.Aspect),
            Row("file, KB", images.Kilobytes),
        ];

        static string[] Row(string name, Distribution d) =>
            [name, .. new[] { d.Min, d.P1, d.P5, d.P25, d.P50, d.P75, d.P95, d.P99, d.Max }.Select(Value)];
    }

    /// <summary>Formats, smallest and largest image, and those of one color in a sentence.</summary>
    public static string Images(SetReport set)
    {
        var images = set.ImageStatistics;
        var text = string.Join(", ", images.Formats.Select(format => $"{Number(format.Value)} {format.Key}"));
        if (images.Width.Min != images.Width.Max || images.Height.Min != images.Height.Max)
        {
            var (smallest, largest) = (images.Smallest!, images.Largest!);
            text += $"; smallest {smallest.Key} ({smallest.Width} x {smallest.Height}), "
                + $"largest {largest.Key} ({largest.Width} x {largest.Height})";
        }
        return $"Formats: {text}; {Number(images.Flat)} of one color.";
    }

    /// <summary>A row for each kind of duplicates that were looked for.</summary>
    public static IReadOnlyList<string[]> Duplicates(InspectionReport report)
    {
        var rows = new List<string[]> { new[] { "where", "what", "groups / pairs", "in data", "in against" } };
        foreach (var (scope, images, captions) in report.Duplicates)
        {
            rows.Add(Row(scope, "images: same file", images.SameBytes.Groups, images.SameBytes.InData, images.SameBytes.InAgainst));
            rows.Add(Row(scope, "images: same pixels", images.SamePixels.Groups, images.SamePixels.InData, images.SamePixels.InAgainst));
            rows.Add(Row(scope, "images: look alike", images.Near.Pairs, images.Near.InData, images.Near.InAgainst));
            rows.Add(Row(scope, "captions: same text", captions.Same.Groups, captions.Same.InData, captions.Same.InAgainst));
            rows.Add(Row(scope, captions.NearIsComplete ? "captions: alike" : "captions: alike, at least", captions.Near.Pairs,
                captions.Near.InData, captions.Near.InAgainst));
            if (captions.WithinImage is { } within)
            {
                rows.Add(Row(scope, "captions: repeat one of their image", within, scope == Scope.Data ? within : 0,
                    scope == Scope.Against ? within : 0));
            }
        }
        return rows;

        static string[] Row(Scope scope, string what, long count, long data, long against) =>
            [Where(scope), what, Number(count), scope == Scope.Against ? "" : Number(data), scope == Scope.Data ? "" : Number(against)];
    }

    /// <summary>What was called alike.</summary>
    public static string Rules(InspectionBounds bounds) =>
        $"Images look alike where {bounds.NearImageBits} or fewer of the 64 bits of their coarse perceptual hashes differ, and "
        + $"{bounds.NearImageFineBits} or fewer of their fine ones; equal ones are not among them. Captions have the same text where "
        + "letters and "
        + $"digits are the same but for case; alike ones share {Percent(bounds.NearCaptionSimilarity, 1)} of their pieces of three "
        + "characters. "
        + "Captions of one image are not held against each other.";

    /// <summary>Where duplicates were looked for.</summary>
    public static string Where(Scope scope) =>
        scope switch { Scope.Data => "within data", Scope.Against => "within against", _ => "between both" };

    /// <summary>How the images of a pair are alike.</summary>
    public static string Name(ListedImagePair pair) => pair.Likeness switch
    {
        Likeness.SameBytes => "same file",
        Likeness.SamePixels => "same pixels",
        _ => $"{pair.Bits} of 128 bits differ",
    };

    /// <summary>A count, with commas between thousands.</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A share in percent.</summary>
    public static string Percent(double part, double whole) =>
        (whole > 0 ? 100 * part / whole : 0).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>A measure, with two decimals at most.</summary>
    public static string Value(double value) => value.ToString("#,0.##", CultureInfo.InvariantCulture);

    private static string[] Spread(Distribution d) => [Value(d.Min), Value(d.P50), Value(d.P95), Value(d.Max)];
}
