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
        var intervals = Recalls.IntervalNote(result.After.Rows.SelectMany(row => new[] { row.TextToImage, row.ImageToText }), output);
        output.Paragraph($"{result.After.Images} images; recall in percent{intervals}; before: R@10 of the untrained student.");
        List<Cell[]> lines = [["search", "captions", "mean", "before", .. Recalls.Headings]];
        Add("T2I", row => row.TextToImage);
        Add("I2T", row => row.ImageToText);
        output.Table(lines, labels: 3);
        output.Paragraph(RetrievalReport.MeansNote);
        foreach (var note in result.After.Notes)
        {
            output.Paragraph($"Note: {note}");
        }
        output.Paragraph($"Protocol: {result.After.Protocol}.");
        var times = result.Seconds.Select(stage => string.Create(CultureInfo.InvariantCulture, $"{stage.Key} {stage.Value:0} s"));
        output.Paragraph($"Time: {string.Join(", ", times)}.");
        output.WriteLine($"Page: {result.Report}");
        var folder = Path.GetDirectoryName(result.Report);
        output.WriteLine("Find its images by a sentence:");
        output.WriteLine($"  llm2clip index '{result.After.Data}' --model {folder} --out {folder}/index");
        output.WriteLine($"  llm2clip search \"ein roter Stern am Himmel\" --index {folder}/index");
        output.WriteLine("The same in a browser:");
        output.WriteLine($"  llm2clip serve --index {folder}/index --open");

        void Add(string search, Func<RetrievalRow, RecallNumbers> numbers)
        {
            foreach (var row in result.After.Rows)
            {
                var before = result.Before.Rows.First(other => (other.Language, other.Mean) == (row.Language, row.Mean));
                lines.Add(
                    [search, row.Language, row.Mean, Recalls.Percent(numbers(before).RecallAt10), .. Recalls.Cells(numbers(row))]);
            }
            var chance = numbers(result.After.Rows[0]).Chance.Select(Recalls.Percent).ToList();
            lines.Add([search, "chance", "", chance[^1], .. chance.Select(share => (Cell)share)]);
        }
    }
}
