using Llm2Clip.Data.Inspection;

namespace Llm2Clip.Cli.Reports;

/// <summary>The outcome of <c>data inspect</c>: what each data set holds, what is broken in it, what occurs twice.</summary>
internal static class InspectionSummary
{
    private const int NamedBroken = 3;
    private const int NamedKeys = 3;
    private const int NamedPairs = 5;

    public static void Print(InspectionReport report, Screen output)
    {
        Print(report.Data, report.Bounds, output);
        if (report.Against is { } against)
        {
            output.Gap();
            Print(against, report.Bounds, output);
        }
        output.Gap();
        output.Paragraph("Duplicates", Tone.Strong);
        Table(InspectionText.Duplicates(report), labels: 2, output);
        foreach (var found in report.Duplicates)
        {
            foreach (var pair in found.Images.Pairs.GroupBy(pair => pair.Likeness).SelectMany(kind => kind.Take(NamedPairs)))
            {
                var (where, how) = (InspectionText.Where(found.Scope), InspectionText.Name(pair));
                output.WriteLine($"  {where}: {how}: {pair.First.Key} and {pair.Second.Key}");
            }
        }
        output.Paragraph(InspectionText.Rules(report.Bounds));
        if (report.Folder.Length > 0)
        {
            output.WriteLine($"Page: {Path.Combine(report.Folder, InspectionReport.PageFile)}");
        }
    }

    private static void Print(SetReport set, InspectionBounds bounds, Screen output)
    {
        output.Paragraph(InspectionText.Title(set), Tone.Strong);
        output.Paragraph(InspectionText.Broken(set));
        foreach (var sample in set.BrokenByCause.SelectMany(cause => cause.Samples.Take(NamedBroken)))
        {
            output.WriteLine($"  {sample.Origin}: {sample.Reason}");
        }
        output.Paragraph(InspectionText.Keys(set.RepeatedKeys));
        foreach (var key in set.RepeatedKeys.Listed.Take(NamedKeys))
        {
            output.WriteLine($"  {InspectionText.Line(key)}");
        }
        if (set.Images == 0)
        {
            return;
        }
        Table(InspectionText.Languages(set), labels: 3, output);
        Table(InspectionText.Tokens(set, bounds), labels: 1, output);
        Table(InspectionText.Sizes(set), labels: 1, output);
        output.Paragraph(InspectionText.Images(set));
    }

    private static void Table(IReadOnlyList<string[]> rows, int labels, Screen output)
    {
        if (rows.Count > 0)
        {
            output.Table([.. rows.Select(row => row.Select(text => (Cell)text).ToArray())], labels);
        }
    }
}
