using System.IO.Hashing;

namespace Llm2Clip.Runtime;

/// <summary>
/// Puts a library of our own making into a folder. The name holds a hash of the content: another content is another file, beside this
/// one.
/// </summary>
internal static class PatchedCopy
{
    /// <summary>
    /// Path of a file in <paramref name="folder"/> that holds exactly <paramref name="content"/>: the one that is there, or else a new
    /// one. It is written under a name of its own and renamed, so that processes which start at once may all do so; a process that has
    /// loaded a file keeps it. A file that was cut off or changed is not equal, hence replaced, and needs no flush to the disk. Throws
    /// what writing throws.
    /// </summary>
    public static string In(string folder, string name, byte[] content)
    {
        var hash = XxHash128.HashToUInt128(content);
        var path = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(name)}-{hash:x32}{Path.GetExtension(name)}");
        if (Holds(path, content))
        {
            return path;
        }
        Directory.CreateDirectory(folder);
        var temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():n}.llm2clip-tmp";
        try
        {
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
        return path;
    }

    private static bool Holds(string path, byte[] content)
    {
        var file = new FileInfo(path);
        return file.Exists && file.Length == content.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(content);
    }
}
