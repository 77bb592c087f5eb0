using System.IO.Compression;

namespace Llm2Clip.Data.WebDataset;

/// <summary>
/// A tar that can only be read onwards: the output of a command (<c>pipe:COMMAND</c>), standard input (<c>-</c>), or a gzip file, which is
/// unpacked on the way. It ends only where the command ended well: a failed one is an error at the place where the next byte was expected.
/// </summary>
internal sealed class ShardStream : ITarBytes, IDisposable
{
    /// <summary>The name of standard input.</summary>
    public const string StandardInput = "-";

    private const string PipePrefix = "pipe:";
    private const int BufferBytes = 256 << 10;

    /// <summary>So much is fetched before the length of what is left is stated.</summary>
    private const int LookAhead = 512;

    /// <summary>More than any stream holds, so that sums of offsets and sizes stay numbers.</summary>
    private const long MaxBytes = 1L << 60;

    private static int s_standardInputTaken;

    private readonly Stream _stream;
    private readonly PipeCommand? _command;
    private readonly CancellationToken _ct;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _from;
    private int _filled;
    private long _at;
    private bool _ended;

    /// <summary>Whether the next bytes may be long in coming.</summary>
    private bool _waits = true;

    /// <summary><paramref name="command"/> is asked for its success at the end of the stream, and ended by disposing.</summary>
    public ShardStream(string path, Stream stream, PipeCommand? command, CancellationToken cancellation) =>
        (Path, _stream, _command, _ct) = (path, stream, command, cancellation);

    public string Path { get; }

    /// <summary>Whether a shard's name stands for a command or standard input, and not for a file.</summary>
    public static bool IsStream(string shard) => shard == StandardInput || shard.StartsWith(PipePrefix, StringComparison.Ordinal);

    /// <summary>Whether a shard is read onwards, as this class does, and not in place.</summary>
    public static bool Takes(string shard) => IsStream(shard) || IsGzip(shard);

    /// <summary>Whether a shard is a gzip file by its name.</summary>
    private static bool IsGzip(string shard) =>
        !IsStream(shard)
            && (shard.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) || shard.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Runs the command again, opens the gzip file, or takes standard input. Throws <see cref="InputException"/> where that was taken
    /// before, or the file cannot be opened.
    /// </summary>
    public static ShardStream Open(string shard, CancellationToken cancellation)
    {
        if (IsGzip(shard))
        {
            return new ShardStream(shard, Unpacked(shard), null, cancellation) { _waits = false };
        }
        if (shard != StandardInput)
        {
            var command = new PipeCommand(shard, shard[PipePrefix.Length..]);
            return new ShardStream(shard, command.Output, command, cancellation);
        }
        if (Interlocked.Exchange(ref s_standardInputTaken, 1) != 0)
        {
            throw new InputException("-: standard input can be read once, and this run reads its data again (to count it, for another "
                + "epoch, or for validation). "
                + "Write the tar to a file, or name the command that makes it: pipe:COMMAND. Training and evaluation read once where the "
                + "tar fits data.shuffle_buffer and data.shuffle_buffer_mb.");
        }
        return new ShardStream(shard, Console.OpenStandardInput(), null, cancellation);
    }

    public long Left(long offset, long wanted)
    {
        SkipTo(offset);
        while (!_ended && _filled - _from < Math.Min(wanted, LookAhead))
        {
            Fill();
        }
        var buffered = _at + _filled - _from - offset;
        return Math.Min(wanted, _ended ? buffered : MaxBytes);
    }

    public void Read(long offset, Span<byte> into)
    {
        SkipTo(offset);
        while (into.Length > 0)
        {
            if (_from == _filled && !Fill())
            {
                throw new InputException($"{Path}: damaged tar: it ends at byte {_at}, inside a member; it is cut "
                    + $"short.{(_waits ? " Does the command write the whole tar?" : "")}");
            }
            var part = Math.Min(into.Length, _filled - _from);
            _buffer.AsSpan(_from, part).CopyTo(into);
            into = into[part..];
            Move(part);
        }
    }

    /// <summary>A member's bytes. Memory grows with what is there, not with what a header claims.</summary>
    public byte[] Take(TarEntry entry)
    {
        var content = new byte[Math.Min(entry.Size, 1 << 20)];
        for (var done = 0; ; Array.Resize(ref content, (int)Math.Min(entry.Size, content.Length * 2L)))
        {
            Read(entry.Offset + done, content.AsSpan(done));
            done = content.Length;
            if (done == entry.Size)
            {
                return content;
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>Reads to the end, where a failed command is an error.</remarks>
    public void RequireEnd(long offset)
    {
        do
        {
            if (_buffer.AsSpan(_from, _filled - _from).IndexOfAnyExcept((byte)0) is var data and >= 0)
            {
                throw ((ITarBytes)this).NotTheEnd(_at + data);
            }
            Move(_filled - _from);
        }
        while (Fill());
    }

    public void Dispose()
    {
        _command?.Dispose();
        _stream.Dispose();
    }

    private void SkipTo(long offset)
    {
        while (_at < offset && (_from < _filled || Fill()))
        {
            Move((int)Math.Min(offset - _at, _filled - _from));
        }
    }

    private void Move(int bytes)
    {
        _from += bytes;
        _at += bytes;
    }

    private bool Fill()
    {
        if (_ended)
        {
            return false;
        }
        _buffer.AsSpan(_from, _filled - _from).CopyTo(_buffer);
        (_from, _filled) = (0, _filled - _from);
        // A read that waits for bytes does not hear of cancelling; what it gets afterwards is nobody's.
        var read = _waits ? Task.Run(ReadStream, _ct).WaitAsync(_ct).GetAwaiter().GetResult() : ReadStream();
        if (read == 0)
        {
            _command?.RequireSuccess(_ct);
            _ended = true;
        }
        _filled += read;
        return read > 0;
    }

    private int ReadStream()
    {
        try
        {
            return _stream.Read(_buffer, _filled, _buffer.Length - _filled);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new InputException($"{Path}: cannot be read behind byte {_at + _filled} of the tar: {e.Message}", e);
        }
    }

    private static GZipStream Unpacked(string path)
    {
        try
        {
            return new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
