using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Teachers.Store;

/// <summary>What the store's parts share about files: lengths, checksums, reading a prefix.</summary>
internal static class StoreFiles
{
    /// <summary>Checksum as the manifest has it.</summary>
    public static string Text(XxHash128 hash) => Convert.ToHexStringLower(hash.GetCurrentHash());

    /// <summary>
    /// Throws <see cref="InputException"/>, naming the file, where it is missing or shorter (or, if exact, longer) than expected.
    /// </summary>
    public static void RequireLength(string path, long expected, bool exact)
    {
        var info = new FileInfo(path);
        if (!info.Exists || info.Length < expected || (exact && info.Length != expected))
        {
            throw new InputException($"{path} is damaged: {(info.Exists ? info.Length + " bytes" : "missing")}, expected {expected}. "
                + "Run `llm2clip data store repair`, which keeps what is sound, then `llm2clip extract` for the rest.");
        }
    }

    /// <summary>Checksum of the first <paramref name="length"/> bytes, or null where the file is missing or shorter.</summary>
    public static string? Checksum(string path, long length)
    {
        var hash = HashPrefix(path, length);
        return hash is null ? null : Text(hash);
    }

    /// <summary>The running hash over the first <paramref name="length"/> bytes, or null where the file is missing or shorter.</summary>
    public static XxHash128? HashPrefix(string path, long length)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        var hash = new XxHash128();
        using var handle = File.OpenHandle(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        var buffer = new byte[1 << 20];
        for (long offset = 0; offset < length;)
        {
            var got = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - offset)), offset);
            if (got == 0)
            {
                return null;
            }
            hash.Append(buffer.AsSpan(0, got));
            offset += got;
        }
        return hash;
    }

    /// <summary>Opens a file for reading and writing at offsets, creating it where it is missing.</summary>
    public static SafeFileHandle OpenForUpdate(string path) =>
        File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
}
