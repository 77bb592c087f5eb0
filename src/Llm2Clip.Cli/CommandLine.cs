using System.CommandLine;
using System.CommandLine.Invocation;
using Llm2Clip.Cli.Commands;
using Llm2Clip.Configuration;

namespace Llm2Clip.Cli;

/// <summary>The command line: which commands there are, and how a call of one ends.</summary>
public static class CommandLine
{
    /// <summary>
    /// Runs one call and returns its exit code: 0 done, 1 failed, 2 bad usage or configuration, 3 bad input, 130 interrupted.
    /// </summary>
    public static int Run(IReadOnlyList<string> arguments, CliHost host) => Run(Root(host), arguments, host);

    /// <summary>The same for another tree of commands, such as that of a tool of the repository.</summary>
    internal static int Run(RootCommand root, IReadOnlyList<string> arguments, CliHost host)
    {
        var parsed = root.Parse(arguments);
        var settings = new InvocationConfiguration
        {
            Output = host.Output.Writer,
            Error = host.Error.Writer,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return parsed.Action is ParseErrorAction ? Mistake(parsed, host) : parsed.Invoke(settings);
        }
        catch (Exception e)
        {
            return Failure.Report(e, host);
        }
    }

    /// <summary>The tree of commands.</summary>
    internal static RootCommand Root(CliHost host)
    {
        var root = new RootCommand("""
            Distils a large language model into CLIP: photos with captions in one language become searchable in others.

            In the repository, ./llm2clip test runs the tests.
            """)
        {
            new DoctorCommand(host),
            new QuickStartCommand(host),
            new CcFinetuneCommand(host),
            new ExtractCommand(host),
            new ClipTrainCommand(host),
            new Command("export", "Writes what was trained for other programs.")
            {
                new ExportOnnxCommand(host), new ExportHuggingFaceCommand(host), new ExportLoraCommand(host), new ExportGgufCommand(host),
            },
            new IndexCommand(host),
            new SearchCommand(host),
            new EmbedCommand(host),
            new CompareCommand(host),
            new SweepCommand(host),
            new Command("data", "Looks after data.")
            {
                new InspectCommand(host), new ConvertCommand(host), new SplitCommand(host), new SampleCommand(host),
                StoreCommands.Group(host),
            },
            new Command("eval", "Measures teachers and students.")
            {
                new EvalCaptionsCommand(host), new EvalRetrievalCommand(host), new EvalZeroShotCommand(host),
                new EvalLinearProbeCommand(host),
            },
            new Command("longclip", "Makes a CLIP understand long captions.")
            {
                new LongClipStretchCommand(host), new LongClipTrainCommand(host),
            },
        };
        root.HelpName = "llm2clip";
        ExampleHelp.AddTo(root);
        return root;
    }

    /// <summary>
    /// Says what cannot be understood, with the nearest word that can be. System.CommandLine's own answer does not name the command,
    /// suggests <c>-h</c> for any short word, and ends with 1.
    /// </summary>
    private static int Mistake(ParseResult parsed, CliHost host)
    {
        var command = parsed.CommandResult.Command;
        var words = command.Subcommands.Select(c => c.Name).Concat(command.Options.Select(o => o.Name)).ToList();
        var unknown = parsed.UnmatchedTokens.Where(token => command.Subcommands.Count > 0 || token.StartsWith('-')).ToList();
        foreach (var token in unknown)
        {
            var near = NearestKey.Nearest(token, words);
            host.Error.WriteLine($"Error: {token} is not known to {Path(parsed)}{(near is null ? "" : $"; did you mean {near}?")}");
        }
        foreach (var error in unknown.Count > 0 ? [] : parsed.Errors)
        {
            host.Error.WriteLine($"Error: {error.Message}");
        }
        host.Error.WriteLine($"{Path(parsed)} --help lists what there is.");
        if (JsonOf(parsed) is { } file)
        {
            var what = unknown.Count > 0 ? $"{string.Join(", ", unknown)} is not known" : parsed.Errors[0].Message;
            JsonFile.Write(file, Outcome.Of(WordsOf(parsed), new Failure(Failure.BadUsage, what)), host);
        }
        return Failure.BadUsage;
    }

    /// <summary>What <c>--json</c> names in a call that cannot be understood.</summary>
    private static string? JsonOf(ParseResult parsed)
    {
        var at = parsed.Tokens.Select(token => token.Value).ToList();
        var option = at.IndexOf("--json");
        var isThere = option >= 0 && option + 1 < at.Count && parsed.CommandResult.Command.Options.Any(o => o.Name == "--json");
        return isThere ? at[option + 1] : null;
    }

    /// <summary>The words that call a command, without the program's name.</summary>
    internal static string WordsOf(ParseResult parsed) => Path(parsed).Split(' ', 2) is [_, var words] ? words : "";

    private static string Path(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult;
            result?.Parent is not null;
            result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Push(result.Command.Name);
        }
        return string.Join(' ', names.Prepend(((RootCommand)parsed.RootCommandResult.Command).HelpName));
    }
}
