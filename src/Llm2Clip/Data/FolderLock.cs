namespace Llm2Clip.Data;

/// <summary>One writer a folder.</summary>
internal static class FolderLock
{
    /// <summary>Name of the file that is locked; it stays in the folder.</summary>
    public const string FileName = "write.lock";

    /// <summary>
    /// Keeps other writers out until disposed; the system lets go of it when the process dies. Throws <see cref="RunException"/> while
    /// another process holds it. <paramref name="name"/> is what the message calls the folder; null for the folder itself.
    /// </summary>
    public static FileStream Take(string folder, string? name = null)
    {
        try
        {
            return new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new RunException($"{name ?? folder} is being written to by another process. Wait for it, or use another folder.", error);
        }
    }
}
