using System.Text.Json;

namespace Llm2Clip.Data;

/// <summary>JSON of data sets, which strangers' programs wrote on any system.</summary>
internal static class RecordJson
{
    /// <summary>The byte order mark that Windows' editors put in front of UTF-8; no part of the text.</summary>
    public static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    /// <summary>
    /// Parses a document or a value of one: a byte order mark in front is passed over, and what Python writes in the place of numbers
    /// counts as an empty text (<see cref="PythonNumbers"/>). Throws <see cref="JsonException"/>.
    /// </summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        var text = json.Span.StartsWith(ByteOrderMark) ? json[ByteOrderMark.Length..] : json;
        if (!PythonNumbers.Has(text.Span))
        {
            return JsonDocument.Parse(text);
        }
        var copy = text.ToArray();
        PythonNumbers.Replace(copy);
        return JsonDocument.Parse(copy);
    }
}
