using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Llm2Clip.Cli;

/// <summary>A command with an example call for its help.</summary>
internal interface IHasExample
{
    string Example { get; }
}

/// <summary>Help that ends with the command's example.</summary>
internal sealed class ExampleHelp(HelpAction help) : SynchronousCommandLineAction
{
    /// <summary>Puts it in the place of the help of <paramref name="root"/> and all commands below.</summary>
    public static void AddTo(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        option.Action = new ExampleHelp((HelpAction)option.Action!);
    }

    public override int Invoke(ParseResult parseResult)
    {
        var code = HelpOf(parseResult);
        if (parseResult.CommandResult.Command is IHasExample command)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Example:");
            output.WriteLine($"  {command.Example}");
        }
        return code;
    }

    /// <summary>Without the arguments of the command above, which the one below does not take: <c>index PATTERN</c>, <c>index status</c>.
    /// </summary>
    private int HelpOf(ParseResult parseResult)
    {
        var above = parseResult.CommandResult.Command.Parents.OfType<Command>().SelectMany(command => command.Arguments).ToList();
        above.ForEach(argument => argument.Hidden = true);
        try
        {
            return help.Invoke(parseResult);
        }
        finally
        {
            above.ForEach(argument => argument.Hidden = false);
        }
    }
}
