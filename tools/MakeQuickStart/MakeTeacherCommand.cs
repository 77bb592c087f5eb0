using System.CommandLine;
using Llm2Clip.Cli;
using Llm2Clip.Configuration;

namespace Llm2Clip.MakeQuickStart;

/// <summary><c>teacher</c>: the shipped language model.</summary>
internal sealed class MakeTeacherCommand : Command, IHasExample
{
    private readonly Option<string> _out = new("--out")
    {
        Description = "GGUF file to write.", HelpName = "FILE", DefaultValueFactory = _ => "data/quickstart/teacher.gguf",
    };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Changes one setting; can be given several times.", HelpName = "KEY=VALUE",
    };

    private readonly Option<bool> _printConfig = new("--print-config")
    {
        Description = "Prints the settings in effect, every one with its meaning, and ends.",
    };

    private readonly Option<string?> _json = JsonFile.Option("losses and settings");

    public MakeTeacherCommand(CliHost host)
        : base("teacher", "Trains the quick start's tiny language model by next-token prediction on text that the project makes.")
    {
        Add(_out);
        Add(_set);
        Add(_printConfig);
        Add(_json);
        SetAction(parsed => Run(parsed, host));
    }

    public string Example => $"{Tool.Call} teacher --out data/quickstart/teacher.gguf --set steps=500";

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
        var (megabytes, last) = (new FileInfo(path).Length / 1e6, losses.TakeLast(50).Average());
        host.Output.WriteLine(FormattableString.Invariant(
            $"{path}: {megabytes:0.0} MB, {training.Vocabulary.Count} tokens, loss {losses[0]:0.000} to {last:0.000}"));
        if (parsed.GetValue(_json) is { } json)
        {
            var settings = ConfigBinder.Print(config, comments: false);
            JsonFile.Write(json, new { File = path, Tokens = training.Vocabulary.Count, Losses = losses, Config = settings }, host);
        }
        return 0;
    }
}
