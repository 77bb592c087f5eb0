using System.Text;
using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Data.Writing;

/// <summary>JSON lines: <c>file_name</c> as Hugging Face's imagefolder reads it, with <c>key</c>, <c>caption</c> and our <c>captions</c>.</summary>
internal sealed class JsonLinesForm : ListForm
{
    public override string FileName => "metadata.jsonl";

    public override IEnumerable<(int Section, byte[] Entry)> Entries(WrittenPicture picture, string split) =>
        [(0, [.. CaptionWriter.Record(picture.Sample, picture.Path), (byte)'\n'])];
}

/// <summary>A table with a row a caption, as open_clip reads it (<c>filepath</c>, <c>title</c>), with language, kind and key beside.</summary>
internal sealed class TableForm(char separator) : ListForm
{
    private static readonly string[] Columns = ["filepath", "title", "language", "kind", "key"];

    public override string FileName => separator == '\t' ? "captions.tsv" : "captions.csv";

    public override IReadOnlyList<ListSection> Sections(string name) => [new ListSection(Opening: Row(Columns))];

    public override IEnumerable<(int Section, byte[] Entry)> Entries(WrittenPicture picture, string split) =>
        picture.Sample.Captions.Select(caption =>
            (0, Encoding.UTF8.GetBytes(Row([picture.Path, caption.Text, caption.Language, CaptionKinds.Name(caption.Kind), picture.Sample.Key]))));

    private string Row(string[] cells) => string.Join(separator, cells.Select(Cell)) + "\n";

    /// <summary>Quoted where it has to be (RFC 4180; Python's csv and pandas read tab-separated files by the same rule).</summary>
    private string Cell(string text) =>
        text.AsSpan().IndexOfAny(['"', '\n', '\r', separator]) < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>
/// Karpathy's JSON: an image with <c>filepath</c>, <c>filename</c>, <c>split</c> and <c>sentences</c>, each with <c>raw</c>, and language and
/// kind beside. Numbers of images and sentences run from 0. <c>tokens</c> are not written.
/// </summary>
internal sealed class KarpathyForm : ListForm
{
    public override string FileName => "dataset.json";

    public override IReadOnlyList<ListSection> Sections(string name) =>
        [new ListSection("{\"images\": [\n", ",\n", $"\n], \"dataset\": {JsonSerializer.Serialize(name, Json.Line)}}}\n")];

    public override IEnumerable<(int Section, byte[] Entry)> Entries(WrittenPicture picture, string split) => [(0, CaptionWriter.Object(json =>
    {
        var slash = picture.Path.LastIndexOf('/');
        json.WriteString("filepath", picture.Path[..slash]);
        json.WriteString("filename", picture.Path[(slash + 1)..]);
        json.WriteString("key", picture.Sample.Key);
        json.WriteNumber("imgid", picture.Pictures);
        json.WriteString("split", split);
        json.WriteStartArray("sentences");
        for (var i = 0; i < picture.Sample.Captions.Count; i++)
        {
            var caption = picture.Sample.Captions[i];
            json.WriteStartObject();
            json.WriteString("raw", caption.Text);
            json.WriteString("language", caption.Language);
            json.WriteString("kind", CaptionKinds.Name(caption.Kind));
            json.WriteNumber("imgid", picture.Pictures);
            json.WriteNumber("sentid", picture.Captions + i);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }))];
}

/// <summary>
/// COCO caption JSON: <c>images</c> with <c>id</c> and <c>file_name</c>, <c>annotations</c> with <c>image_id</c> and <c>caption</c>, language
/// and kind beside. Ids run from 1. Widths and heights are not written, as pictures are not decoded.
/// </summary>
internal sealed class CocoForm : ListForm
{
    private const int Images = 0;
    private const int Annotations = 1;

    public override string FileName => "captions.json";

    public override IReadOnlyList<ListSection> Sections(string name) =>
    [
        new ListSection($"{{\"info\": {{\"description\": {JsonSerializer.Serialize(name, Json.Line)}}}, \"licenses\": [], \"images\": [\n", ",\n", "\n],\n"),
        new ListSection("\"annotations\": [\n", ",\n", "\n]}\n"),
    ];

    public override IEnumerable<(int Section, byte[] Entry)> Entries(WrittenPicture picture, string split)
    {
        var image = picture.Pictures + 1;
        yield return (Images, CaptionWriter.Object(json =>
        {
            json.WriteNumber("id", image);
            json.WriteString("file_name", picture.Path);
            json.WriteString("key", picture.Sample.Key);
        }));
        for (var i = 0; i < picture.Sample.Captions.Count; i++)
        {
            var (caption, id) = (picture.Sample.Captions[i], picture.Captions + i + 1);
            yield return (Annotations, CaptionWriter.Object(json =>
            {
                json.WriteNumber("id", id);
                json.WriteNumber("image_id", image);
                json.WriteString("caption", caption.Text);
                json.WriteString("language", caption.Language);
                json.WriteString("kind", CaptionKinds.Name(caption.Kind));
            }));
        }
    }
}
