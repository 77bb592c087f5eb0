using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Llm2Clip.Engine;

namespace Llm2Clip.Data;

/// <summary>
/// Parquet files in the manner of Hugging Face: pictures as bytes or as structs of <c>bytes</c> and <c>path</c>, captions as texts or lists of
/// texts (<see cref="ParquetLayout"/>). Captions are read without the pictures. A picture can only be read together with its row group: the
/// pictures of a group wait in memory until they are asked for, which bounds how many samples a shuffle buffer may hold.
/// </summary>
internal sealed class ParquetSource : ISampleSource
{
    /// <summary>Small row groups are read together: opening a file costs more than reading a few captions.</summary>
    private const int RowsPerShard = 2048;

    private readonly string _pattern;
    private readonly IParquet _parquet;
    private readonly CaptionReader _captions;
    private readonly PictureBlocks _blocks;
    private readonly long _budget;
    private readonly List<Shard> _shards = [];
    private readonly int _files;

    /// <summary>Reads the footers of all files. Throws <see cref="InputException"/> where one cannot be read or holds no captions.</summary>
    public ParquetSource(string pattern, IReadOnlyList<string> files, DataConfig config, CaptionReader captions, IParquet parquet)
    {
        _pattern = pattern;
        _parquet = parquet;
        _captions = captions;
        _budget = (long)config.ShuffleBufferMb << 20;
        _blocks = new PictureBlocks(_budget);
        _files = files.Count;
        foreach (var file in files)
        {
            var layout = Guarded(() => ParquetLayout.Of(file, parquet.Inspect(file).Columns, config));
            Cut(file, layout, [.. Guarded(() => parquet.RowGroups(file)).Where(group => group.Rows > 0)]);
        }
    }

    public string Description => $"{_pattern} (Parquet, {_files} file{(_files == 1 ? "" : "s")})";

    public int ShardCount => _shards.Count;

    public string ShardName(int shard) => $"{_shards[shard].File} from row {_shards[shard].Groups[0].FirstRow}";

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken ct = default)
    {
        var (file, layout, groups) = _shards[shard];
        var all = new ParquetRowGroup(groups[0].FirstRow, groups.Sum(group => group.Rows), groups.Sum(group => group.Bytes));
        var columns = layout.PerSample;
        var keys = new HashSet<string>(StringComparer.Ordinal);
        using var rows = Guarded(() => _parquet.Read(file, columns, all).GetEnumerator());
        foreach (var group in groups)
        {
            var block = layout.Picture is null ? null : new PictureBlock(() => Load(file, layout.Picture, group));
            for (var place = 0; place < group.Rows && Guarded(rows.MoveNext); place++)
            {
                if (ReadRow(file, layout, rows.Current, group.FirstRow + place, keys, onBad) is var (key, origin, captions, path))
                {
                    yield return new Sample(key, origin, captions, new RowPicture(_blocks, block, place, group.Bytes / group.Rows, origin, path));
                }
            }
        }
    }

    /// <summary>What a row says besides its picture; null where it cannot be used, which <paramref name="onBad"/> hears of.</summary>
    private (string Key, string Origin, IReadOnlyList<Caption> Captions, string? Path)? ReadRow(
        string file, ParquetLayout layout, object?[] cells, long row, HashSet<string> keys, Action<BadSample> onBad)
    {
        var origin = $"{file}: row {row}";
        var remarks = new List<string>();
        try
        {
            var captions = layout.IsLabelled
                ? _captions.ReadLabelled((string[]?)cells[0], (string[]?)cells[1], (string[]?)cells[2], remarks)
                : Read(layout, cells, remarks);
            var path = Cell(layout.Path);
            var key = Cell(layout.Key) ?? (path is null ? null : Path.ChangeExtension(path, null)) ?? $"{Path.GetFileNameWithoutExtension(file)}-{row}";
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

        string? Cell(string? column)
        {
            var cell = column is null ? null : cells[layout.PerSample.ToList().IndexOf(column)];
            return Convert.ToString(cell, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : null;
        }
    }

    /// <summary>The captions of a row, as if it were a JSON record; the form that only Parquet files have, one column alone, is <c>captions</c>.</summary>
    private IReadOnlyList<Caption> Read(ParquetLayout layout, object?[] cells, List<string> remarks)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (var i = 0; i < layout.Captions.Count; i++)
            {
                json.WritePropertyName(_captions.IsConfigured ? layout.Captions[i] : "captions");
                JsonSerializer.Serialize(json, cells[i]);
            }
            json.WriteEndObject();
        }
        using var record = JsonDocument.Parse(buffer.WrittenMemory);
        return _captions.Read(record.RootElement, null, remarks);
    }

    private byte[]?[] Load(string file, string column, ParquetRowGroup group)
    {
        if (group.Bytes > _budget)
        {
            throw new InputException($"{file}: the row group from row {group.FirstRow} holds {group.Bytes >> 20} MB, more than data.shuffle_buffer_mb ({_budget >> 20}). "
                + "Raise it, or write the data with smaller groups first: `llm2clip data convert --form parquet`.");
        }
        return Guarded<byte[]?[]>(() => [.. _parquet.Read(file, [column], group).Select(row => (byte[]?)row[0])]);
    }

    private void Cut(string file, ParquetLayout layout, List<ParquetRowGroup> groups)
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

    private static T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ParquetException e)
        {
            throw new InputException(e.Message, e);
        }
    }

    private sealed record Shard(string File, ParquetLayout Layout, IReadOnlyList<ParquetRowGroup> Groups);

    /// <summary>The picture of a row: its bytes in the file, or, where these are null, the file that its path names.</summary>
    private sealed class RowPicture(PictureBlocks blocks, PictureBlock? block, int place, long bytes, string origin, string? path) : IImageBytes
    {
        /// <summary>What the picture takes while its group is loaded: the average of the group.</summary>
        public long HeldBytes => block is null ? 0 : bytes;

        public byte[] Read() => (block is null ? null : blocks.Take(block, place))
            ?? (path is not null && File.Exists(path)
                ? FileImage.Whole(path).Read()
                : throw new InputException($"{origin}: has no picture{(path is null ? "" : $", and its path '{path}' does not exist")}."));
    }
}
