using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Llm2Clip.Data.Parquet;

/// <summary>
/// Which rows of a file are one image, and which would have the same key: found once, when the file is opened, by 64-bit hashes of the
/// keys (16 bytes per row). Rows are one image where they state the same key or name the same file. Whether a column of keys does name
/// images shows in the bytes: where rows of equal keys hold different images, the column names something else, and each row stays a
/// sample.
/// </summary>
internal sealed class RowNames
{
    /// <summary>Keys with several rows whose images are compared.</summary>
    private const int Compared = 64;

    private readonly Dictionary<long, IReadOnlyList<long>> _further = [];
    private readonly HashSet<long> _later = [];
    private readonly HashSet<long> _shared = [];

    /// <summary>
    /// Reads the column of keys, or that of names, of all row groups. Groups beyond <paramref name="budget"/> bytes are not loaded to
    /// compare images.
    /// </summary>
    public RowNames(ParquetTable table, ParquetLayout layout, long budget)
    {
        var rows = new SampleRows(table, layout);
        var named = new List<(ulong Hash, long Row)>();
        foreach (var group in layout.Key is null && layout.Path is null ? [] : table.RowGroups.Where(group => group.Rows > 0))
        {
            rows.Read(group);
            for (var place = 0; place < group.Rows; place++)
            {
                if ((rows.Key(place) ?? ShortPath(rows.Path(place), layout)) is { } key)
                {
                    named.Add((XxHash3.HashToUInt64(MemoryMarshal.AsBytes(key.AsSpan())), group.FirstRow + place));
                }
            }
        }
        named.Sort();
        var repeated = Repeated(named);
        var isImage = layout.Image is null || (layout.Key is not null && SameImages(table, layout.Image, repeated, budget));
        foreach (var same in repeated)
        {
            if (isImage)
            {
                _further.Add(same[0], same.GetRange(1, same.Count - 1));
                _later.UnionWith(same.Skip(1));
            }
            else
            {
                _shared.UnionWith(same);
            }
        }
    }

    /// <summary>Whether an earlier row gives the sample.</summary>
    public bool IsLater(long row) => _later.Contains(row);

    /// <summary>The later rows of the same image.</summary>
    public IReadOnlyList<long> Further(long row) => _further.GetValueOrDefault(row) ?? [];

    /// <summary>Whether rows of other images have this one's key.</summary>
    public bool IsShared(long row) => _shared.Contains(row);

    /// <summary>A path as a key; without the extension where the image is inside, and a path no more than a name.</summary>
    private static string? ShortPath(string? path, ParquetLayout layout) => layout.Image is null ? path : Path.ChangeExtension(path, null);

    private static List<List<long>> Repeated(List<(ulong Hash, long Row)> named)
    {
        var repeated = new List<List<long>>();
        for (int start = 0, end; start < named.Count; start = end)
        {
            for (end = start + 1; end < named.Count && named[end].Hash == named[start].Hash; end++)
            {
            }
            if (end - start > 1)
            {
                repeated.Add([.. named[start..end].Select(entry => entry.Row)]);
            }
        }
        repeated.Sort((a, b) => a[0].CompareTo(b[0]));
        return repeated;
    }

    /// <summary>Whether the rows of the first keys hold equal images.</summary>
    private static bool SameImages(ParquetTable table, string column, List<List<long>> repeated, long budget)
    {
        var looked = repeated.Take(Compared).ToList();
        var wanted = looked.SelectMany(rows => rows).ToHashSet();
        var hashes = new Dictionary<long, UInt128>();
        var images = table.Bytes(column);
        foreach (var group in table.RowGroups.Where(group => group.Bytes <= budget))
        {
            var here = wanted.Where(row => row >= group.FirstRow && row < group.FirstRow + group.Rows).ToList();
            if (here.Count == 0)
            {
                continue;
            }
            images.Read(group);
            foreach (var row in here)
            {
                hashes[row] = images[(int)(row - group.FirstRow)] is { } bytes ? XxHash128.HashToUInt128(bytes.Span) : 0;
            }
        }
        return looked.TrueForAll(rows => rows.Where(hashes.ContainsKey).Select(row => hashes[row]).Distinct().Count() <= 1);
    }
}
