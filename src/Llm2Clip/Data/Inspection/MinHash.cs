using System.Numerics;

namespace Llm2Clip.Data.Inspection;

/// <summary>
/// The low 8 bits of 24 minimum hashes of a text's pieces. Two texts agree in each of them with the probability J + (1 - J) / 256, J being
/// their Jaccard similarity: min-wise hashing (A. Broder, On the resemblance and containment of documents, 1997) of b bits (P. Li, A. C.
/// König, b-Bit Minwise Hashing, WWW 2010, https://arxiv.org/abs/0910.3349).
/// </summary>
internal readonly record struct MinHash(ulong A, ulong B, ulong C)
{
    /// <summary>Minimum hashes.</summary>
    public const int Count = 24;

    /// <summary>Bands of four minimum hashes each.</summary>
    public const int Bands = 6;

    /// <summary>
    /// Odd factors and addends of the hash functions: multiply-add-shift (M. Dietzfelbinger, 1996), from splitmix64 of 0, 1, 2, ...
    /// </summary>
    private static readonly (ulong Factor, ulong Addend)[] Functions =
        [.. Enumerable.Range(0, Count).Select(i => (Mix((ulong)(2 * i)) | 1, Mix((ulong)(2 * i + 1))))];

    /// <summary>The signature of a normalized text; <paramref name="scratch"/> is grown where it must be.</summary>
    public static MinHash Of(string normalized, ref ulong[] scratch)
    {
        var count = CaptionText.Shingles(normalized, ref scratch);
        Span<uint> least = stackalloc uint[Count];
        least.Fill(uint.MaxValue);
        foreach (var shingle in scratch.AsSpan(0, count))
        {
            var hash = Mix(shingle);
            for (var k = 0; k < Count; k++)
            {
                var (factor, addend) = Functions[k];
                least[k] = Math.Min(least[k], (uint)(hash * factor + addend >> 32));
            }
        }
        return new MinHash(Pack(least), Pack(least[8..]), Pack(least[16..]));
    }

    /// <summary>The four minimum hashes of a band, 0 to 5.</summary>
    public uint Band(int band) => (uint)((band switch { < 2 => A, < 4 => B, _ => C }) >> (band % 2 * 32));

    /// <summary>In how many of the 24 two texts agree.</summary>
    public int Agreements(MinHash other) => ZeroBytes(A ^ other.A) + ZeroBytes(B ^ other.B) + ZeroBytes(C ^ other.C);

    private static ulong Pack(ReadOnlySpan<uint> least)
    {
        ulong packed = 0;
        for (var i = 0; i < 8; i++)
        {
            packed |= (ulong)(byte)least[i] << (8 * i);
        }
        return packed;
    }

    private static int ZeroBytes(ulong value)
    {
        const ulong Low = 0x7F7F7F7F7F7F7F7F;
        return BitOperations.PopCount(~(((value & Low) + Low) | value | Low)); // The high bit of each byte that is zero.
    }

    /// <summary>The finalizer of splitmix64 (S. Vigna, https://prng.di.unimi.it/splitmix64.c).</summary>
    private static ulong Mix(ulong value)
    {
        var z = value + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
