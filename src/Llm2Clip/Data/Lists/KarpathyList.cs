using System.Text;
using System.Text.Json;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Karpathy's split files (<c>dataset_coco.json</c>, <c>dataset_flickr8k.json</c>, <c>dataset_flickr30k.json</c>): <c>images</c> with
/// <c>filename</c>, <c>filepath</c> (a folder, COCO only), <c>split</c> and <c>sentences[].raw</c>. A <c>key</c> of an image and <c>language</c> and <c>kind</c> of a sentence,
/// which our own files have, are read too.
/// </summary>
internal sealed class KarpathyList : JsonArrayFile
{
    private readonly CaptionReader _captions;
    private readonly ImageFolders _images;
    private readonly IReadOnlyList<string> _splits;

    /// <summary>Whether a file is one, by the fields of its first record.</summary>
    public static bool Is(FileHead head) => head.JsonHas("images", "sentences");

    /// <summary>Images of <paramref name="splits"/> alone, of all where it is empty. Throws <see cref="InputException"/> where the file has no such split.</summary>
    public KarpathyList(string path, CaptionReader captions, ImageFolders images, IReadOnlyList<string> splits)
        : base(path, "images")
    {
        (_captions, _images, _splits) = (captions, images, splits);
        var known = new HashSet<string>();
        using var reader = new JsonArrayReader(path, "images");
        while (reader.Next(out var image))
        {
            Found.Add(image.Offset, image.Offset + image.Bytes.Length, image.Index);
            known.Add(Encoding.UTF8.GetString(JsonFields.Raw(image.Bytes.Span, "split"u8)));
        }
        Require(reader, "images", "Karpathy's");
        if (splits.FirstOrDefault(split => !known.Contains(split)) is { } missing)
        {
            throw new InputException($"{path} has no split '{missing}'; it has {string.Join(", ", known.Where(name => name.Length > 0).Order(StringComparer.Ordinal))}.");
        }
    }

    protected override ListedImage? Read(JsonElement json, List<string> remarks)
    {
        if (_splits.Count > 0 && !_splits.Contains(JsonFields.Text(json, "split") ?? ""))
        {
            return null;
        }
        var file = JsonFields.Text(json, "filename") ?? throw new BadRecordException("has no `filename`", BadSampleCause.NoImage);
        var name = JsonFields.Text(json, "filepath") is { } folder ? $"{folder}/{file}" : file;
        var found = new List<Caption>();
        var index = 0;
        foreach (var sentence in JsonFields.List(json, "sentences").EnumerateArray())
        {
            var place = $"sentences[{index++}]";
            if (sentence.ValueKind != JsonValueKind.Object || !sentence.TryGetProperty("raw", out var raw) || raw.ValueKind != JsonValueKind.String)
            {
                remarks.Add($"{place} has no `raw` text");
                continue;
            }
            _captions.Add(raw.GetString()!, place + ".raw", found, remarks, JsonFields.Text(sentence, "language"), JsonFields.Kind(sentence));
        }
        return new ListedImage(
            JsonFields.Text(json, "key") ?? KeyOf(name), name, CaptionReader.Complete(found, remarks, "no caption (its `sentences` are empty)"), _images.Find(Path, name));
    }
}
