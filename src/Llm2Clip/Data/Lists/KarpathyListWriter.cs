using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Karpathy's JSON: an image with <c>filepath</c>, <c>filename</c>, <c>split</c> and <c>sentences</c>, each with <c>raw</c>, and language
/// and kind beside. Numbers of images and sentences run from 0. <c>tokens</c> are not written.
/// </summary>
internal sealed class KarpathyListWriter : ListWriter
{
    public override string FileName => "dataset.json";

    public override IReadOnlyList<ListSection> Sections(string name) =>
        [new ListSection("{\"images\": [\n", ",\n", $"\n], \"dataset\": {JsonSerializer.Serialize(name, Json.Line)}}}\n")];

    public override IEnumerable<(int Section, byte[] Entry)> Entries(WrittenImage image, string split) => [(0, CaptionWriter.Object(json =>
    {
        var slash = image.Path.LastIndexOf('/');
        json.WriteString("filepath", image.Path[..slash]);
        json.WriteString("filename", image.Path[(slash + 1)..]);
        json.WriteString("key", image.Sample.Key);
        json.WriteNumber("imgid", image.Images);
        json.WriteString("split", split);
        json.WriteStartArray("sentences");
        for (var i = 0; i < image.Sample.Captions.Count; i++)
        {
            var caption = image.Sample.Captions[i];
            json.WriteStartObject();
            json.WriteString("raw", caption.Text);
            json.WriteString("language", caption.Language);
            json.WriteString("kind", CaptionKinds.Name(caption.Kind));
            json.WriteNumber("imgid", image.Images);
            json.WriteNumber("sentid", image.Captions + i);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }))];
}
