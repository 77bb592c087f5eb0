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
    /// <param name="folder">The folder.</param>
    /// <param name="write">Writes into the folder that it is given.</param>
    /// <param name="retire">
    /// The name under which the old folder, which it is given, is kept; null, or a null of it = the old folder is deleted.
    /// </param>
    /// <exception cref="RunException">It cannot be written; what was there before is untouched.</exception>
    public static void Replace(string folder, Action<string> write, Func<string, string?>? retire = null)
    {
        var writing = folder + PendingFile.Suffix;
        try
        {
            Recover(folder, retire);
            DurableFolder.Create(writing);
            write(writing);
            if (Directory.Exists(folder))
            {
                DurableFolder.Move(folder, folder + Previous);
            }
            DurableFolder.Move(writing, folder);
            Retire(folder + Previous, retire);
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
    /// got it, what is half written or left over goes, or is kept as <paramref name="retire"/> says (see <see cref="Replace"/>). Throws
    /// <see cref="WriteException"/>.
    /// </summary>
    public static void Recover(string folder, Func<string, string?>? retire = null)
    {
        try
        {
            Remove(folder + PendingFile.Suffix);
            if (Directory.Exists(folder))
            {
                Retire(folder + Previous, retire);
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

    /// <summary>Deletes an old folder, or gives it the name under which it is kept, in the place of a folder that has it.</summary>
    private static void Retire(string old, Func<string, string?>? retire)
    {
        if (!Directory.Exists(old) || retire?.Invoke(old) is not { } kept)
        {
            Remove(old);
            return;
        }
        Delete(kept);
        DurableFolder.Move(old, kept);
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
