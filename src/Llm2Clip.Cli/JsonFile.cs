using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Llm2Clip.Cli;

/// <summary>The file of <c>--json</c>: snake_case keys, as in the run file.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = null,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The option that names the file; <paramref name="what"/> is what it gets, such as "the result".</summary>
    public static Option<string?> Option(string what = "the result") => new("--json") { Description = $"Writes {what} as JSON too.", HelpName = "FILE" };

    /// <summary>Writes it complete or not at all: a temporary name, then a rename.</summary>
    public static void Write(string file, object value)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllText(file + ".tmp", JsonSerializer.Serialize(value, Options) + "\n");
        File.Move(file + ".tmp", file, overwrite: true);
    }
}
