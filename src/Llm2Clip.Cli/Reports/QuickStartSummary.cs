using System.Globalization;
using Llm2Clip.Evaluation;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Reports;

/// <summary>What the quick start measured: the teacher's table, and the student's before and after its training.</summary>
internal static class QuickStartSummary
{
    public static void Print(QuickStartResult result, Screen output)
    {
        if (result.Teacher is { } teacher)
        {
            output.Paragraph("The teacher: captions found by captions of the same image", Tone.Strong);
            CaptionProbeTable.Print(teacher, output);
            output.Gap();
        }
        output.Paragraph("The student: images found by captions (T2I) and captions found by images (I2T)", Tone.Strong);
        output.Paragraph($"{result.After.Images} images; R@1 / R@5 / R@10 in percent; before: the untrained student.");
        List<Cell[]> lines = [["search", "captions", "mean", "before", "after"]];
        Add("T2I", row => row.TextToImage);
        Add("I2T", row => row.ImageToText);
        output.Table(lines, labels: 3);
        output.Paragraph($"Protocol: {result.After.Protocol}.");
        foreach (var note in result.After.Notes)
        {
            output.Paragraph($"Note: {note}");
        }
        var times = result.Seconds.Select(stage => string.Create(CultureInfo.InvariantCulture, $"{stage.Key} {stage.Value:0} s"));
        output.Paragraph($"Time: {string.Join(", ", times)}.");
        output.WriteLine($"Report: {result.Report}");

        void Add(string search, Func<RetrievalRow, RecallNumbers> numbers)
        {
            foreach (var row in result.After.Rows)
            {
                var before = result.Before.Rows.First(other => (other.Language, other.Centering) == (row.Language, row.Centering));
                lines.Add([search, row.Language, row.Centering, Recalls.Line(numbers(before).Recalls), Recalls.Line(numbers(row).Recalls)]);
            }
            var chance = Recalls.Line(numbers(result.After.Rows[0]).Chance);
            lines.Add([search, "chance", "", chance, chance]);
        }
    }
}
