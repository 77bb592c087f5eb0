using Llm2Clip.Data.WebDataset;
using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Ranges of a list file. The file stays open until <see cref="Close"/>, as captions that are apart from their images are fetched one
/// by one. Safe to use from several threads.
/// </summary>
internal sealed class ListBytes(string path)
{
    private readonly Lock _lock = new();
    private SafeFileHandle? _file;

    /// <summary>Throws <see cref="InputException"/> where the file cannot be read or ends early.</summary>
    public byte[] Read(long offset, long length)
    {
        var bytes = new byte[length];
        lock (_lock)
        {
            _file ??= Guard(path, () => File.OpenHandle(path));
            ShardBytes.ReadExactly(_file, path, offset, bytes);
        }
        return bytes;
    }

    /// <summary>Closes the file until it is read again: a data set may have more lists than a process may have files.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    /// <summary>Opens a list for one pass. Throws <see cref="InputException"/> where that fails.</summary>
    public static FileStream OpenStream(string path) =>
        Guard(path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan));

    /// <summary>
    /// The next bytes of <see cref="OpenStream"/>'s stream; 0 at its end. Throws <see cref="InputException"/> where they cannot be read.
    /// </summary>
    public static int Read(FileStream stream, Span<byte> into)
    {
        try
        {
            return stream.Read(into);
        }
        catch (IOException e)
        {
            throw new InputException($"{stream.Name}: cannot be read at byte {stream.Position}: {e.Message}", e);
        }
    }

    private static T Guard<T>(string path, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
