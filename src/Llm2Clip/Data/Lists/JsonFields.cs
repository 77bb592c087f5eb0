using System.Text.Json;

namespace Llm2Clip.Data.Lists;

/// <summary>Fields of JSON objects, parsed or as bytes.</summary>
internal static class JsonFields
{
    /// <summary>A field's text; null where it is missing, empty, or not a text.</summary>
    public static string? Text(JsonElement json, string field) =>
        json.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A field's text or number as it is written; null where it is neither.</summary>
    public static string? Id(JsonElement json, string field) =>
        json.TryGetProperty(field, out var value) && value.ValueKind is JsonValueKind.Number or JsonValueKind.String ? value.ToString() : null;

    /// <summary>The caption kind in a field <c>kind</c>; null where there is none.</summary>
    public static CaptionKind? Kind(JsonElement json) => CaptionKinds.TryParse(Text(json, "kind") ?? "", out var kind) ? kind : null;

    /// <summary>A field that is a list; throws <see cref="BadRecordException"/> where it is none.</summary>
    public static JsonElement List(JsonElement json, string field)
    {
        if (!json.TryGetProperty(field, out var value))
        {
            throw new BadRecordException($"has no `{field}`");
        }
        return value.ValueKind == JsonValueKind.Array ? value : throw new BadRecordException($"its `{field}` is {Describe(value)} where a list was expected");
    }

    /// <summary>The bytes of a text or number that stands in a field of an object; empty where there is none. Reads valid JSON without building a document.</summary>
    public static ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> json, ReadOnlySpan<byte> field)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return default;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = Is(ref reader, field);
            reader.Read();
            if (found)
            {
                return reader.TokenType is JsonTokenType.Number or JsonTokenType.String ? reader.ValueSpan : default;
            }
            reader.Skip();
        }
        return default;
    }

    private static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> field)
    {
        try
        {
            return reader.ValueTextEquals(field);
        }
        catch (InvalidOperationException)
        {
            return false; // the name is not Unicode
        }
    }

    /// <summary>A value's kind in words.</summary>
    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        JsonValueKind.String => "a text",
        _ => "true or false",
    };
}
