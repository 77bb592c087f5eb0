namespace Llm2Clip.Files;

/// <summary>
/// A folder that is replaced as a whole: the new one is written under a temporary name and renamed, and the old one stays until the
/// new one is whole. Whatever moment the process ends at, <see cref="Find"/> gives a whole folder.
/// </summary>
internal static class AtomicFolder
{
    /// <summary>The old folder between the two renames. Not swept as a temporary: it may be the only whole one.</summary>
    private const string Previous = ".previous";

    /// <summary>
    /// Replaces <paramref name="folder"/> by what <paramref name="write"/> puts into the folder it is given, flushed file by file.
    /// </summary>
    /// <exception cref="RunException">It cannot be written; what was there before is untouched.</exception>
    public static void Replace(string folder, Action<string> write)
    {
        var writing = folder + PendingFile.Suffix;
        try
        {
            Recover(folder);
            DurableFolder.Create(writing);
            write(writing);
            if (Directory.Exists(folder))
            {
                DurableFolder.Move(folder, folder + Previous);
            }
            DurableFolder.Move(writing, folder);
            Remove(folder + Previous);
        }
        catch (Exception error)
        {
            Discard(writing);
            if (WriteException.IsCause(error))
            {
                throw new RunException(
                    $"{WriteException.Of(folder, error).Message} Check the folder and the free space; the one before is kept.", error);
            }
            throw;
        }
    }

    /// <summary>The folder itself, or the one before where the process ended between the two renames; null where there is none.</summary>
    public static string? Find(string folder) =>
        Directory.Exists(folder) ? folder : Directory.Exists(folder + Previous) ? folder + Previous : null;

    /// <summary>
    /// Clears up after a process that was killed while it replaced the folder: the one before gets its name back where the new one had not
    /// got it, what is half written or left over goes. Throws <see cref="WriteException"/>.
    /// </summary>
    public static void Recover(string folder)
    {
        try
        {
            Remove(folder + PendingFile.Suffix);
            if (Directory.Exists(folder))
            {
                Remove(folder + Previous);
            }
            else if (Directory.Exists(folder + Previous))
            {
                DurableFolder.Move(folder + Previous, folder);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw WriteException.Of(folder, error);
        }
    }

    /// <summary>
    /// Deletes a folder: its name goes first, so that a kill leaves nothing that looks like a whole one. Throws
    /// <see cref="WriteException"/>.
    /// </summary>
    public static void Delete(string folder)
    {
        Recover(folder);
        if (Directory.Exists(folder))
        {
            DurableFolder.Move(folder, folder + PendingFile.Suffix);
            Remove(folder + PendingFile.Suffix);
        }
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Discard(string folder)
    {
        try
        {
            Remove(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The error that led here is the one to report.
        }
    }
}
