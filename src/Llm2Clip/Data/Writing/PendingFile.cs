namespace Llm2Clip.Data.Writing;

/// <summary>A file that appears under its name when it is complete: written as NAME.tmp, flushed to the disk, then renamed.</summary>
internal sealed class PendingFile : IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly string _path;
    private readonly FileStream _file;
    private bool _complete;

    /// <summary>Starts the file, over what an earlier, killed attempt may have left. Throws <see cref="IOException"/>.</summary>
    public PendingFile(string path)
    {
        _path = path;
        // Buffered outside the file: closing must not write, as a full disk would fail a second time.
        _file = new FileStream(path + ".tmp", FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        Stream = new BufferedStream(_file, BufferBytes);
    }

    /// <summary>What is written into it.</summary>
    public Stream Stream { get; }

    /// <summary>Writes a whole file. Throws <see cref="IOException"/>.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = new PendingFile(path);
        file.Stream.Write(content);
        file.Complete();
    }

    /// <summary>Gives it its name, in the place of a file that has it already. Throws <see cref="IOException"/>.</summary>
    public void Complete()
    {
        Stream.Flush();
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_path + ".tmp", _path, overwrite: true);
        _complete = true;
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_complete)
        {
            File.Delete(_path + ".tmp");
        }
    }
}
