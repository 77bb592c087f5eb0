using System.Security.Cryptography;
using System.Text;
using Llm2Clip.Files;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Teachers;

/// <summary>
/// SHA-256 of model files. Hashing gigabytes takes seconds, so a hash is remembered in the user's cache folder with the file's path, length
/// and time of change.
/// </summary>
internal static class WeightsHash
{
    /// <summary>Hash of a model; of a split one, hash over the parts' hashes.</summary>
    public static string Of(GgufFile model)
    {
        var parts = GgufParts.Paths(model);
        return parts.Count == 1 ? OfFile(parts[0]) : Fingerprints.Of([.. parts.Select(OfFile)]);
    }

    /// <summary>Hash of one file, lower-case hex. Throws <see cref="InputException"/> where it cannot be read.</summary>
    public static string OfFile(string path)
    {
        try
        {
            var named = new FileInfo(path);
            var file = (FileInfo?)named.ResolveLinkTarget(returnFinalTarget: true) ?? named; // a link's own date stays as it is
            var stamp = $"{file.FullName}\n{file.Length}\n{file.LastWriteTimeUtc.Ticks}\n";
            var entry = Path.Combine(CacheFolder(), Fingerprints.Of(file.FullName)[..32]);
            return Recall(entry, stamp) ?? Remember(entry, stamp, Compute(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    private static string Compute(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static string? Recall(string entry, string stamp)
    {
        var text = File.Exists(entry) ? File.ReadAllText(entry) : "";
        return text.Length == stamp.Length + 64 && text.StartsWith(stamp, StringComparison.Ordinal) ? text[stamp.Length..] : null;
    }

    private static string Remember(string entry, string stamp, string hash)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(entry)!);
            PendingFile.Write(entry, stamp + hash);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Without a cache folder the hash is computed each time; nothing else depends on it.
        }
        return hash;
    }

    private static string CacheFolder()
    {
        var home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(home, "llm2clip", "weights-sha256");
    }
}
