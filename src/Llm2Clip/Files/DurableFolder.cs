using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Files;

/// <summary>
/// Makes names durable: a file whose bytes are on the disk can still lose its name in a power cut while its folder is not flushed. Where a
/// system has no flushing of folders (Windows), nothing is done. Throws <see cref="WriteException"/>.
/// </summary>
internal static partial class DurableFolder
{
    private const int Eintr = 4;
    private const int Einval = 22;

    /// <summary>Makes a folder, with those above it, for good; returns those that were missing, the outermost first.</summary>
    public static IReadOnlyList<string> Create(string folder)
    {
        var missing = new Stack<string>();
        for (var at = Path.GetFullPath(folder); at is not null && !Directory.Exists(at); at = Path.GetDirectoryName(at))
        {
            missing.Push(at);
        }
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw WriteException.Of(folder, error);
        }
        foreach (var made in missing)
        {
            FlushParent(made);
        }
        return [.. missing];
    }

    /// <summary>Renames a folder to a name that is free, for good.</summary>
    public static void Move(string from, string to)
    {
        try
        {
            Directory.Move(from, to);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw WriteException.Of(to, error);
        }
        FlushParent(to);
    }

    /// <summary>Flushes the names in a folder.</summary>
    public static void Flush(string folder) => OnOpen(folder, fsync);

    /// <summary>Flushes the names in the folder that a path lies in.</summary>
    public static void FlushParent(string path) => Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <summary>
    /// Flushes all files in a folder with their names. On Linux one call for the whole file system: cheaper than one per file, where they
    /// are many.
    /// </summary>
    public static void FlushFiles(string folder)
    {
        if (OperatingSystem.IsLinux())
        {
            OnOpen(folder, syncfs);
            return;
        }
        foreach (var path in Directory.GetFiles(folder))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
            file.Flush(flushToDisk: true);
        }
        Flush(folder);
    }

    /// <summary>
    /// The beginning of a small text file, although another process has it open for itself alone; empty where it cannot be read. .NET's own
    /// opening would ask for a lock.
    /// </summary>
    public static string ReadUnlocked(string path, int most)
    {
        var handle = OperatingSystem.IsWindows() ? -1 : open(path, 0);
        if (handle < 0)
        {
            return "";
        }
        using var file = new SafeFileHandle(handle, ownsHandle: true);
        var bytes = new byte[most];
        return Encoding.UTF8.GetString(bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0)));
    }

    private static void OnOpen(string folder, Func<int, int> flush)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        var handle = open(folder, 0);
        if (handle < 0)
        {
            throw Error(folder);
        }
        try
        {
            int result;
            do
            {
                result = flush(handle);
            }
            while (result < 0 && Marshal.GetLastPInvokeError() == Eintr);
            // Einval: a file system that knows no flushing of folders.
            if (result < 0 && Marshal.GetLastPInvokeError() != Einval)
            {
                throw Error(folder);
            }
        }
        finally
        {
            _ = close(handle);
        }
    }

    private static WriteException Error(string folder) =>
        WriteException.Of(folder, new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())));

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int handle);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(int handle);

    [LibraryImport("libc")]
    private static partial int close(int handle);
}
