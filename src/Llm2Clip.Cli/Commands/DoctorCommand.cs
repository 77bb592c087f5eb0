using System.CommandLine;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>doctor</c>: what the program runs on, and what is missing.</summary>
internal sealed class DoctorCommand : Command, IHasExample
{
    private readonly Option<string?> _json = JsonFile.Option("the findings");

    public DoctorCommand(CliHost host)
        : base("doctor", "Says what the program runs on: libraries, threads, devices, precision; and what is missing.")
    {
        Add(_json);
        SetAction(parsed =>
        {
            var report = Doctor.Run();
            var file = parsed.GetValue(_json);
            DoctorSummary.Print(report, JsonFile.ReaderOf(file, host));
            if (file is not null)
            {
                JsonFile.Write(file, report, host);
            }
            return report.IsHealthy ? 0 : 1;
        });
    }

    public string Example => "llm2clip doctor --json doctor.json";
}
