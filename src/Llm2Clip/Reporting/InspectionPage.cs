using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Data.Inspection;

namespace Llm2Clip.Reporting;

/// <summary>The self-contained page of a report.</summary>
internal static class InspectionPage
{
    private const int MostExamples = 20;

    /// <summary>Builds the page.</summary>
    public static HtmlReport Of(InspectionReport report)
    {
        var page = new HtmlReport("Data inspection");
        AddOverview(page, report);
        AddSet(page, report.Data, report.Bounds, "Data");
        if (report.Against is { } against)
        {
            AddSet(page, against, report.Bounds, "Against");
        }
        foreach (var found in report.Duplicates)
        {
            AddImages(page, found);
            AddCaptions(page, found);
        }
        return page;
    }

    private static void AddOverview(HtmlReport page, InspectionReport report)
    {
        var rows = new List<string[]> { new[] { "", "what", "records", "broken", "images", "captions", "captions per image" } };
        foreach (var (name, set) in new[] { ("data", report.Data), ("against", report.Against) })
        {
            if (set is not null)
            {
                rows.Add(
                [
                    name, set.Data,
                    .. new[] { set.Records, set.Broken, set.Images, set.Captions }.Select(count => InspectionText.Number(count)),
                    $"{InspectionText.Value(set.CaptionsPerImage.Min)} to {InspectionText.Value(set.CaptionsPerImage.Max)}",
                ]);
            }
        }
        page.Table(rows, labels: 2);
        page.Heading("Duplicates").Table(InspectionText.Duplicates(report), labels: 2).Note(InspectionText.Rules(report.Bounds));
    }

    private static void AddSet(HtmlReport page, SetReport set, InspectionBounds bounds, string title)
    {
        page.Heading($"{title}: {set.Data}").Paragraph(InspectionText.Broken(set));
        foreach (var cause in set.BrokenByCause)
        {
            page.Details(
                Counted(cause.Count, BadSampleTally.Name(cause.Cause), cause.Samples.Count),
                string.Join('\n', cause.Samples.Select(sample => $"{sample.Origin}: {sample.Reason}")));
        }
        page.Paragraph(InspectionText.Keys(set.RepeatedKeys));
        if (set.RepeatedKeys.Listed is { Count: > 0 } keys)
        {
            page.Details(
                Counted(set.RepeatedKeys.Keys, "repeated keys", keys.Count), string.Join('\n', keys.Select(InspectionText.Line)));
        }
        if (set.Images == 0)
        {
            return;
        }
        if (set.ContactSheet is { } sheet)
        {
            page.Image("Random sample of the images", sheet).Note("A random sample.");
        }
        page.Subheading("Captions").Table(InspectionText.Languages(set), labels: 3);
        page.Note("Repeated: another image has the same text. Words are runs without white space that hold a letter or digit; in scripts "
            + "written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each letter counts as one, and the column says "
            + "characters.");
        if (bounds.TeacherTokens is { } limit)
        {
            page.Table(InspectionText.Tokens(set, bounds)).Note(
                $"Tokens are the teacher's, its template included; it reads {limit}. Past {bounds.ContextTokens} says, roughly, what an "
                + "encoder of that context would cut.");
        }
        page.Charts([
            Chart("Captions per image", "captions", "images", set.CaptionsPerImage),
            .. set.Languages.SelectMany(language => new[]
            {
                Chart($"{language.Language}: {language.Unit} per caption", language.Unit, "captions", language.Words),
                language.Tokens is { } tokens
                    ? Chart($"{language.Language}: tokens per caption", "tokens", "captions", tokens.Lengths)
                    : "",
            }),
        ]);
        page.Subheading("Images").Table(InspectionText.Sizes(set)).Paragraph(InspectionText.Images(set));
        page.Charts([
            Chart("Width", "pixels", "images", set.ImageStatistics.Width),
            Chart("Height", "pixels", "images", set.ImageStatistics.Height),
            Chart("Aspect", "width / height", "images", set.ImageStatistics.Aspect),
            Chart("Encoded size", "KB", "images", set.ImageStatistics.Kilobytes),
        ]);
    }

    private static void AddImages(HtmlReport page, DuplicateReport found)
    {
        foreach (var kind in found.Images.Pairs.GroupBy(pair => pair.Likeness))
        {
            var shown = kind.Where(pair => pair is { First.Jpeg: not null, Second.Jpeg: not null }).ToList();
            if (shown.Count == 0)
            {
                continue;
            }
            var what = kind.Key switch
            {
                Likeness.SameBytes => "Same file",
                Likeness.SamePixels => "Same pixels, other file",
                _ => "Look alike",
            };
            page.Heading($"{what}, {InspectionText.Where(found.Scope)}");
            page.Note(kind.Key == Likeness.Near ? "The most alike ones first." : "One pair of each group of equal images.");
            page.Pairs(shown.Select(pair =>
                (InspectionText.Name(pair), (pair.First.Key, pair.First.Jpeg!), (pair.Second.Key, pair.Second.Jpeg!))));
        }
    }

    private static void AddCaptions(HtmlReport page, DuplicateReport found)
    {
        if (found.Captions.Texts.Count > 0)
        {
            page.Heading($"Most frequent captions, {InspectionText.Where(found.Scope)}");
            page.Table(
            [
                ["text", "first at", "in data", "in against"],
                .. found.Captions.Texts.Take(MostExamples).Select(text => (string[])
                [
                    text.Text, text.Key,
                    found.Scope == Scope.Against ? "" : InspectionText.Number(text.InData),
                    found.Scope == Scope.Data ? "" : InspectionText.Number(text.InAgainst),
                ]),
            ], labels: 2);
        }
        if (found.Captions.Pairs.Count > 0)
        {
            page.Heading($"Alike captions, {InspectionText.Where(found.Scope)}");
            page.Table(
            [
                ["one", "image", "other", "image", "alike"],
                .. found.Captions.Pairs.Take(MostExamples).Select(pair => (string[])
                    [pair.First, pair.FirstKey, pair.Second, pair.SecondKey, InspectionText.Percent(pair.Similarity, 1)]),
            ], labels: 4);
        }
    }

    private static string Counted(long count, string what, int listed) => string.Create(
        CultureInfo.InvariantCulture, $"{count:N0} {what}{(listed < count ? $", the first {listed:N0}" : "")}");

    private static string Chart(string title, string unit, string counted, Distribution distribution)
    {
        var bars = distribution.Histogram;
        return bars.Count < 2 // A single value is in the table.
            ? ""
            : BarChart.Render(title, unit, counted, [.. bars.Select((bar, i) => new ChartBar(Label(bar, i == bars.Count - 1), bar.Count))]);
    }

    /// <summary>A bar by its lower end; the last one holds everything from there on.</summary>
    private static string Label(HistogramBar bar, bool isLast) => InspectionText.Value(bar.From) + (isLast && bar.To > bar.From ? "+" : "");
}
