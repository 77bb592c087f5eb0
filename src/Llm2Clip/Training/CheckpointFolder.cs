namespace Llm2Clip.Training;

/// <summary>
/// A folder that is replaced as a whole: the new one is written under a temporary name and renamed, and the old one stays until the
/// new one is whole. Whatever moment the process ends at, <see cref="Find"/> gives a whole folder.
/// </summary>
public static class CheckpointFolder
{
    private const string Writing = ".writing";
    private const string Previous = ".previous";

    /// <summary>Replaces <paramref name="folder"/> by what <paramref name="write"/> puts into the folder it is given.</summary>
    /// <exception cref="RunException">It cannot be written; what was there before is untouched.</exception>
    public static void Replace(string folder, Action<string> write)
    {
        var writing = folder + Writing;
        try
        {
            Remove(writing);
            Directory.CreateDirectory(writing);
            write(writing);
            if (Directory.Exists(folder))
            {
                Remove(folder + Previous);
                Directory.Move(folder, folder + Previous);
            }
            Directory.Move(writing, folder);
            Remove(folder + Previous);
        }
        catch (Exception error)
        {
            Discard(writing);
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new RunException($"{folder} cannot be written ({error.Message}). Check the folder and the free space; the one before is kept.", error);
            }
            throw;
        }
    }

    /// <summary>The folder itself, or the one before where the process ended between the two renames; null where there is none.</summary>
    public static string? Find(string folder) =>
        Directory.Exists(folder) ? folder : Directory.Exists(folder + Previous) ? folder + Previous : null;

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
