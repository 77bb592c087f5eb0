using System.CommandLine;
using Llm2Clip.Cli;

namespace Llm2Clip.MakeQuickStart;

/// <summary>The command line of this tool; it ends calls as <c>llm2clip</c> does.</summary>
internal static class Tool
{
    /// <summary>How the tool is called from the repository's folder.</summary>
    public const string Call = "dotnet run --project tools/MakeQuickStart --";

    /// <summary>Runs one call and returns its exit code.</summary>
    public static int Run(IReadOnlyList<string> arguments, CliHost host) => CommandLine.Run(Root(host), arguments, host);

    /// <summary>The tree of commands.</summary>
    internal static RootCommand Root(CliHost host)
    {
        var root = new RootCommand("Makes what the quick start runs on: captioned images and a tiny language model.")
        {
            new MakeDataCommand(host), new MakeTeacherCommand(host),
        };
        root.HelpName = Call;
        ExampleHelp.AddTo(root);
        return root;
    }
}
