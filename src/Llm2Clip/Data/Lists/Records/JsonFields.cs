using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Llm2Clip.Data.Lists.Records;

/// <summary>Fields of JSON objects, parsed or as bytes.</summary>
internal static class JsonFields
{
    /// <summary>A field's text; null where it is missing, empty, or not a text.</summary>
    public static string? Text(JsonElement json, string field) =>
        json.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    /// <summary>
    /// A field's text, or its number, written so that equal numbers are equal texts (0, 0.0 and -0; 1e3 and 1000); null where it is
    /// neither.
    /// </summary>
    public static string? Id(JsonElement json, string field) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(field, out var value) ? Id(value) : null;

    /// <inheritdoc cref="Id(JsonElement, string)"/>
    public static string? Id(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : null,
        JsonValueKind.Number => Number(value.GetRawText()),
        _ => null,
    };

    /// <summary>The same of an object's bytes, without building a document.</summary>
    public static string? Id(ReadOnlySpan<byte> json, ReadOnlySpan<byte> field)
    {
        var id = Find(json, field, out var reader) ? reader.TokenType switch
        {
            JsonTokenType.Number => Number(Encoding.UTF8.GetString(reader.ValueSpan)),
            JsonTokenType.String => Unescaped(ref reader),
            _ => null,
        } : null;
        return id is { Length: > 0 } ? id : null;
    }

    private static string? Unescaped(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // not Unicode
        }
    }

    private static string Number(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            return whole.ToString(CultureInfo.InvariantCulture);
        }
        // Beyond 2^53 not every whole number is a double, so the digits that are written tell more.
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && Math.Abs(value) < 1L << 53
            ? value == Math.Floor(value)
                ? ((long)value).ToString(CultureInfo.InvariantCulture)
                : value.ToString("R", CultureInfo.InvariantCulture)
            : text;
    }

    /// <summary>The caption kind in a field <c>kind</c>; null where there is none.</summary>
    public static CaptionKind? Kind(JsonElement json) => CaptionKinds.TryParse(Text(json, "kind") ?? "", out var kind) ? kind : null;

    /// <summary>A field that is a list; throws <see cref="BadRecordException"/> where it is none.</summary>
    public static JsonElement List(JsonElement json, string field)
    {
        if (!json.TryGetProperty(field, out var value))
        {
            throw new BadRecordException($"has no `{field}`");
        }
        return value.ValueKind == JsonValueKind.Array
            ? value
            : throw new BadRecordException($"its `{field}` is {Describe(value)} where a list was expected");
    }

    /// <summary>The bytes of a text or number in a field of an object, as they are written; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> json, ReadOnlySpan<byte> field) =>
        Find(json, field, out var reader) && reader.TokenType is JsonTokenType.Number or JsonTokenType.String ? reader.ValueSpan : default;

    /// <summary>Goes to the value of a field of an object. Reads valid JSON without building a document.</summary>
    private static bool Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> field, out Utf8JsonReader reader)
    {
        reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = Is(ref reader, field);
            reader.Read();
            if (found)
            {
                return true;
            }
            reader.Skip();
        }
        return false;
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
