using System.IO.Hashing;

namespace Llm2Clip.Data.Lists.Records;

/// <summary>
/// Finds the records that name an image, wherever in the file they are: 64-bit hashes of names and offsets of records, 24 bytes a
/// record, sorted once.
/// </summary>
internal sealed class RecordIndex
{
    private readonly List<Entry> _entries = [];

    /// <summary>A record of <paramref name="Length"/> bytes at <paramref name="Offset"/>.</summary>
    public readonly record struct Entry(ulong Hash, long Offset, int Length);

    public static ulong HashOf(ReadOnlySpan<byte> name) => XxHash3.HashToUInt64(name);

    public void Add(ulong name, long offset, int length) => _entries.Add(new Entry(name, offset, length));

    /// <summary>Ends adding. With <paramref name="repeatedOnly"/>, names with a single record are forgotten.</summary>
    public void Seal(bool repeatedOnly = false)
    {
        _entries.Sort((a, b) => a.Hash != b.Hash ? a.Hash.CompareTo(b.Hash) : a.Offset.CompareTo(b.Offset));
        if (repeatedOnly)
        {
            var kept = 0;
            for (int start = 0, end; start < _entries.Count; start = end)
            {
                for (end = start + 1; end < _entries.Count && _entries[end].Hash == _entries[start].Hash; end++)
                {
                }
                for (var i = start; i < end && end - start > 1; i++)
                {
                    _entries[kept++] = _entries[i];
                }
            }
            _entries.RemoveRange(kept, _entries.Count - kept);
        }
        _entries.TrimExcess();
    }

    /// <summary>The records of a name, in the order in which they are in the file.</summary>
    public IEnumerable<Entry> Find(ulong name)
    {
        for (var i = LowerBound(name); i < _entries.Count && _entries[i].Hash == name; i++)
        {
            yield return _entries[i];
        }
    }

    private int LowerBound(ulong name)
    {
        var (low, high) = (0, _entries.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _entries[middle].Hash < name ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
