// Own: .NET renames files but flushes no folder, so that a power cut could lose the new name or leave half a file under it.
using System.Text;

namespace Llm2Clip.Files;

/// <summary>
/// A file that appears under its name when it is complete, whatever happens before: written under a temporary name beside it, flushed to
/// the disk, renamed, and the folder flushed, so that neither a kill nor a power cut shows half of it. Every file that must not be torn is
/// written through here; what cannot be written is a <see cref="WriteException"/>. A symbolic link is followed. What exists and is no
/// regular file, and standard output under the name <c>-</c>, is written into when the content is complete (<see cref="OutputTarget"/>).
/// </summary>
internal sealed class PendingFile : IDisposable
{
    /// <summary>Ends the names of temporary files and folders, and of nothing else: what a killed writer left is known by it.</summary>
    public const string Suffix = ".llm2clip-tmp";

    private const int BufferBytes = 1 << 20;

    private readonly string _path;
    private readonly OutputTarget _target;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly EarlyFlush _early;
    private bool _complete;

    /// <summary>Starts the file, over what an earlier, killed attempt may have left.</summary>
    public PendingFile(string path)
    {
        _path = path;
        _target = OutputTarget.Of(path);
        _temporary = (_target.IsStream ? Path.Combine(Path.GetTempPath(), $"llm2clip-{Guid.NewGuid():n}") : _target.File) + Suffix;
        try
        {
            // Buffered outside the file: closing must not write, as a full disk would fail a second time.
            _file = new FileStream(
                _temporary, FileMode.Create, _target.IsStream ? FileAccess.ReadWrite : FileAccess.Write, FileShare.None, bufferSize: 0,
                _target.IsStream ? FileOptions.DeleteOnClose : FileOptions.None);
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw WriteException.Of(path, error);
        }
        _early = new EarlyFlush(_file.SafeFileHandle);
        Stream = new BufferedStream(new NamedStream(path, _file, _target.IsStream ? null : _early), BufferBytes);
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

    /// <summary>Gives it its name, in the place of a file that has it already; hands the content over to what is no file.</summary>
    public void Complete()
    {
        Stream.Flush();
        try
        {
            if (_target.IsStream)
            {
                HandOver();
            }
            else
            {
                _early.Finish();
                _file.Flush(flushToDisk: true);
                _file.Dispose();
                File.Move(_temporary, _target.File, overwrite: true);
            }
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw WriteException.Of(_path, error);
        }
        _complete = true;
        if (!_target.IsStream)
        {
            DurableFolder.FlushParent(_target.File);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_complete)
        {
            Discard(_temporary);
        }
    }

    private void HandOver()
    {
        using var target = _target.Open();
        _file.Position = 0;
        _file.CopyTo(target);
        target.Flush();
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
    private sealed class NamedStream(string path, FileStream file, EarlyFlush? early) : Stream
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
                early?.Wrote(buffer.Length);
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
