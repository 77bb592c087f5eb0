using System.Text.Json;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// A JSONL list of images: each line an object with the name of an image (<c>data.image_key</c>, else the first of
/// <see cref="FieldNames.Images"/>) and captions as in <see cref="CaptionReader"/>. The key is <c>key</c> where the line has one.
/// </summary>
internal sealed class FolderList : JsonLinesFile
{
    private readonly string _imageKey;

    public FolderList(string path, CaptionReader captions, ImageFolders images, string imageKey)
        : base(path, captions, images)
    {
        _imageKey = imageKey;
        IndexAll();
    }

    protected override RecordName? Name(JsonElement json)
    {
        var fields = _imageKey.Length > 0
            ? json.EnumerateObject().Where(field => field.Name == _imageKey).ToList()
            : [.. json.EnumerateObject().Where(field => FieldNames.ImageRank(field.Name) is not null)
                .OrderBy(field => FieldNames.ImageRank(field.Name))];
        var name = fields.Select(field => JsonFields.Text(json, field.Name)).FirstOrDefault(text => text is not null);
        return name is not null
            ? RecordName.Of(name, JsonFields.Text(json, "key"))
            : throw new BadRecordException(NoName(json, fields), BadSampleCause.NoImage);
    }

    protected override void AddCaptions(JsonElement json, List<Caption> found, List<string> remarks) =>
        Captions.AddRecord(json, null, found, remarks);

    protected override string Missing(JsonElement json) => Captions.Missing(json, null, []);

    private string NoName(JsonElement json, List<JsonProperty> fields)
    {
        if (fields.Count > 0)
        {
            return $"its `{fields[0].Name}` is {JsonFields.Describe(fields[0].Value)} where the name of an image file was expected";
        }
        var wanted = _imageKey.Length > 0 ? $"`{_imageKey}` (data.image_key)" : "`image`, `file_name`, ...";
        var has = string.Join(", ", json.EnumerateObject().Select(field => field.Name).Take(12));
        return $"names no image (looked for {wanted}; its JSON has {has}). Name its field with data.image_key";
    }
}
