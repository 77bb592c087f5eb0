using System.Text.Json;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data;

/// <summary>Captions as values of a field: the shapes that <see cref="CaptionReader"/> takes.</summary>
internal static class CaptionValues
{
    private static readonly string[] ItemTexts = ["raw", "caption", "text"];

    /// <summary>
    /// Adds a text, a list of texts or of objects with a text in <c>raw</c>, <c>caption</c> or <c>text</c>, or kinds of those; nothing for
    /// null. Throws <see cref="BadRecordException"/> for anything else.
    /// </summary>
    public static void AddValue(
        JsonElement value, string path, string language, CaptionKind kind, List<Caption> into, List<string> remarks)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return; // img2dataset writes null where an image came without text
            case JsonValueKind.String:
                Add(value.GetString()!, path, language, kind, into, remarks);
                return;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    AddItem(item, $"{path}[{index++}]", language, kind, into, remarks);
                }
                return;
            case JsonValueKind.Object:
                foreach (var part in value.EnumerateObject())
                {
                    if (!CaptionKinds.TryParse(part.Name, out var partKind) || part.Value.ValueKind == JsonValueKind.Object)
                    {
                        throw new BadRecordException(
                            $"{path}.{part.Name} is not a caption kind (short, long, raw) with a text or a list of texts");
                    }
                    AddValue(part.Value, $"{path}.{part.Name}", language, partKind, into, remarks);
                }
                return;
            default:
                throw new BadRecordException($"{path} is {JsonFields.Describe(value)} where a text or a list of texts was expected");
        }
    }

    private static void AddItem(
        JsonElement item, string path, string language, CaptionKind kind, List<Caption> into, List<string> remarks)
    {
        switch (item.ValueKind)
        {
            case JsonValueKind.String or JsonValueKind.Null:
                AddValue(item, path, language, kind, into, remarks);
                return;
            case JsonValueKind.Object when ItemTexts.FirstOrDefault(name => JsonFields.Text(item, name) is not null) is { } name:
                var (ownLanguage, ownKind) = (JsonFields.Text(item, "language"), JsonFields.Kind(item));
                Add(JsonFields.Text(item, name)!, $"{path}.{name}", ownLanguage ?? language, ownKind ?? kind, into, remarks);
                return;
            default:
                throw new BadRecordException($"{path} is {JsonFields.Describe(item)} where a text was expected");
        }
    }

    /// <summary>Adds the texts of a column of a table; a null is none.</summary>
    public static void AddTexts(
        (string Name, IReadOnlyList<string?>? Texts) column, string language, CaptionKind kind, List<Caption> into, List<string> remarks)
    {
        for (var i = 0; i < (column.Texts?.Count ?? 0); i++)
        {
            if (column.Texts![i] is { } text)
            {
                Add(text, column.Texts.Count == 1 ? column.Name : $"{column.Name}[{i}]", language, kind, into, remarks);
            }
        }
    }

    /// <summary>Adds a text, trimmed; an empty one is a remark.</summary>
    public static void Add(string text, string path, string language, CaptionKind kind, List<Caption> into, List<string> remarks)
    {
        var trimmed = text.Trim();
        if (trimmed.Length == 0)
        {
            remarks.Add($"{path} is empty");
            return;
        }
        into.Add(new Caption(trimmed, string.Intern(language), kind));
    }
}
