using System.Text;
using System.Text.Json;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// COCO's caption files: <c>images</c> with <c>id</c> and <c>file_name</c>, <c>annotations</c> with <c>image_id</c> and <c>caption</c>,
/// several per image and in any order. A <c>key</c> of an image and <c>language</c> and <c>kind</c> of an annotation, which our own files
/// have, are read too. Where the annotations of an image are is kept (24 bytes each); their captions are read with the image. Numbers that
/// are equal are the same id, however they are written (0 and 0.0).
/// </summary>
internal sealed class CocoList : JsonArrayFile
{
    private readonly RecordIndex _annotations = new();

    /// <summary>Whether a file is one, by the fields of its first record.</summary>
    public static bool Is(FileHead head) => head.JsonHas("images", "file_name") || head.JsonHas("annotations", "caption");

    public CocoList(string path, CaptionReader captions, ImageFolders folders)
        : base(path, "images", captions, folders)
    {
        var images = new HashSet<ulong>();
        var named = new Dictionary<ulong, int>();
        using var reader = new JsonArrayReader(path, "images", "annotations");
        while (reader.Next(out var element))
        {
            if (element.Array == "images")
            {
                Take(element);
                if (JsonFields.Id(element.Bytes.Span, "id"u8) is { } own)
                {
                    images.Add(HashOf(own));
                }
                continue;
            }
            if (JsonFields.Id(element.Bytes.Span, "image_id"u8) is not { } id)
            {
                Problem(element.Place, "has no `image_id`");
                continue;
            }
            var image = HashOf(id);
            _annotations.Add(image, element.Offset, element.Bytes.Length);
            named[image] = named.GetValueOrDefault(image) + 1;
        }
        Require(reader, "images", "COCO's caption format");
        Require(reader, "annotations", "COCO's caption format");
        Seal();
        _annotations.Seal();
        var strays = named.Where(entry => !images.Contains(entry.Key)).Sum(entry => entry.Value);
        if (strays > 0)
        {
            Problem("annotations", $"{strays:N0} of them name an image that `images` does not hold", kept: true);
        }
    }

    protected override RecordName? Name(JsonElement json)
    {
        _ = Id(json);
        var name = JsonFields.Text(json, "file_name") ?? throw new BadRecordException("has no `file_name`", BadSampleCause.NoImage);
        return RecordName.Of(name, JsonFields.Text(json, "key"));
    }

    protected override void AddCaptions(JsonElement json, List<Caption> found, List<string> remarks)
    {
        foreach (var entry in _annotations.Find(HashOf(Id(json))))
        {
            using var annotation = RecordJson.Parse(Bytes.Read(entry.Offset, entry.Length));
            var record = annotation.RootElement;
            var place = $"annotation {JsonFields.Id(record, "id") ?? $"at byte {entry.Offset}"}";
            if (!record.TryGetProperty("caption", out var caption) || caption.ValueKind != JsonValueKind.String)
            {
                remarks.Add(place + " has no `caption`");
                continue;
            }
            Captions.Add(caption.GetString()!, place, found, remarks, JsonFields.Text(record, "language"), JsonFields.Kind(record));
        }
    }

    protected override string Missing(JsonElement json) => $"no caption (no annotation names image_id {Id(json)})";

    private static string Id(JsonElement json) => JsonFields.Id(json, "id") ?? throw new BadRecordException("has no `id`");

    private static ulong HashOf(string id) => RecordIndex.HashOf(Encoding.UTF8.GetBytes(id));
}
