using System.Text;
using System.Text.Json;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Chinese-CLIP's pair of files: <c>NAME_imgs.tsv</c> with <c>id TAB base64 of the image</c> per line, and <c>NAME_texts.jsonl</c> with
/// <c>{"text_id": 1, "text": .., "image_ids": [..]}</c> per line. Where images and texts are is kept; both are read when they are asked
/// for.
/// </summary>
internal sealed class ChineseClipList : ListFile
{
    /// <summary>Ending of the file of images, by which the pair is named.</summary>
    public const string ImagesEnding = "_imgs.tsv";

    private const int LinesPerChunk = 2048;
    private const int MaxIdBytes = 256;

    private readonly CaptionReader _captions;
    private readonly string _texts;
    private readonly ListBytes _textBytes;
    private readonly List<(long Offset, int Bytes)> _lines = [];
    private readonly RecordIndex _textsOf = new();

    /// <summary>Whether a file is one, by its name.</summary>
    public static bool Is(FileHead head) => head.Ends(ImagesEnding);

    /// <summary>Throws <see cref="InputException"/> where the file of texts is missing.</summary>
    public ChineseClipList(string path, CaptionReader captions)
        : base(path)
    {
        if (!path.EndsWith(ImagesEnding, StringComparison.OrdinalIgnoreCase))
        {
            throw new InputException($"'{path}': Chinese-CLIP's pair of files is named by its file of images, NAME{ImagesEnding}.");
        }
        _captions = captions;
        _texts = path[..^ImagesEnding.Length] + "_texts.jsonl";
        _textBytes = new ListBytes(_texts);
        if (!File.Exists(_texts))
        {
            throw new InputException($"{path}: the captions belong into {_texts}, which does not exist.");
        }
        _lines.AddRange(FileLines.Of(path, FileImage.MaxBytes).Select(line => (line.Offset, (int)line.Bytes)));
        var chunks = (_lines.Count + LinesPerChunk - 1) / LinesPerChunk;
        Chunks = [.. Enumerable.Range(0, chunks).Select(chunk => new ListChunk(0, 0, chunk * LinesPerChunk))];
        foreach (var line in FileLines.Of(_texts, LineRecords.MaxLineBytes).Where(line => line.Bytes > 0))
        {
            Index(line);
        }
        _textsOf.Seal();
        Close();
    }

    public override bool HasImageFiles => false;

    public override IReadOnlyList<ListChunk> Chunks { get; }

    public override IEnumerable<ListRecord> Records(ListChunk chunk)
    {
        for (var i = (int)chunk.First; i < Math.Min(chunk.First + LinesPerChunk, _lines.Count); i++)
        {
            var (offset, bytes) = _lines[i];
            if (bytes > 0)
            {
                // The id is at the front; the image behind it stays in the file.
                yield return new ListRecord($"line {i + 1}", offset, Bytes.Read(offset, Math.Min(bytes, MaxIdBytes)), bytes);
            }
        }
    }

    public override ListedImage? Read(ListRecord record, List<string> remarks)
    {
        var front = record.Bytes.Span;
        var tab = front.IndexOf((byte)'\t');
        if (tab <= 0)
        {
            throw new BadRecordException($"has no id with a tab behind it in its first {MaxIdBytes} bytes (looked for `id TAB base64`)");
        }
        var id = Encoding.UTF8.GetString(front[..tab]);
        var found = new List<Caption>();
        foreach (var entry in _textsOf.Find(RecordIndex.HashOf(front[..tab])))
        {
            using var text = RecordJson.Parse(_textBytes.Read(entry.Offset, entry.Length));
            var place = $"text_id {JsonFields.Id(text.RootElement, "text_id")}";
            _captions.Add(text.RootElement.GetProperty("text").GetString()!, place, found, remarks);
        }
        var complete = _captions.Complete(found, remarks, $"no caption (no line of {_texts} names the image {id})");
        return new ListedImage(id, id, complete, new Base64Image(Path, record.Place, record.Offset + tab + 1, record.Length - tab - 1));
    }

    public override void Close()
    {
        base.Close();
        _textBytes.Close();
    }

    private void Index(FileLine line)
    {
        var place = $"{System.IO.Path.GetFileName(_texts)}: line {line.Number}";
        try
        {
            using var json = RecordJson.Parse(_textBytes.Read(line.Offset, line.Bytes));
            if (json.RootElement.ValueKind != JsonValueKind.Object || JsonFields.Text(json.RootElement, "text") is null)
            {
                throw new BadRecordException("has no `text`");
            }
            foreach (var image in JsonFields.List(json.RootElement, "image_ids").EnumerateArray())
            {
                if (JsonFields.Id(image) is { } id)
                {
                    _textsOf.Add(RecordIndex.HashOf(Encoding.UTF8.GetBytes(id)), line.Offset, (int)line.Bytes);
                }
            }
        }
        catch (Exception e) when (e is BadRecordException or JsonException or InvalidOperationException)
        {
            Problem(place, e is BadRecordException ? e.Message : "is not valid JSON: " + e.Message);
        }
    }
}
