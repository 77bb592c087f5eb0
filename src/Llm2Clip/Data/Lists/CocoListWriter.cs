using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// COCO caption JSON: <c>images</c> with <c>id</c> and <c>file_name</c>, <c>annotations</c> with <c>image_id</c> and <c>caption</c>,
/// language and kind beside. Ids run from 1. Widths and heights are not written, as images are not decoded.
/// </summary>
internal sealed class CocoListWriter : ListWriter
{
    private const int Images = 0;
    private const int Annotations = 1;

    public override string FileName => "captions.json";

    public override IReadOnlyList<ListSection> Sections(string name) =>
    [
        new ListSection($"{{\"info\": {{\"description\": {JsonSerializer.Serialize(name, Json.Line)}}}, \"licenses\": [], \"images\": [\n",
            ",\n", "\n],\n"),
        new ListSection("\"annotations\": [\n", ",\n", "\n]}\n"),
    ];

    public override IEnumerable<(int Section, byte[] Entry)> Entries(WrittenImage image, string split)
    {
        var imageId = image.Images + 1;
        yield return (Images, CaptionWriter.Object(json =>
        {
            json.WriteNumber("id", imageId);
            json.WriteString("file_name", image.Path);
            json.WriteString("key", image.Sample.Key);
        }));
        for (var i = 0; i < image.Sample.Captions.Count; i++)
        {
            var (caption, id) = (image.Sample.Captions[i], image.Captions + i + 1);
            yield return (Annotations, CaptionWriter.Object(json =>
            {
                json.WriteNumber("id", id);
                json.WriteNumber("image_id", imageId);
                json.WriteString("caption", caption.Text);
                json.WriteString("language", caption.Language);
                json.WriteString("kind", CaptionKinds.Name(caption.Kind));
            }));
        }
    }
}
