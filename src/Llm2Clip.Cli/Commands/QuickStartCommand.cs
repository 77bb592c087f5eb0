using System.CommandLine;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Configuration;
using Llm2Clip.Diagnostics;
using Llm2Clip.QuickStart;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>quickstart</c>: the whole pipeline on what ships with the project; below it, how that was made.</summary>
internal sealed class QuickStartCommand : RunCommand<QuickStartResult>
{
    public QuickStartCommand(CliHost host)
        : base(host, "quickstart", "Runs the whole pipeline in a few minutes on data and a language model that ship with the project: teacher, vectors, student, search in three languages.",
            "llm2clip quickstart")
    {
        Add(new MakeDataCommand(host));
        Add(new MakeTeacherCommand(host));
    }

    protected override string? DefaultConfig => File.Exists(QuickStartRun.ConfigFile)
        ? QuickStartRun.ConfigFile
        : throw new ConfigException($"{QuickStartRun.ConfigFile} is not below the current directory. Go to the folder of the repository, or name a run file with --config.");

    protected override QuickStartResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) => QuickStartRun.Run(config, log, cancellation);

    protected override void Report(QuickStartResult result, Screen output) => QuickStartSummary.Print(result, output);
}

/// <summary><c>quickstart make-data</c>: the shipped pictures and captions.</summary>
internal sealed class MakeDataCommand : Command, IHasExample
{
    private readonly Option<string> _out = new("--out") { Description = "Folder of the shards.", HelpName = "FOLDER", DefaultValueFactory = _ => "data/quickstart" };
    private readonly Option<string?> _json = JsonFile.Option("the files' names");

    public MakeDataCommand(CliHost host)
        : base("make-data", "Makes the quick start's pictures and captions again; the same on every machine.")
    {
        Add(_out);
        Add(_json);
        SetAction(parsed =>
        {
            using var log = host.OpenLog();
            var files = QuickStartData.Write(parsed.GetValue(_out)!, log, host.Cancellation);
            foreach (var path in files)
            {
                host.Output.WriteLine(path);
            }
            if (parsed.GetValue(_json) is { } json)
            {
                JsonFile.Write(json, new { Files = files });
            }
            return 0;
        });
    }

    public string Example => "llm2clip quickstart make-data --out data/quickstart";
}

/// <summary><c>quickstart make-teacher</c>: the shipped language model.</summary>
internal sealed class MakeTeacherCommand : Command, IHasExample
{
    private readonly Option<string> _out = new("--out") { Description = "GGUF file to write.", HelpName = "FILE", DefaultValueFactory = _ => "data/quickstart/teacher.gguf" };
    private readonly Option<string[]> _set = new("--set") { Description = "Changes one setting; may stand several times.", HelpName = "KEY=VALUE" };
    private readonly Option<bool> _printConfig = new("--print-config") { Description = "Prints the settings in effect, every one with its meaning, and ends." };
    private readonly Option<string?> _json = JsonFile.Option("losses and settings");

    public MakeTeacherCommand(CliHost host)
        : base("make-teacher", "Trains the quick start's tiny language model by next-token prediction on text that the project makes.")
    {
        Add(_out);
        Add(_set);
        Add(_printConfig);
        Add(_json);
        SetAction(parsed => Run(parsed, host));
    }

    public string Example => "llm2clip quickstart make-teacher --out data/quickstart/teacher.gguf --set steps=500";

    private int Run(ParseResult parsed, CliHost host)
    {
        var config = ConfigBinder.Load<TeacherTrainingConfig>(null, parsed.GetValue(_set));
        if (parsed.GetValue(_printConfig))
        {
            host.Output.Write(ConfigBinder.Print(config));
            return 0;
        }
        using var log = host.OpenLog();
        using var training = new TeacherTraining(config, QuickStartData.Open());
        var losses = training.Run(log, host.Cancellation);
        var path = parsed.GetValue(_out)!;
        training.Write(path);
        host.Output.WriteLine(FormattableString.Invariant(
            $"{path}: {new FileInfo(path).Length / 1e6:0.0} MB, {training.Vocabulary.Count} tokens, loss {losses[0]:0.000} to {losses.TakeLast(50).Average():0.000}"));
        if (parsed.GetValue(_json) is { } json)
        {
            JsonFile.Write(json, new { File = path, Tokens = training.Vocabulary.Count, Losses = losses, Config = ConfigBinder.Print(config, comments: false) });
        }
        return 0;
    }
}
