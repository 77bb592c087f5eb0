// Own: .NET renames files but flushes no folder, so that a power cut could lose the new name or leave half a file under it.
using System.Text;

namespace Llm2Clip.Files;

/// <summary>
/// A file that appears under its name when it is complete, whatever happens before: written under a temporary name beside it, flushed to
/// the disk, renamed, and the folder flushed, so that neither a kill nor a power cut shows half of it. Every file that must not be torn is
/// written through here; what cannot be written is a <see cref="WriteException"/>.
/// </summary>
internal sealed class PendingFile : IDisposable
{
    /// <summary>Ends the names of temporary files and folders, and of nothing else: what a killed writer left is known by it.</summary>
    public const string Suffix = ".llm2clip-tmp";

    private const int BufferBytes = 1 << 20;

    private readonly string _path;
    private readonly FileStream _file;
    private bool _complete;

    /// <summary>Starts the file, over what an earlier, killed attempt may have left.</summary>
    public PendingFile(string path)
    {
        _path = path;
        try
        {
            // Buffered outside the file: closing must not write, as a full disk would fail a second time.
            _file = new FileStream(path + Suffix, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw WriteException.Of(path, error);
        }
        Stream = new BufferedStream(new NamedStream(path, _file), BufferBytes);
    }

    /// <summary>What is written into it.</summary>
    public Stream Stream { get; }

    /// <summary>Writes a whole file.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = new PendingFile(path);
        file.Stream.Write(content);
        file.Complete();
    }

    /// <summary>Writes a whole text file, UTF-8.</summary>
    public static void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Lets a library write the file, under the temporary name that it is given.</summary>
    public static void WriteBy(string path, Action<string> write)
    {
        var temporary = path + Suffix;
        try
        {
            write(temporary);
            using (var file = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0))
            {
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
            DurableFolder.FlushParent(path);
        }
        catch (Exception error)
        {
            Discard(temporary);
            if (error is IOException or UnauthorizedAccessException)
            {
                throw WriteException.Of(path, error);
            }
            throw;
        }
    }

    /// <summary>Gives it its name, in the place of a file that has it already.</summary>
    public void Complete()
    {
        Stream.Flush();
        try
        {
            _file.Flush(flushToDisk: true);
            _file.Dispose();
            File.Move(_path + Suffix, _path, overwrite: true);
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw WriteException.Of(_path, error);
        }
        _complete = true;
        DurableFolder.FlushParent(_path);
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_complete)
        {
            Discard(_path + Suffix);
        }
    }

    /// <summary>
    /// Deletes temporary files and folders that dead writers left in a folder (not below it). A file that a living process writes is locked
    /// by it, and stays; folders are the affair of whoever holds the lock of the folder that they lie in.
    /// </summary>
    public static void Sweep(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }
        foreach (var path in Directory.GetFileSystemEntries(folder, "*" + Suffix))
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
            else if (IsAbandoned(path))
            {
                Discard(path);
            }
        }
    }

    private static bool IsAbandoned(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The error that led here is the one to report; the next writer sweeps.
        }
    }

    /// <summary>Passes writes on, and names the file in what they throw.</summary>
    private sealed class NamedStream(string path, FileStream file) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => true;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position
        {
            get => file.Position;
            set => file.Position = value;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                file.Write(buffer);
            }
            catch (Exception error) when (WriteException.IsCause(error))
            {
                throw WriteException.Of(path, error);
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
