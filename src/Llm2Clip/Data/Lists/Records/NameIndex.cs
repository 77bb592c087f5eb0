using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Llm2Clip.Data.Lists.Records;

/// <summary>What a record names.</summary>
/// <param name="Image">The image, as the record writes it.</param>
/// <param name="OwnKey">The key that the record states; null where the image's name is all there is.</param>
/// <param name="Identity">Records of equal identity are one sample.</param>
internal readonly record struct RecordName(string Image, string? OwnKey, string Identity)
{
    /// <summary>A record whose image, and key where it states one, make it a sample.</summary>
    public static RecordName Of(string image, string? ownKey) => new(image, ownKey, ownKey is null ? image : $"{ownKey}\n{image}");

    /// <summary>The key where no other sample has it: the record's own, else the image's path without the extension.</summary>
    public string ShortKey => OwnKey ?? Path.ChangeExtension(Image.Replace('\\', '/'), null);

    /// <summary>The key where different samples would have the short one.</summary>
    public string LongKey => OwnKey is null ? Image.Replace('\\', '/') : $"{OwnKey}:{Image}";
}

/// <summary>
/// Which records of a list are one sample, and which samples would have the same key: found once, when the list is opened, by 64-bit hashes
/// (40 bytes per record). What stays in memory are the records of samples that have several, and keys that several samples would have.
/// </summary>
internal sealed class NameIndex
{
    private readonly RecordIndex _records = new();
    private readonly HashSet<ulong> _shared = [];
    private List<(ulong Key, ulong Identity)> _keys = [];

    public void Add(RecordName name, long offset, int length)
    {
        var identity = HashOf(name.Identity);
        _records.Add(identity, offset, length);
        _keys.Add((HashOf(name.ShortKey), identity));
    }

    /// <summary>Ends adding.</summary>
    public void Seal()
    {
        _records.Seal(repeatedOnly: true);
        _keys.Sort();
        for (var i = 1; i < _keys.Count; i++)
        {
            if (_keys[i].Key == _keys[i - 1].Key && _keys[i].Identity != _keys[i - 1].Identity)
            {
                _shared.Add(_keys[i].Key);
            }
        }
        _keys = [];
    }

    /// <summary>
    /// The records of a sample in the order of the file, none where it has only one; null where the record at <paramref name="offset"/> is
    /// a later one of them, so that the sample was given with the first.
    /// </summary>
    public IReadOnlyList<RecordIndex.Entry>? Records(RecordName name, long offset)
    {
        List<RecordIndex.Entry> records = [.. _records.Find(HashOf(name.Identity))];
        return records.Count > 0 && records[0].Offset != offset ? null : records;
    }

    /// <summary>The key of a sample: no other one of the list has it.</summary>
    public string Key(RecordName name) => _shared.Contains(HashOf(name.ShortKey)) ? name.LongKey : name.ShortKey;

    private static ulong HashOf(string text) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan()));
}
