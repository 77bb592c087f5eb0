using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Llm2Clip.Randomness;

/// <summary>What a random sequence is for, or a part of it: a number, or a text by its XxHash3.</summary>
public readonly struct SeedPart
{
    private SeedPart(ulong bits) => Bits = bits;

    /// <summary>The part as 64 bits.</summary>
    internal ulong Bits { get; }

    /// <summary>A number, as it is.</summary>
    public static implicit operator SeedPart(long value) => new((ulong)value);

    /// <summary>A text.</summary>
    public static implicit operator SeedPart(string text) => new(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan())));
}
