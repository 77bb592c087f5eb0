using System.Globalization;
using Llm2Clip.Diagnostics;

namespace Llm2Clip.Cli.Reports;

/// <summary>The findings of <c>doctor</c>: a line for each, what is missing with its remedy below it.</summary>
internal static class DoctorSummary
{
    public static void Print(DoctorReport report, Screen output)
    {
        List<Cell[]> lines = [["engine", $"{report.Engine} ({report.Reason})"]];
        foreach (var part in report.Components)
        {
            lines.Add([part.Name, string.Join("  ", new[] { part.Version, part.Path }.Where(text => text is not null))]);
            if (part.Problem is not null)
            {
                lines.Add(["", new Cell($"problem: {part.Problem}", Tone: Tone.Bad)]);
                lines.Add(["", new Cell($"remedy:  {part.Remedy}", Tone: Tone.Warning)]);
            }
        }
        lines.Add(["pictures", string.Join(", ", report.PictureFormats)]);
        var memory = report.MemoryGb.ToString("0.#", CultureInfo.InvariantCulture);
        lines.Add(["machine", $"{report.Processors} processors, {memory} GB of memory"]);
        if (report.Compute is { } compute)
        {
            lines.Add(["threads", $"{compute.Threads} per tensor operation (LLM2CLIP_THREADS changes it)"]);
            lines.Add(["devices", string.Join(", ", Enumerable.Range(0, compute.Gpus).Select(i => $"cuda:{i}").Prepend("cpu"))]);
            lines.Add(["LLM devices", string.Join("; ", compute.LlmDevices)]);
            lines.Add(["precision", $"fp32, bf16 ({Bf16(compute)})"]);
        }
        var (verdict, tone) = report.IsHealthy ? ("nothing is missing", Tone.Good) : ("see the problems above", Tone.Bad);
        lines.Add(["verdict", new Cell(verdict, Tone: tone)]);
        output.Table(lines, labels: 2, headings: false);
    }

    private static string Bf16(Engine.ComputeFacts compute) =>
        (compute.NativeBf16 switch
        {
            true => "multiplied natively",
            false => "widened by this processor",
            null => "unknown whether natively",
        })
        + (compute.Instructions is null ? "" : $"; {compute.Instructions}");
}
