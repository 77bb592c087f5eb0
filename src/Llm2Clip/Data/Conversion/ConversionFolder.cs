using Llm2Clip.Files;

namespace Llm2Clip.Data.Conversion;

/// <summary>
/// The folder that a conversion writes to: locked while it is open, and with a hidden folder that holds what is needed to resume after a
/// kill.
/// </summary>
internal sealed class ConversionFolder : IDisposable
{
    private const string WorkFolder = ".convert";
    private const string ProgressFile = "progress.json";

    private readonly FolderLock _lock;

    private ConversionFolder(string path, FolderLock writeLock, ConversionProgress progress)
    {
        (Root, _lock, Progress) = (path, writeLock, progress);
    }

    public string Root { get; }

    public ConversionProgress Progress { get; private set; }

    /// <summary>
    /// Opens the folder of a request, or makes it. Throws <see cref="InputException"/> for a folder that holds anything else,
    /// <see cref="RunException"/> while another process writes to it or where it cannot be written.
    /// </summary>
    public static ConversionFolder Open(string path, IReadOnlyDictionary<string, string> request, IReadOnlyList<string> parts)
    {
        RequireOurs(path);
        var work = Path.Combine(path, WorkFolder);
        FolderLock? writeLock = null;
        try
        {
            writeLock = FolderLock.Take(work, path);
            PendingFile.Sweep(path);
            if (ConversionProgress.Read(Path.Combine(work, ProgressFile)) is { } known)
            {
                RequireSame(path, known.Request, request);
                return new ConversionFolder(path, writeLock, known);
            }
            var folder = new ConversionFolder(
                path, writeLock, new ConversionProgress(request, false, parts.ToDictionary(name => name, _ => PartProgress.Nothing)));
            folder.Write(folder.Progress); // Before anything else appears: whose it is must be known after a kill.
            return folder;
        }
        catch (Exception error)
        {
            writeLock?.Dispose();
            if (error is IOException or UnauthorizedAccessException)
            {
                throw CannotWrite(path, error);
            }
            throw;
        }
    }

    /// <summary>Where what is kept aside of a part begins.</summary>
    public string PartsOf(string part) => Path.Combine(Root, WorkFolder, part);

    /// <summary>Makes a part's new state the one that a later run resumes from. Throws <see cref="IOException"/>.</summary>
    public void Commit(string part, PartProgress state) =>
        Write(Progress with { Parts = Progress.Parts.ToDictionary(known => known.Key, known => known.Key == part ? state : known.Value) });

    /// <summary>Notes that everything is written. Throws <see cref="IOException"/>.</summary>
    public void Finish() => Write(Progress with { Finished = true });

    /// <summary>
    /// Lets other writers in. Where no shard was completed, it does not bind the folder: another request may have it. A shard can be
    /// complete that the progress does not tell of, as the disk was full in between: then the folder must stay known as ours.
    /// </summary>
    public void Dispose()
    {
        if (!Progress.Finished && Progress.Parts.Values.All(part => part.Shards == 0) && AnyOther(Root) is null)
        {
            File.Delete(Path.Combine(Root, WorkFolder, ProgressFile));
        }
        _lock.Dispose();
    }

    /// <summary>The error of a folder that cannot be written to.</summary>
    public static RunException CannotWrite(string path, Exception error) =>
        new($"{WriteException.Of(path, error).Message} Complete shards are kept; check the folder and the free space, then run the same "
            + "command again.", error);

    private void Write(ConversionProgress progress)
    {
        progress.Write(Path.Combine(Root, WorkFolder, ProgressFile));
        Progress = progress;
    }

    /// <summary>A file that is not of the hidden folder, or null.</summary>
    private static string? AnyOther(string path)
    {
        var work = Path.Combine(path, WorkFolder);
        return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).FirstOrDefault(file => Path.GetDirectoryName(file) != work);
    }

    private static void RequireOurs(string path)
    {
        if (!Directory.Exists(path) || File.Exists(Path.Combine(path, WorkFolder, ProgressFile)))
        {
            return;
        }
        if (AnyOther(path) is { } foreign)
        {
            throw new InputException(
                $"{path} is not empty and not a data set that this program was writing (it holds {Path.GetRelativePath(path, foreign)}). "
                + "Name another folder.");
        }
    }

    private static void RequireSame(string path, IReadOnlyDictionary<string, string> known, IReadOnlyDictionary<string, string> asked)
    {
        var differences = asked.Where(pair => known.GetValueOrDefault(pair.Key) != pair.Value)
            .Select(pair => $"{pair.Key} was {known.GetValueOrDefault(pair.Key, "not given")} and is now {pair.Value}").ToList();
        if (differences.Count > 0)
        {
            throw new InputException(
                $"{path} holds another data set: {string.Join("; ", differences)}. Name another folder, or run the command that began it.");
        }
    }
}
