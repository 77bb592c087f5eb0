using System.Runtime.InteropServices;
using Llm2Clip.Data.Loading;

namespace Llm2Clip.Data.Parquet;

/// <summary>
/// Parquet files in the manner of Hugging Face: images as bytes or as structs of <c>bytes</c> and <c>path</c>, captions as texts or
/// lists of texts (<see cref="ParquetLayout"/>). Captions are read without the images. An image can only be read together with its row
/// group: the images of a group wait in memory until they are asked for, which bounds how many samples a shuffle buffer may hold.
/// </summary>
internal sealed class ParquetSource : ISampleSource
{
    /// <summary>Small row groups are read together: opening a file costs more than reading a few captions.</summary>
    private const int RowsPerShard = 2048;

    private readonly string _pattern;
    private readonly CaptionReader _captions;
    private readonly ImageBlocks _blocks;
    private readonly long _budget;
    private readonly List<Shard> _shards = [];
    private readonly int _files;

    /// <summary>
    /// Reads the footers of all files. Throws <see cref="InputException"/> where one cannot be read or holds no captions.
    /// </summary>
    public ParquetSource(string pattern, IReadOnlyList<string> files, DataConfig config, CaptionReader captions)
    {
        _pattern = pattern;
        _captions = captions;
        _budget = (long)config.ShuffleBufferMb << 20;
        _blocks = new ImageBlocks(_budget);
        _files = files.Count;
        foreach (var file in files)
        {
            using var table = ParquetTable.Open(file);
            Cut(file, ParquetLayout.Of(file, table.Columns, config), table.RowGroups.Where(group => group.Rows > 0));
        }
    }

    public string Description => $"{_pattern} (Parquet, {_files} file{(_files == 1 ? "" : "s")})";

    public int ShardCount => _shards.Count;

    public string ShardName(int shard) => $"{_shards[shard].File} from row {_shards[shard].Groups[0].FirstRow}";

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        var (file, layout, groups) = _shards[shard];
        var keys = new HashSet<string>(StringComparer.Ordinal);
        using var table = ParquetTable.Open(file);
        var rows = new SampleRows(table, layout);
        foreach (var group in groups)
        {
            rows.Read(group);
            var block = layout.Image is null ? null : new ImageBlock(() => Load(file, layout.Image, group));
            for (var place = 0; place < group.Rows; place++)
            {
                if (ReadRow(file, rows, place, group.FirstRow + place, keys, onBad) is var (key, origin, captions, path))
                {
                    var image = new RowImage(_blocks, block, place, group.Bytes / group.Rows, origin, path);
                    yield return new Sample(key, origin, captions, image);
                }
            }
        }
    }

    /// <summary>What a row says besides its image; null where it cannot be used, which <paramref name="onBad"/> hears of.</summary>
    private (string Key, string Origin, IReadOnlyList<Caption> Captions, string? Path)? ReadRow(
        string file, SampleRows rows, int place, long row, HashSet<string> keys, Action<BadSample> onBad)
    {
        var origin = $"{file}: row {row}";
        var remarks = new List<string>();
        try
        {
            var captions = rows.Captions(place, _captions, remarks);
            var path = rows.Path(place);
            var key = rows.Key(place) ?? Path.ChangeExtension(path, null) ?? $"{Path.GetFileNameWithoutExtension(file)}-{row}";
            if (!keys.Add(key))
            {
                throw new BadRecordException($"has the key '{key}' of an earlier row; the first one is used");
            }
            foreach (var remark in remarks)
            {
                onBad(new BadSample(origin, remark, Kept: true));
            }
            return (key, origin, captions, path is null ? null : Path.Combine(Path.GetDirectoryName(file) ?? "", path));
        }
        catch (BadRecordException e)
        {
            onBad(new BadSample(origin, e.Message, Cause: e.Cause));
            return null;
        }
    }

    private byte[]?[] Load(string file, string column, ParquetRowGroup group)
    {
        if (group.Bytes > _budget)
        {
            throw new InputException($"{file}: the row group from row {group.FirstRow} holds {group.Bytes >> 20} MB, "
                + $"more than data.shuffle_buffer_mb ({_budget >> 20}). Raise it, or write the data with smaller groups "
                + "first: `llm2clip data convert --format parquet`.");
        }
        using var table = ParquetTable.Open(file);
        var images = table.Bytes(column);
        images.Read(group);
        return [.. Enumerable.Range(0, group.Rows).Select(row => images[row] is { } bytes ? Whole(bytes) : null)];

        static byte[] Whole(ReadOnlyMemory<byte> bytes) =>
            MemoryMarshal.TryGetArray(bytes, out var held) && held.Count == held.Array!.Length ? held.Array : bytes.ToArray();
    }

    private void Cut(string file, ParquetLayout layout, IEnumerable<ParquetRowGroup> groups)
    {
        var shard = new List<ParquetRowGroup>();
        foreach (var group in groups)
        {
            shard.Add(group);
            if (shard.Sum(g => (long)g.Rows) >= RowsPerShard)
            {
                _shards.Add(new Shard(file, layout, shard));
                shard = [];
            }
        }
        if (shard.Count > 0)
        {
            _shards.Add(new Shard(file, layout, shard));
        }
    }

    private sealed record Shard(string File, ParquetLayout Layout, IReadOnlyList<ParquetRowGroup> Groups);

    /// <summary>The image of a row: its bytes in the file, or, where these are null, the file that its path names.</summary>
    private sealed class RowImage(ImageBlocks blocks, ImageBlock? block, int place, long bytes, string origin, string? path)
        : IImageBytes
    {
        /// <summary>What the image takes while its group is loaded: the average of the group.</summary>
        public long HeldBytes => block is null ? 0 : bytes;

        public byte[] Read() => (block is null ? null : blocks.Take(block, place))
            ?? (path is not null && File.Exists(path)
                ? FileImage.Whole(path).Read()
                : throw new InputException($"{origin}: has no image{(path is null ? "" : $", and its path '{path}' does not exist")}."));
    }
}
