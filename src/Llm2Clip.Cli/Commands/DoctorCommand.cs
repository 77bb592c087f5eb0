using System.CommandLine;
using System.Globalization;
using Llm2Clip.Diagnostics;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>doctor</c>: what the program runs on, and what is missing.</summary>
internal sealed class DoctorCommand : Command, IHasExample
{
    private readonly Option<string?> _json = JsonFile.Option("the findings");

    public DoctorCommand(CliHost host)
        : base("doctor", "Says what the program runs on: engine, native libraries, threads, devices, precision; and what is missing.")
    {
        Add(_json);
        SetAction(parsed =>
        {
            var report = Doctor.Examine();
            Print(report, host.Output);
            if (parsed.GetValue(_json) is { } file)
            {
                JsonFile.Write(file, report);
            }
            return report.IsHealthy ? 0 : 1;
        });
    }

    public string Example => "llm2clip doctor --json doctor.json";

    internal static void Print(DoctorReport report, TextWriter output)
    {
        Line("engine", $"{report.Engine} ({report.Reason})");
        foreach (var part in report.Components)
        {
            Line(part.Name, string.Join("  ", new[] { part.Version, part.Path }.Where(text => text is not null)));
            if (part.Problem is not null)
            {
                Line("", $"problem: {part.Problem}");
                Line("", $"remedy:  {part.Remedy}");
            }
        }
        Line("pictures", string.Join(", ", report.PictureFormats));
        Line("machine", string.Create(CultureInfo.InvariantCulture, $"{report.Processors} processors, {report.MemoryGb:0.#} GB of memory"));
        if (report.Compute is { } compute)
        {
            Line("threads", $"{compute.Threads} a tensor operation (LLM2CLIP_THREADS changes it)");
            Line("devices", compute.Gpus == 0 ? "cpu" : $"cpu, {string.Join(", ", Enumerable.Range(0, compute.Gpus).Select(i => $"cuda:{i}"))}");
            Line("LLM devices", string.Join("; ", compute.LlmDevices));
            Line("precision", $"fp32, bf16 ({Bf16(compute)})");
        }
        Line("verdict", report.IsHealthy ? "nothing is missing" : "see the problems above");

        void Line(string name, string text) => output.WriteLine($"{name,-12} {text}".TrimEnd());
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
