using System.Buffers;
using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Data;

/// <summary>
/// Captions as JSON that <see cref="CaptionReader"/> reads back: <c>{"captions": {LANGUAGE: {KIND: [..]}}}</c>. Languages and kinds are
/// given in the order of their first captions, texts of one language and kind in the order of the sample.
/// </summary>
internal static class CaptionWriter
{
    /// <summary>An object on one line that <paramref name="fields"/> fills.</summary>
    public static byte[] Object(Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Json.Writer))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// The record of a sample: <c>file_name</c> where an image is named, <c>key</c> as the source has it, <c>caption</c> (the first, for
    /// readers of one) and <c>captions</c>.
    /// </summary>
    public static byte[] Record(Sample sample, string? image = null) => Object(json =>
    {
        if (image is not null)
        {
            json.WriteString("file_name", image);
        }
        json.WriteString("key", sample.Key);
        json.WriteString("caption", sample.Captions[0].Text);
        json.WriteStartObject("captions");
        foreach (var language in sample.Captions.GroupBy(caption => caption.Language))
        {
            json.WriteStartObject(language.Key);
            foreach (var kind in language.GroupBy(caption => caption.Kind))
            {
                json.WriteStartArray(CaptionKinds.Name(kind.Key));
                foreach (var caption in kind)
                {
                    json.WriteStringValue(caption.Text);
                }
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        json.WriteEndObject();
    });
}
