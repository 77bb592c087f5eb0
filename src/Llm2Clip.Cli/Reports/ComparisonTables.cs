using Llm2Clip.Pipeline;
using Llm2Clip.Reporting.Comparison;

namespace Llm2Clip.Cli.Reports;

/// <summary>The tables of a comparison, or the text of another format, and where files are.</summary>
internal static class ComparisonTables
{
    public static void Print(ComparisonReport report, Screen output)
    {
        if (report.Format == CompareFormat.Text)
        {
            foreach (var table in report.Tables)
            {
                PrintTable(table, output);
            }
        }
        else if (report.Files.Count == 0)
        {
            output.Write(report.Text());
        }
        foreach (var file in report.Files)
        {
            output.WriteLine(file);
        }
    }

    private static void PrintTable(ResultTable table, Screen output)
    {
        output.Paragraph(table.Title, Tone.Strong);
        if (table.Rows.Count > 0)
        {
            output.Table(
                [
                    [.. table.Columns.Select(column => (Cell)column)],
                    .. table.Rows.Select(row => row.Select(Drawn).ToArray()),
                ],
                table.Labels);
        }
        foreach (var note in table.Notes)
        {
            output.Paragraph(note);
        }
        output.Gap();
    }

    private static Cell Drawn(ResultCell cell) => cell.Spread is { } spread ? $"{cell.Text} ± {spread}" : cell.Text;
}
