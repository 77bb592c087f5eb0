using System.Text.Json;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// COCO's caption files: <c>images</c> with <c>id</c> and <c>file_name</c>, <c>annotations</c> with <c>image_id</c> and <c>caption</c>, several
/// an image and in any order. A <c>key</c> of an image and <c>language</c> and <c>kind</c> of an annotation, which our own files have, are
/// read too. Where the annotations of an image stand is kept (24 bytes each); their captions are read with the image.
/// </summary>
internal sealed class CocoList : JsonArrayFile
{
    private readonly CaptionReader _captions;
    private readonly ImageFolders _folders;
    private readonly RecordIndex _annotations = new();

    /// <summary>Whether a file is one, by the fields of its first record.</summary>
    public static bool Is(FileHead head) => head.JsonHas("images", "file_name") || head.JsonHas("annotations", "caption");

    public CocoList(string path, CaptionReader captions, ImageFolders folders)
        : base(path, "images")
    {
        (_captions, _folders) = (captions, folders);
        var images = new HashSet<ulong>();
        var named = new Dictionary<ulong, int>();
        using var reader = new JsonArrayReader(path, "images", "annotations");
        while (reader.Next(out var element))
        {
            if (element.Array == "images")
            {
                Found.Add(element.Offset, element.Offset + element.Bytes.Length, element.Index);
                images.Add(RecordIndex.HashOf(JsonFields.Raw(element.Bytes.Span, "id"u8)));
                continue;
            }
            var id = JsonFields.Raw(element.Bytes.Span, "image_id"u8);
            if (id.IsEmpty)
            {
                Problem(element.Place, "has no `image_id`");
                continue;
            }
            var image = RecordIndex.HashOf(id);
            _annotations.Add(image, element.Offset, element.Bytes.Length);
            named[image] = named.GetValueOrDefault(image) + 1;
        }
        Require(reader, "images", "COCO's caption form");
        Require(reader, "annotations", "COCO's caption form");
        _annotations.Seal();
        var strays = named.Where(entry => !images.Contains(entry.Key)).Sum(entry => entry.Value);
        if (strays > 0)
        {
            Problem("annotations", $"{strays:N0} of them name an image that `images` does not hold", kept: true);
        }
    }

    protected override ListedImage? Read(JsonElement json, List<string> remarks)
    {
        var id = JsonFields.Id(json, "id") ?? throw new BadRecordException("has no `id`");
        var name = JsonFields.Text(json, "file_name") ?? throw new BadRecordException("has no `file_name`", BadSampleCause.NoImage);
        var found = new List<Caption>();
        foreach (var entry in _annotations.Find(RecordIndex.HashOf(System.Text.Encoding.UTF8.GetBytes(id))))
        {
            using var annotation = JsonDocument.Parse(Bytes.Read(entry.Offset, entry.Length));
            var place = $"annotation {JsonFields.Id(annotation.RootElement, "id") ?? $"at byte {entry.Offset}"}";
            if (!annotation.RootElement.TryGetProperty("caption", out var caption) || caption.ValueKind != JsonValueKind.String)
            {
                remarks.Add(place + " has no `caption`");
                continue;
            }
            _captions.Add(caption.GetString()!, place, found, remarks, JsonFields.Text(annotation.RootElement, "language"), JsonFields.Kind(annotation.RootElement));
        }
        var complete = CaptionReader.Complete(found, remarks, $"no caption (no annotation names image_id {id})");
        return new ListedImage(JsonFields.Text(json, "key") ?? KeyOf(name), name, complete, _folders.Find(Path, name));
    }
}
