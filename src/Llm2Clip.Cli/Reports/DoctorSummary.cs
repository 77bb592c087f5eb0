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
        lines.Add(["machine", string.Create(CultureInfo.InvariantCulture, $"{report.Processors} processors, {report.MemoryGb:0.#} GB of memory")]);
        if (report.Compute is { } compute)
        {
            lines.Add(["threads", $"{compute.Threads} per tensor operation (LLM2CLIP_THREADS changes it)"]);
            lines.Add(["devices", compute.Gpus == 0 ? "cpu" : $"cpu, {string.Join(", ", Enumerable.Range(0, compute.Gpus).Select(i => $"cuda:{i}"))}"]);
            lines.Add(["LLM devices", string.Join("; ", compute.LlmDevices)]);
            lines.Add(["precision", $"fp32, bf16 ({Bf16(compute)})"]);
        }
        lines.Add(["verdict", report.IsHealthy ? new Cell("nothing is missing", Tone: Tone.Good) : new Cell("see the problems above", Tone: Tone.Bad)]);
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
