using System.Security.Cryptography;
using System.Text;

namespace Llm2Clip.Teachers;

/// <summary>Hashes that name a teacher: equal exactly where everything that determines the vectors is equal.</summary>
internal static class Fingerprints
{
    /// <summary>SHA-256, lower-case hex, of a list of texts; each is preceded by its length, so that no two lists hash alike.</summary>
    public static string Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.LongLength));
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The first 12 digits, for logs.</summary>
    public static string Short(string fingerprint) => fingerprint.Length <= 12 ? fingerprint : fingerprint[..12];
}
