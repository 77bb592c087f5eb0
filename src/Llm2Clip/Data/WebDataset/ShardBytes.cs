using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Data.WebDataset;

/// <summary>Random access to the bytes of a shard, a plain tar.</summary>
internal sealed class ShardBytes : ITarBytes, IDisposable
{
    private const int WindowBytes = 8192;

    /// <summary>GNU tar writes 20 blocks at a time, so zeros of up to 10 KB follow an archive.</summary>
    private const int TailBytes = 16 << 10;

    private readonly SafeFileHandle _file;
    private readonly byte[] _window = new byte[WindowBytes];
    private long _windowAt;
    private int _windowLength;

    private ShardBytes(string path, SafeFileHandle file) => (Path, _file, Length) = (path, file, RandomAccess.GetLength(file));

    public string Path { get; }

    public long Length { get; }

    /// <summary>Opens a shard. Throws <see cref="InputException"/> where that fails.</summary>
    public static ShardBytes Open(string path)
    {
        try
        {
            return new ShardBytes(path, File.OpenHandle(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    public long Left(long offset, long wanted) => Math.Min(wanted, Length - offset);

    /// <summary>
    /// Reads exactly <paramref name="into"/>. Short reads at a header are widened, as the next small member follows at once.
    /// </summary>
    public void Read(long offset, Span<byte> into)
    {
        if (into.Length > WindowBytes / 2)
        {
            ReadFile(offset, into);
            return;
        }
        if (offset < _windowAt || offset + into.Length > _windowAt + _windowLength)
        {
            _windowAt = offset;
            _windowLength = (int)Math.Min(WindowBytes, Length - offset);
            ReadFile(offset, _window.AsSpan(0, _windowLength));
        }
        _window.AsSpan((int)(offset - _windowAt), into.Length).CopyTo(into);
    }

    public void RequireEnd(long offset)
    {
        var buffer = new byte[TailBytes];
        for (; offset < Length; offset += TailBytes)
        {
            var tail = buffer.AsSpan(0, (int)Math.Min(TailBytes, Length - offset));
            ReadFile(offset, tail);
            if (tail.IndexOfAnyExcept((byte)0) is var data and >= 0)
            {
                throw ((ITarBytes)this).NotTheEnd(offset + data);
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private void ReadFile(long offset, Span<byte> into) => ReadExactly(_file, Path, offset, into);

    /// <summary>
    /// Reads exactly <paramref name="into"/> from a file. Throws <see cref="InputException"/> naming it where that fails.
    /// </summary>
    public static void ReadExactly(SafeFileHandle file, string path, long offset, Span<byte> into)
    {
        try
        {
            while (into.Length > 0)
            {
                var read = RandomAccess.Read(file, into, offset);
                if (read == 0)
                {
                    throw new InputException(
                        $"{path}: ends at byte {offset}, where {into.Length} bytes more were expected. Was it changed during the run?");
                }
                into = into[read..];
                offset += read;
            }
        }
        catch (IOException e)
        {
            throw new InputException($"{path}: cannot be read at byte {offset}: {e.Message}", e);
        }
    }
}
