using Llm2Clip.Files;

namespace Llm2Clip.Data.Conversion;

/// <summary>
/// Writes one data set into a <see cref="ConversionFolder"/>: cuts it into shards and commits each. Samples that complete shards hold
/// already are passed over. Throws <see cref="RunException"/> where a file cannot be written; the shard that it belongs to is dropped.
/// </summary>
internal sealed class PartWriter : IDisposable
{
    private readonly string _name;
    private readonly ConversionFolder _folder;
    private readonly IDatasetWriter _writer;
    private readonly DatasetPlace _place;
    private readonly int _maxImages;
    private readonly long _maxBytes;
    private PartProgress _state;
    private ISampleWriter? _shard;
    private int _images;
    private int _captions;
    private long _bytes;

    /// <summary><paramref name="place"/> is where the data set goes, the folder itself or one below it.</summary>
    public PartWriter(string name, ConversionFolder folder, IDatasetWriter writer, DatasetPlace place, ConvertConfig config)
    {
        (_name, _folder, _writer, _place) = (name, folder, writer, place);
        (_maxImages, _maxBytes) = (config.SamplesPerShard, config.ShardMb * 1_000_000L);
        _state = folder.Progress.Parts[name];
        Guard(() =>
        {
            DurableFolder.Create(place.Folder);
            PendingFile.Sweep(place.Folder);
        });
    }

    /// <summary>Where in the source the first shard that is not complete begins.</summary>
    public SourcePosition Next => _state.Next;

    /// <summary>What is complete.</summary>
    public WrittenPart Written => new(_name, _place.Folder, _state.Shards, _state.Images, _state.Captions);

    /// <summary>Appends a sample that is at <paramref name="at"/> in the source, unless it is there already.</summary>
    public void Add(Sample sample, ReadOnlyMemory<byte> image, SourcePosition at)
    {
        if (at.CompareTo(Next) < 0)
        {
            return;
        }
        if (_shard is not null && (_images == _maxImages || _bytes + image.Length > _maxBytes))
        {
            Complete(at);
        }
        Guard(() =>
        {
            _shard ??= _writer.OpenShard(_place, new ShardStart(_state.Shards, _state.Images, _state.Captions));
            _shard.Add(sample, image);
        });
        _images++;
        _captions += sample.Captions.Count;
        _bytes += image.Length;
    }

    /// <summary>Completes the open shard; the next one begins at <paramref name="next"/>.</summary>
    public void Complete(SourcePosition next)
    {
        if (_shard is not null)
        {
            Guard(_shard.Complete);
            _shard.Dispose();
            _shard = null;
            _state = new PartProgress(_state.Shards + 1, _state.Images + _images, _state.Captions + _captions, next);
            (_images, _captions, _bytes) = (0, 0, 0);
        }
        _state = _state with { Next = next };
        Guard(() => _folder.Commit(_name, _state));
    }

    /// <summary>Writes what spans all shards.</summary>
    public void Finish() => Guard(() => _writer.Finish(_place, _state.Shards));

    /// <summary>Deletes what <see cref="Finish"/> needed.</summary>
    public void CleanUp() => Guard(() => _writer.CleanUp(_place, _state.Shards));

    public void Dispose() => _shard?.Dispose();

    private void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw ConversionFolder.CannotWrite(_folder.Root, error);
        }
    }
}
