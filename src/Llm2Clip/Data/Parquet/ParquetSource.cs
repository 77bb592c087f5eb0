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
            var layout = ParquetLayout.Of(file, table, config, captions);
            Cut(new Rows(file, layout, table.RowGroups, new RowNames(table, layout, _budget)));
        }
    }

    public string Description => $"{_pattern} (Parquet, {_files} file{(_files == 1 ? "" : "s")})";

    public int ShardCount => _shards.Count;

    public string ShardName(int shard) => $"{_shards[shard].File.Path} from row {_shards[shard].Groups[0].FirstRow}";

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        var (file, groups) = _shards[shard];
        using var table = ParquetTable.Open(file.Path);
        var rows = new SampleRows(table, file.Layout);
        foreach (var group in groups)
        {
            var elsewhere = ReadElsewhere(table, file, group);
            rows.Read(group);
            var block = file.Layout.Image is null ? null : new ImageBlock(() => Load(file.Path, file.Layout.Image, group));
            for (var place = 0; place < group.Rows; place++)
            {
                if (!file.Names.IsLater(group.FirstRow + place)
                    && ReadRow(file, rows, place, group, elsewhere, onBad) is var (key, origin, captions, path))
                {
                    var image = new RowImage(_blocks, block, place, group.Bytes / group.Rows, origin, path, file.Layout.Problem);
                    yield return new Sample(key, origin, captions, image);
                }
            }
        }
    }

    /// <summary>The captions of rows in other groups whose image is in this one.</summary>
    private Dictionary<long, (List<Caption> Captions, List<string> Remarks)> ReadElsewhere(
        ParquetTable table, Rows file, ParquetRowGroup group)
    {
        var found = new Dictionary<long, (List<Caption>, List<string>)>();
        var wanted = Enumerable.Range(0, group.Rows).SelectMany(place => file.Names.Further(group.FirstRow + place)).ToHashSet();
        wanted.RemoveWhere(row => IsIn(group, row));
        if (wanted.Count == 0)
        {
            return found;
        }
        var rows = new SampleRows(table, file.Layout);
        var firsts = file.Groups.Select(each => each.FirstRow).ToArray();
        foreach (var inGroup in wanted.GroupBy(row => Place(firsts, row)).OrderBy(each => each.Key))
        {
            var other = file.Groups[inGroup.Key];
            rows.Read(other);
            foreach (var row in inGroup)
            {
                var (captions, remarks) = (new List<Caption>(), new List<string>());
                AddFurther(rows, (int)(row - other.FirstRow), captions, remarks);
                found.Add(row, (captions, remarks));
            }
        }
        return found;
    }

    /// <summary>The last group that does not begin behind a row; of several that begin with it, all but the last are empty.</summary>
    private static int Place(long[] firsts, long row)
    {
        var place = Array.BinarySearch(firsts, row);
        place = place < 0 ? ~place - 1 : place;
        while (place + 1 < firsts.Length && firsts[place + 1] == firsts[place])
        {
            place++;
        }
        return place;
    }

    private static bool IsIn(ParquetRowGroup group, long row) => row >= group.FirstRow && row < group.FirstRow + group.Rows;

    private void AddFurther(SampleRows rows, int place, List<Caption> captions, List<string> remarks)
    {
        try
        {
            rows.AddCaptions(place, _captions, captions, remarks);
        }
        catch (BadRecordException e)
        {
            remarks.Add(e.Message);
        }
    }

    /// <summary>What a row says besides its image; null where it cannot be used, which <paramref name="onBad"/> hears of.</summary>
    private (string Key, string Origin, IReadOnlyList<Caption> Captions, string? Path)? ReadRow(
        Rows file, SampleRows rows, int place, ParquetRowGroup group,
        Dictionary<long, (List<Caption> Captions, List<string> Remarks)> elsewhere, Action<BadSample> onBad)
    {
        var row = group.FirstRow + place;
        var origin = $"{file.Path}: row {row}";
        var (found, remarks) = (new List<Caption>(), new List<string>());
        try
        {
            var further = file.Names.Further(row);
            if (further.Count == 0)
            {
                rows.AddCaptions(place, _captions, found, remarks);
            }
            else
            {
                AddFurther(rows, place, found, remarks);
            }
            foreach (var other in further)
            {
                if (IsIn(group, other))
                {
                    AddFurther(rows, (int)(other - group.FirstRow), found, remarks);
                }
                else
                {
                    found.AddRange(elsewhere[other].Captions);
                    remarks.AddRange(elsewhere[other].Remarks);
                }
            }
            var captions = _captions.Complete(found, remarks, $"no caption (looked for {_captions.Wanted})");
            foreach (var remark in remarks)
            {
                onBad(new BadSample(origin, remark, Kept: true));
            }
            var path = rows.Path(place);
            var name = rows.Key(place) ?? (file.Layout.Image is null ? path : Path.ChangeExtension(path, null));
            return (
                name is null || file.Names.IsShared(row) ? $"{Path.GetFileNameWithoutExtension(file.Path)}-{row}" : name, origin,
                further.Count > 0 ? [.. captions.Distinct()] : captions,
                path is null ? null : Path.Combine(Path.GetDirectoryName(file.Path) ?? "", path.Replace('\\', '/')));
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

    private void Cut(Rows file)
    {
        var shard = new List<ParquetRowGroup>();
        foreach (var group in file.Groups.Where(group => group.Rows > 0))
        {
            shard.Add(group);
            if (shard.Sum(g => (long)g.Rows) >= RowsPerShard)
            {
                _shards.Add(new Shard(file, shard));
                shard = [];
            }
        }
        if (shard.Count > 0)
        {
            _shards.Add(new Shard(file, shard));
        }
    }

    /// <summary>One file: what its columns hold, and which of its rows belong together.</summary>
    private sealed record Rows(string Path, ParquetLayout Layout, IReadOnlyList<ParquetRowGroup> Groups, RowNames Names);

    private sealed record Shard(Rows File, IReadOnlyList<ParquetRowGroup> Groups);

    /// <summary>The image of a row: its bytes in the file, or, where these are null, the file that its path names.</summary>
    private sealed class RowImage(ImageBlocks blocks, ImageBlock? block, int place, long bytes, string origin, string? path, string problem)
        : IImageBytes
    {
        /// <summary>What the image takes while its group is loaded: the average of the group.</summary>
        public long HeldBytes => block is null ? 0 : bytes;

        public byte[] Read() => (block is null ? null : blocks.Take(block, place))
            ?? (path is not null && File.Exists(path)
                ? FileImage.Whole(path).Read()
                : throw new InputException($"{origin}: has no image{Why()}."));

        private string Why() => path is not null ? $", and its path '{path}' does not exist" : problem.Length > 0 ? $": {problem}" : "";
    }
}
