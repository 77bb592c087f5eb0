using System.Text.Json;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// What a file's format is recognized by: its name, and, of JSON, the fields of its first record. JSON is opened when its fields are asked
/// for.
/// </summary>
internal sealed class FileHead
{
    private readonly Lazy<(string List, HashSet<string> Fields)> _first;

    public FileHead(string path)
    {
        Path = path;
        _first = new Lazy<(string, HashSet<string>)>(First);
    }

    public string Path { get; }

    /// <summary>Why the content says nothing; empty where it was not asked for or could be read.</summary>
    public string Problem { get; private set; } = "";

    public bool Ends(params string[] endings) => Array.Exists(endings, ending => Path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the first record of a <c>.jsonl</c> file has a field.</summary>
    public bool JsonLinesHave(string field) => Ends(".jsonl") && _first.Value.Fields.Contains(field);

    /// <summary>
    /// Whether a <c>.json</c> file's first record is in the named list (<c>""</c>: the file is the list) and has a field.
    /// </summary>
    public bool JsonHas(string list, string field) => Ends(".json") && _first.Value.List == list && _first.Value.Fields.Contains(field);

    private (string, HashSet<string>) First()
    {
        try
        {
            if (Ends(".json"))
            {
                using var reader = new JsonArrayReader(Path, "", "images", "annotations");
                return reader.Next(out var element) ? (element.Array, Fields(element.Bytes)) : ("none", []);
            }
            var line = FileLines.Of(Path, LineRecords.MaxLineBytes).FirstOrDefault(line => line.Bytes > 1);
            var bytes = new ListBytes(Path);
            var fields = Fields(bytes.Read(line.Offset, line.Bytes));
            bytes.Close();
            return ("", fields);
        }
        catch (Exception e) when (e is InputException or JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is not Unicode.
            Problem = e.Message;
            return ("none", []);
        }
    }

    private static HashSet<string> Fields(ReadOnlyMemory<byte> record)
    {
        using var json = RecordJson.Parse(record);
        return json.RootElement.ValueKind == JsonValueKind.Object
            ? [.. json.RootElement.EnumerateObject().Select(field => field.Name)]
            : [];
    }
}
