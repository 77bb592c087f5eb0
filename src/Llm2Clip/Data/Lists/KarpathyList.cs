using System.Text;
using System.Text.Json;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Karpathy's split files (<c>dataset_coco.json</c>, <c>dataset_flickr8k.json</c>, <c>dataset_flickr30k.json</c>): <c>images</c> with
/// <c>filename</c>, <c>filepath</c> (a folder, COCO only), <c>split</c> and <c>sentences[].raw</c>. A <c>key</c> of an image and
/// <c>language</c> and <c>kind</c> of a sentence, which our own files have, are read too.
/// </summary>
internal sealed class KarpathyList : JsonArrayFile
{
    private readonly IReadOnlyList<string> _splits;

    /// <summary>Whether a file is one, by the fields of its first record.</summary>
    public static bool Is(FileHead head) => head.JsonHas("images", "sentences");

    /// <summary>
    /// Images of <paramref name="splits"/> alone, of all where it is empty. Throws <see cref="InputException"/> where the file has no such
    /// split.
    /// </summary>
    public KarpathyList(string path, CaptionReader captions, ImageFolders images, IReadOnlyList<string> splits)
        : base(path, "images", captions, images)
    {
        _splits = splits;
        var known = new HashSet<string>();
        using var reader = new JsonArrayReader(path, "images");
        while (reader.Next(out var image))
        {
            Take(image);
            known.Add(Encoding.UTF8.GetString(JsonFields.Raw(image.Bytes.Span, "split"u8)));
        }
        Require(reader, "images", "Karpathy's format");
        Seal();
        if (splits.FirstOrDefault(split => !known.Contains(split)) is { } missing)
        {
            var names = string.Join(", ", known.Where(name => name.Length > 0).Order(StringComparer.Ordinal));
            throw new InputException($"{path} has no split '{missing}'; it has {names}.");
        }
    }

    protected override RecordName? Name(JsonElement json)
    {
        if (_splits.Count > 0 && !_splits.Contains(JsonFields.Text(json, "split") ?? ""))
        {
            return null;
        }
        var file = JsonFields.Text(json, "filename") ?? throw new BadRecordException("has no `filename`", BadSampleCause.NoImage);
        var name = JsonFields.Text(json, "filepath") is { } folder ? $"{folder}/{file}" : file;
        return RecordName.Of(name, JsonFields.Text(json, "key"));
    }

    protected override void AddCaptions(JsonElement json, List<Caption> found, List<string> remarks)
    {
        var index = 0;
        foreach (var sentence in JsonFields.List(json, "sentences").EnumerateArray())
        {
            var place = $"sentences[{index++}]";
            if (sentence.ValueKind != JsonValueKind.Object || !sentence.TryGetProperty("raw", out var raw)
                || raw.ValueKind != JsonValueKind.String)
            {
                remarks.Add($"{place} has no `raw` text");
                continue;
            }
            var language = JsonFields.Text(sentence, "language");
            Captions.Add(raw.GetString()!, place + ".raw", found, remarks, language, JsonFields.Kind(sentence));
        }
    }

    protected override string Missing(JsonElement json) => "no caption (its `sentences` are empty)";
}
