using System.Globalization;
using System.Text;

namespace Llm2Clip.Files;

/// <summary>
/// One writer per folder. What is locked is an open file (flock): the system lets go of it when the process dies, however it dies, so a
/// lock file that is left over means nothing. A writer that wrote nothing takes its lock file, and the folders that were made for it, away
/// again.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    /// <summary>Name of the file that is locked; it stays in the folder.</summary>
    public const string FileName = "write.lock";

    /// <summary>EWOULDBLOCK on Linux and macOS, a sharing violation on Windows.</summary>
    private static readonly int[] Held = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _file;
    private readonly bool _deletes;
    private readonly IReadOnlyList<string> _made;
    private readonly bool _isNew;

    private FolderLock(FileStream file, bool deletes, IReadOnlyList<string> made, bool isNew) =>
        (_file, _deletes, _made, _isNew) = (file, deletes, made, isNew);

    /// <summary>
    /// Keeps other writers out until disposed, and deletes temporary files that a dead one left in the folder. The folder is made where it
    /// is missing. Throws <see cref="ConfigException"/> while another process holds it, <see cref="WriteException"/> where it cannot be
    /// written.
    /// </summary>
    /// <param name="folder">Where the lock lies.</param>
    /// <param name="name">What the message calls the folder; null for the folder itself.</param>
    public static FolderLock Take(string folder, string? name = null)
    {
        var made = DurableFolder.Create(folder);
        var path = Path.Combine(folder, FileName);
        var isNew = !File.Exists(path);
        var file = Open(path, name ?? folder, "folder");
        PendingFile.Sweep(folder);
        return new FolderLock(file, deletes: false, made, isNew);
    }

    /// <summary>
    /// The same for one file in a folder that is not the writer's own. What is locked lies beside it under a temporary file's name: it goes
    /// with the writer, or is swept where that was killed.
    /// </summary>
    public static FolderLock TakeFile(string file) =>
        new(Open(file + ".lock" + PendingFile.Suffix, file, "file"), deletes: true, made: [], isNew: true);

    public void Dispose()
    {
        if (_deletes || (_isNew && IsAlone()))
        {
            File.Delete(_file.Name);
        }
        _file.Dispose();
        RemoveEmpty();
    }

    /// <summary>Whether the folder holds nothing but the lock.</summary>
    private bool IsAlone()
    {
        var folder = Path.GetDirectoryName(_file.Name)!;
        return Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Take(2).Count() == 1 && File.Exists(_file.Name);
    }

    /// <summary>Removes the folders that were made for the lock, the innermost first, as far as they are empty.</summary>
    private void RemoveEmpty()
    {
        try
        {
            foreach (var folder in _made.Reverse())
            {
                Directory.Delete(folder);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It holds something, which is what it was made for.
        }
    }

    private static FileStream Open(string path, string name, string kind)
    {
        while (true)
        {
            try
            {
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
                if (SayWho(file))
                {
                    return file;
                }
                file.Dispose();
            }
            catch (IOException error) when (Held.Contains(error.HResult))
            {
                throw new ConfigException(
                    $"{name} is being written to by another process{Holder(path)}. Wait for it, or use another {kind}.", error);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw WriteException.Of(name, error);
            }
        }
    }

    /// <summary>
    /// Writes who holds the lock, for the message of who comes second. False where the name leads to another file by now: a writer before
    /// took its lock file away in the moment between opening and locking. On a full disk it stays empty: the lock holds without it.
    /// </summary>
    private static bool SayWho(FileStream file)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} on {Environment.MachineName}\n");
        try
        {
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            return true;
        }
        return OperatingSystem.IsWindows() || DurableFolder.ReadUnlocked(file.Name, 300) == text;
    }

    private static string Holder(string path)
    {
        var text = DurableFolder.ReadUnlocked(path, 300).TrimEnd('\n');
        return text.Length > 0 && char.IsAsciiDigit(text[0]) ? $" ({text})" : "";
    }
}
