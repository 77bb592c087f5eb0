using System.Globalization;
using Llm2Clip.Pipeline;
using Llm2Clip.Runtime;

namespace Llm2Clip.Cli.Reports;

/// <summary>The findings of <c>doctor</c>: a line for each, what is missing with its remedy below it.</summary>
internal static class DoctorSummary
{
    public static void Print(DoctorReport report, Screen output)
    {
        List<Cell[]> lines = [];
        foreach (var part in report.Components)
        {
            lines.Add([part.Name, string.Join("  ", new[] { part.Version, part.Path }.Where(text => text is not null))]);
            if (part.Problem is not null)
            {
                lines.Add(["", new Cell($"problem: {part.Problem}", Tone: Tone.Bad)]);
                lines.Add(["", new Cell($"remedy:  {part.Remedy}", Tone: Tone.Warning)]);
            }
        }
        lines.Add(["images", string.Join(", ", report.ImageFormats)]);
        lines.Add(["machine",
            string.Create(CultureInfo.InvariantCulture, $"{report.Processors} processors, {report.MemoryGb:0.#} GB of memory")]);
        if (report.Tensors is { } tensors)
        {
            lines.Add(["processor",
                string.Join(", ", new[] { tensors.Processor.Name, tensors.Processor.Instructions }.Where(text => text is not null))]);
            lines.Add(["threads", $"{tensors.Threads} per tensor operation (LLM2CLIP_THREADS changes it)"]);
            lines.Add(["devices", tensors.Gpus == 0 ? "cpu"
                : $"cpu, {string.Join(", ", Enumerable.Range(0, tensors.Gpus).Select(i => $"cuda:{i}"))}"]);
            lines.Add(["LLM devices", string.Join("; ", report.LlmDevices)]);
            lines.Add(["precision", $"fp32, bf16 ({Bf16(tensors.Processor)})"]);
            lines.Add(["fp32 products", $"{(tensors.Products.OneDnn ? "oneDNN" : "MKL")}: {tensors.Products.Reason}"]);
            lines.Add(["allocator", tensors.Allocator.Reason]);
            lines.Add(["native patch", (tensors.Patch.Applied ? "patched copy of TorchSharp's library: " : "as published: ")
                + tensors.Patch.Reason]);
        }
        var (verdict, tone) = report.IsHealthy ? ("nothing is missing", Tone.Good) : ("see the problems above", Tone.Bad);
        lines.Add(["verdict", new Cell(verdict, Tone: tone)]);
        output.Table(lines, labels: 2, headings: false);
    }

    private static string Bf16(Processor processor) => processor.NativeBf16 switch
    {
        true => "multiplied natively",
        false => "widened by this processor",
        null => "unknown whether natively",
    };
}
