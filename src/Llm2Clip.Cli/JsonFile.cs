using System.CommandLine;
using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Cli;

/// <summary>The file of <c>--json</c>: snake_case keys, as in the run file.</summary>
internal static class JsonFile
{
    /// <summary>The option that names the file; <paramref name="what"/> is what it gets, such as "the result".</summary>
    public static Option<string?> Option(string what = "the result") =>
        new("--json") { Description = $"Writes {what} as JSON too.", HelpName = "FILE" };

    /// <summary>Writes it complete or not at all.</summary>
    public static void Write(string file, object value)
    {
        DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(file))!);
        PendingFile.Write(file, JsonSerializer.Serialize(value, Json.Report) + "\n");
    }
}
