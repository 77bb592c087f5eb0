using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace Llm2Clip.Data;

/// <summary>
/// File names of the samples of one shard, made of their keys. A key keeps its characters, except those that end a key or a folder's name
/// in a WebDataset (<c>. / \</c>), control characters and <c>%</c>: they become %XX, so that different keys stay different. A key that
/// occurs twice in the shard gets <c>~2</c>, <c>~3</c>, ... Keys need not be unique beyond a shard, so nothing is remembered beyond it.
/// </summary>
internal sealed class SampleNames
{
    /// <summary>File systems allow 255 bytes, the extension included.</summary>
    private const int MaxBytes = 200;

    private const int HashDigits = 16;

    private readonly Dictionary<string, int> _copies = new(StringComparer.Ordinal);

    /// <summary>The name of the next sample, without extension.</summary>
    public string Next(string key)
    {
        var name = Of(key);
        var unique = name;
        while (!_copies.TryAdd(unique, 1))
        {
            unique = $"{name}~{++_copies[name]}";
        }
        return unique;
    }

    private static string Of(string key)
    {
        var name = new StringBuilder(key.Length);
        var (bytes, kept) = (0, 0);
        foreach (var rune in key.EnumerateRunes())
        {
            var text = rune.Value is '.' or '/' or '\\' or '%' or < ' ' or 127 ? $"%{rune.Value:X2}" : rune.ToString();
            bytes += Encoding.UTF8.GetByteCount(text);
            name.Append(text);
            if (bytes <= MaxBytes - HashDigits - 1)
            {
                kept = name.Length;
            }
        }
        return bytes switch
        {
            0 => "_",
            <= MaxBytes => name.ToString(),
            _ => $"{name.ToString(0, kept)}-{XxHash3.HashToUInt64(MemoryMarshal.AsBytes(key.AsSpan())):x16}",
        };
    }
}
