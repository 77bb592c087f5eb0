using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>quickstart</c>: the whole pipeline on what ships with the project.</summary>
internal sealed class QuickStartCommand : RunCommand<QuickStartResult>
{
    public QuickStartCommand(CliHost host)
        : base(host, "quickstart",
            "Runs the whole pipeline in a few minutes on data and a language model that ship with the project: teacher, vectors, student, "
            + "search in three languages.",
            "llm2clip quickstart")
    {
    }

    protected override string? DefaultConfig => RunFile();

    /// <summary>The quick start's run file; it is looked for where the repository's folder is the current one.</summary>
    internal static string RunFile() => File.Exists(QuickStart.ConfigFile)
        ? QuickStart.ConfigFile
        : throw new ConfigException(
            $"{QuickStart.ConfigFile} is not below the current directory. Go to the folder of the repository, or name a run file with "
            + "--config.");

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.ClipTrain.Device);

    protected override QuickStartResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        QuickStart.Run(config, log, cancellation);

    protected override void Report(QuickStartResult result, Screen output) => QuickStartSummary.Print(result, output);
}
