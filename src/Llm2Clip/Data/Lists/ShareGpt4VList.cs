using System.Text.Json;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// ShareGPT4V's caption files: a list of
/// <c>{"id": .., "image": .., "conversations": [{"from": "human", "value": ..}, {"from": "gpt", "value": ..}]}</c>.
/// The caption is the first answer (of <c>gpt</c> or <c>assistant</c>); what follows it are questions about the image.
/// </summary>
internal sealed class ShareGpt4VList : JsonArrayFile
{
    /// <summary>Whether a file is one, by the fields of its first record.</summary>
    public static bool Is(FileHead head) => head.JsonHas("", "conversations");

    public ShareGpt4VList(string path, CaptionReader captions, ImageFolders images)
        : base(path, "", captions, images)
    {
        using var reader = new JsonArrayReader(path, "");
        while (reader.Next(out var record))
        {
            Take(record);
        }
        Require(reader, "", "ShareGPT4V's format");
        Seal();
    }

    protected override RecordName? Name(JsonElement json)
    {
        var name = JsonFields.Text(json, "image") ?? throw new BadRecordException("has no `image`", BadSampleCause.NoImage);
        return RecordName.Of(name, null);
    }

    protected override void AddCaptions(JsonElement json, List<Caption> found, List<string> remarks)
    {
        var index = 0;
        foreach (var turn in JsonFields.List(json, "conversations").EnumerateArray())
        {
            if (turn.ValueKind == JsonValueKind.Object && JsonFields.Text(turn, "from") is "gpt" or "assistant")
            {
                Captions.Add(JsonFields.Text(turn, "value") ?? "", $"conversations[{index}].value", found, remarks);
                break;
            }
            index++;
        }
    }

    protected override string Missing(JsonElement json) => "no caption (no turn of its `conversations` is from gpt or assistant)";
}
