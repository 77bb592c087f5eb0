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
            var started = TimeProvider.System.GetTimestamp();
            var report = Doctor.Run();
            var code = report.IsHealthy ? 0 : 1;
            var file = parsed.GetValue(_json);
            DoctorSummary.Print(report, JsonFile.ReaderOf(file, host));
            if (file is not null)
            {
                // What is missing is among the findings, so that they are the result either way.
                JsonFile.Write(file, new Outcome(Name, TimeProvider.System.GetUtcNow(), code == 0 ? RunState.Done : RunState.Failed, code)
                {
                    Seconds = Math.Round(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 3),
                    Error = code == 0 ? null : "Something that the program needs is missing: see result.",
                    Result = report,
                }, host);
            }
            return code;
        });
    }

    public string Example => "llm2clip doctor --json doctor.json";
}
