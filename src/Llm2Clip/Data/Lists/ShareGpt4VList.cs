using System.Text.Json;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// ShareGPT4V's caption files: a list of <c>{"id": .., "image": .., "conversations": [{"from": "human", "value": ..}, {"from": "gpt", "value": ..}]}</c>.
/// The caption is the first answer (of <c>gpt</c> or <c>assistant</c>); what follows it are questions about the image.
/// </summary>
internal sealed class ShareGpt4VList : JsonArrayFile
{
    private readonly CaptionReader _captions;
    private readonly ImageFolders _images;

    /// <summary>Whether a file is one, by the fields of its first record.</summary>
    public static bool Is(FileHead head) => head.JsonHas("", "conversations");

    public ShareGpt4VList(string path, CaptionReader captions, ImageFolders images)
        : base(path, "")
    {
        (_captions, _images) = (captions, images);
        using var reader = new JsonArrayReader(path, "");
        while (reader.Next(out var record))
        {
            Found.Add(record.Offset, record.Offset + record.Bytes.Length, record.Index);
        }
        Require(reader, "", "ShareGPT4V's form");
    }

    protected override ListedImage? Read(JsonElement json, List<string> remarks)
    {
        var name = JsonFields.Text(json, "image") ?? throw new BadRecordException("has no `image`", BadSampleCause.NoImage);
        var found = new List<Caption>();
        var index = 0;
        foreach (var turn in JsonFields.List(json, "conversations").EnumerateArray())
        {
            if (turn.ValueKind == JsonValueKind.Object && JsonFields.Text(turn, "from") is "gpt" or "assistant")
            {
                _captions.Add(JsonFields.Text(turn, "value") ?? "", $"conversations[{index}].value", found, remarks);
                break;
            }
            index++;
        }
        var complete = CaptionReader.Complete(found, remarks, "no caption (no turn of its `conversations` is from gpt or assistant)");
        return new ListedImage(KeyOf(name), name, complete, _images.Find(Path, name));
    }
}
