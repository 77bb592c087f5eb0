namespace Llm2Clip.Data.Lists;

/// <summary>
/// A stretch of a list file that holds whole records and fits memory; <paramref name="First"/> is the line or index of its first record.
/// </summary>
internal readonly record struct ListChunk(long Offset, long Bytes, long First);

/// <summary>
/// A record: <paramref name="Place"/> is <c>line 7</c> or <c>images[6]</c>, <paramref name="Bytes"/> are its bytes, or their front where it
/// holds an image; <paramref name="Length"/> then says how many there are in all.
/// </summary>
internal readonly record struct ListRecord(string Place, long Offset, ReadOnlyMemory<byte> Bytes, int Length = 0);

/// <summary>What a record says: an image, its name as the list writes it, and its captions.</summary>
internal sealed record ListedImage(string Key, string Name, IReadOnlyList<Caption> Captions, IImageBytes Image);

/// <summary>
/// A file that lists images with captions, one subclass per format. It is walked through once when it is opened, and then read chunk by
/// chunk: what stays in memory are offsets, never captions.
/// </summary>
internal abstract class ListFile(string path)
{
    /// <summary>Past this many broken records outside the chunks a file is taken to be of another format.</summary>
    private const int MaxProblems = 1000;

    private readonly List<BadSample> _problems = [];

    public string Path => path;

    /// <summary>Whether the images are files of their own, and not part of a list.</summary>
    public virtual bool HasImageFiles => true;

    protected ListBytes Bytes { get; } = new(path);

    /// <summary>In stored order.</summary>
    public abstract IReadOnlyList<ListChunk> Chunks { get; }

    /// <summary>What was found when the file was opened and belongs to no chunk, such as a caption that names no image.</summary>
    public IReadOnlyList<BadSample> Problems => _problems;

    /// <summary>The records of a chunk in stored order.</summary>
    public abstract IEnumerable<ListRecord> Records(ListChunk chunk);

    /// <summary>
    /// The image of a record; null where it is left out by choice (another split, a further row of an image). Throws
    /// <see cref="BadRecordException"/>, or what the JSON reader throws, for one that cannot be used.
    /// </summary>
    public abstract ListedImage? Read(ListRecord record, List<string> remarks);

    /// <summary>Closes what a chunk was read from.</summary>
    public virtual void Close() => Bytes.Close();

    protected void Problem(string place, string reason, bool kept = false)
    {
        if (_problems.Count == MaxProblems)
        {
            throw new InputException($"{path}: more than {MaxProblems:N0} broken records, the last one {place}: {reason}. "
                + "Is this file of the format that it is read as (data.format)?");
        }
        _problems.Add(new BadSample($"{path}: {place}", reason, kept));
    }
}

/// <summary>Cuts records, in the order in which they come, into chunks.</summary>
internal sealed class ChunkBuilder
{
    private const int MaxRecords = 2048;
    private const int MaxBytes = 16 << 20;

    private readonly List<ListChunk> _chunks = [];
    private ListChunk _open;
    private int _records;

    public IReadOnlyList<ListChunk> Chunks
    {
        get
        {
            Close();
            return _chunks;
        }
    }

    /// <summary>Adds a record, or a run of them, that ends in front of <paramref name="end"/>.</summary>
    public void Add(long offset, long end, long number)
    {
        if (_records == MaxRecords || (_records > 0 && end - _open.Offset > MaxBytes))
        {
            Close();
        }
        if (_records == 0)
        {
            _open = new ListChunk(offset, 0, number);
        }
        _open = _open with { Bytes = end - _open.Offset };
        _records++;
    }

    private void Close()
    {
        if (_records > 0)
        {
            _chunks.Add(_open);
        }
        _records = 0;
    }
}
