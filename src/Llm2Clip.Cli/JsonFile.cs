using System.CommandLine;
using System.Text.Json;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;

namespace Llm2Clip.Cli;

/// <summary>What <c>--json</c> writes: snake_case keys, as in the run file.</summary>
internal static class JsonFile
{
    /// <summary>In the place of a file's name: standard output.</summary>
    private const string StandardOutput = "-";

    /// <summary>The option that names the file; <paramref name="what"/> is what it gets, such as "the result".</summary>
    public static Option<string?> Option(string what = "the result") =>
        new("--json") { Description = $"Writes {what} as JSON too; - is standard output.", HelpName = "FILE" };

    /// <summary>Where the text for a reader goes: to standard error where the JSON takes standard output.</summary>
    public static Screen ReaderOf(string? file, CliHost host) => IsStandardOutput(file) ? host.Error : host.Output;

    /// <summary>Writes it; a file complete or not at all.</summary>
    public static void Write(string file, object value, CliHost host)
    {
        var text = JsonSerializer.Serialize(value, RecallJson.Options) + "\n";
        if (IsStandardOutput(file))
        {
            host.Output.Write(text);
            return;
        }
        DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(file))!);
        PendingFile.Write(file, text);
    }

    private static bool IsStandardOutput(string? file) => file is StandardOutput or "/dev/stdout";
}
