using System.Globalization;
using System.Text;

namespace Llm2Clip.Files;

/// <summary>
/// One writer a folder. What is locked is an open file (flock): the system lets go of it when the process dies, however it dies, so a lock
/// file that lies around means nothing.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    /// <summary>Name of the file that is locked; it stays in the folder.</summary>
    public const string FileName = "write.lock";

    /// <summary>EWOULDBLOCK on Linux and macOS, a sharing violation on Windows.</summary>
    private static readonly int[] Held = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _file;
    private readonly bool _deletes;

    private FolderLock(FileStream file, bool deletes) => (_file, _deletes) = (file, deletes);

    /// <summary>
    /// Keeps other writers out until disposed, and deletes temporary files that a dead one left in the folder. The folder is made where it
    /// is missing. Throws <see cref="ConfigException"/> while another process holds it, <see cref="WriteException"/> where it cannot be
    /// written.
    /// </summary>
    /// <param name="folder">Where the lock lies.</param>
    /// <param name="name">What the message calls the folder; null for the folder itself.</param>
    public static FolderLock Take(string folder, string? name = null)
    {
        DurableFolder.Create(folder);
        var file = Open(Path.Combine(folder, FileName), name ?? folder, "folder");
        PendingFile.Sweep(folder);
        return new FolderLock(file, deletes: false);
    }

    /// <summary>
    /// The same for one file in a folder that is not the writer's own. What is locked lies beside it under a temporary file's name: it goes
    /// with the writer, or is swept where that was killed.
    /// </summary>
    public static FolderLock TakeFile(string file) => new(Open(file + ".lock" + PendingFile.Suffix, file, "file"), deletes: true);

    public void Dispose()
    {
        if (_deletes)
        {
            File.Delete(_file.Name);
        }
        _file.Dispose();
    }

    private static FileStream Open(string path, string name, string kind)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (Held.Contains(error.HResult))
        {
            throw new ConfigException($"{name} is being written to by another process{Holder(path)}. Wait for it, or use another {kind}.",
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw WriteException.Of(name, error);
        }
        SayWho(file);
        return file;
    }

    /// <summary>For the message of who comes second. On a full disk it stays empty: the lock holds without it.</summary>
    private static void SayWho(FileStream file)
    {
        try
        {
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"{Environment.ProcessId} on {Environment.MachineName}\n")));
        }
        catch (IOException)
        {
        }
    }

    private static string Holder(string path)
    {
        var text = DurableFolder.ReadUnlocked(path, 300).TrimEnd('\n');
        return text.Length > 0 && char.IsAsciiDigit(text[0]) ? $" ({text})" : "";
    }
}
