using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Llm2Clip.Cli;

/// <summary>The command line: which commands there are, and how a call of one ends.</summary>
public static class CommandLine
{
    /// <summary>Runs one call and returns its exit code: 0 done, 1 failed, 2 bad usage or configuration, 3 bad input, 130 interrupted.</summary>
    public static int Run(IReadOnlyList<string> arguments, CliHost host)
    {
        var parsed = Root(host).Parse(arguments);
        var settings = new InvocationConfiguration
        {
            Output = host.Output,
            Error = host.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            if (parsed.Action is ParseErrorAction mistake)
            {
                mistake.ShowHelp = false;
                parsed.Invoke(settings);
                host.Error.WriteLine($"Run {Path(parsed)} --help for what there is.");
                return Failure.BadUsage;
            }
            return parsed.Invoke(settings);
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

            ./llm2clip setup   makes the machine ready (done by itself where it is due)
            ./llm2clip test    runs the tests
            """);
        return root;
    }

    private static string Path(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result?.Parent is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Push(result.Command.Name);
        }
        return string.Join(' ', names.Prepend("llm2clip"));
    }
}
