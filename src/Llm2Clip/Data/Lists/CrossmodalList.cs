using System.Text.Json;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Crossmodal-3600's <c>captions.jsonl</c>: <c>{"image/key": "0a1b", "image/locale": "fi", "en": {"caption": [..], ..}, "fi": ..}</c>; the
/// image is <c>0a1b.jpg</c>. All languages are read.
/// </summary>
internal sealed class CrossmodalList : JsonLinesFile
{
    private const string KeyField = "image/key";

    public CrossmodalList(string path, CaptionReader captions, ImageFolders images)
        : base(path, captions, images)
    {
        IndexAll();
    }

    public static bool Is(FileHead head) => head.JsonLinesHave(KeyField);

    protected override RecordName? Name(JsonElement json)
    {
        var key = JsonFields.Text(json, KeyField) ?? throw new BadRecordException($"has no `{KeyField}`");
        return RecordName.Of(key + ".jpg", key);
    }

    protected override void AddCaptions(JsonElement json, List<Caption> found, List<string> remarks)
    {
        foreach (var language in json.EnumerateObject().Where(field => field.Value.ValueKind == JsonValueKind.Object))
        {
            if (!language.Value.TryGetProperty("caption", out _))
            {
                remarks.Add($"{language.Name} has no `caption`");
                continue;
            }
            var index = 0;
            foreach (var caption in JsonFields.List(language.Value, "caption").EnumerateArray())
            {
                var place = $"{language.Name}.caption[{index++}]";
                var text = caption.ValueKind == JsonValueKind.String
                    ? caption.GetString()!
                    : throw new BadRecordException($"{place} is {JsonFields.Describe(caption)} where a text was expected");
                Captions.Add(text, place, found, remarks, language.Name);
            }
        }
    }

    protected override string Missing(JsonElement json) => "no caption (looked for languages with `caption` lists)";
}
