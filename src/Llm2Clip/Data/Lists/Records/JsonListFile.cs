using System.Text.Json;

namespace Llm2Clip.Data.Lists.Records;

/// <summary>
/// A list whose records are JSON objects. Records of one image are one sample, wherever in the file they are: the first gives it with the
/// captions of all.
/// </summary>
internal abstract class JsonListFile(string path, CaptionReader captions, ImageFolders images) : ListFile(path)
{
    private readonly NameIndex _names = new();

    /// <summary>Gives captions their language and kind.</summary>
    protected CaptionReader Captions => captions;

    public override ListedImage? Read(ListRecord record, List<string> remarks)
    {
        using var json = Parse(record.Bytes);
        if (Name(json.RootElement) is not { } name)
        {
            return null;
        }
        if (_names.Records(name, record.Offset) is not { } records)
        {
            return null;
        }
        var found = new List<Caption>();
        if (records.Count == 0)
        {
            AddCaptions(json.RootElement, found, remarks);
        }
        foreach (var each in records)
        {
            AddJoined(each, found, remarks);
        }
        var all = found.Count > 0 ? found : captions.Complete(found, remarks, Missing(json.RootElement));
        return new ListedImage(_names.Key(name), name.Image, records.Count > 0 ? [.. all.Distinct()] : all, images.Find(Path, name.Image));
    }

    /// <summary>
    /// Adds the captions of one of several records of an image: what is wrong with it is a remark, as the image has others.
    /// </summary>
    private void AddJoined(RecordIndex.Entry record, List<Caption> found, List<string> remarks)
    {
        var (before, said) = (found.Count, remarks.Count);
        try
        {
            using var json = Parse(Bytes.Read(record.Offset, record.Length));
            AddCaptions(json.RootElement, found, remarks);
            if (found.Count == before && remarks.Count == said)
            {
                remarks.Add($"its record at byte {record.Offset} has no caption");
            }
        }
        catch (Exception e) when (e is BadRecordException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is not Unicode.
            remarks.Add($"in its record at byte {record.Offset}, {e.Message}");
        }
    }

    /// <summary>
    /// What a record names; null where it is left out by choice (another split). Throws <see cref="BadRecordException"/> where it names
    /// nothing.
    /// </summary>
    protected abstract RecordName? Name(JsonElement json);

    /// <summary>Adds a record's captions. Throws <see cref="BadRecordException"/> where what it has is not one.</summary>
    protected abstract void AddCaptions(JsonElement json, List<Caption> found, List<string> remarks);

    /// <summary>What is said of a record without captions.</summary>
    protected abstract string Missing(JsonElement json);

    /// <summary>Takes in a record when the file is walked through; one that is broken is named when it is read.</summary>
    protected void Index(ReadOnlyMemory<byte> record, long offset)
    {
        try
        {
            using var json = Parse(record);
            if (Name(json.RootElement) is { } name)
            {
                _names.Add(name, offset, record.Length);
            }
        }
        catch (Exception e) when (e is JsonException or BadRecordException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is not Unicode.
        }
    }

    /// <summary>Ends <see cref="Index"/>.</summary>
    protected void Seal() => _names.Seal();

    private static JsonDocument Parse(ReadOnlyMemory<byte> record)
    {
        var json = RecordJson.Parse(record);
        if (json.RootElement.ValueKind == JsonValueKind.Object)
        {
            return json;
        }
        var found = JsonFields.Describe(json.RootElement);
        json.Dispose();
        throw new BadRecordException($"is not an object but {found}");
    }
}
