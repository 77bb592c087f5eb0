using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Llm2Clip.Data;

/// <summary>
/// Random numbers that depend on what they are for, never on who draws first: each sample gets its own sequence, seeded by
/// (seed, epoch, key, purpose), so that a run repeats whatever the number of workers. xoshiro256** (Blackman and Vigna,
/// https://doi.org/10.1145/3460772), seeded from XxHash128.
/// </summary>
public struct SampleRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    /// <summary>The sequence for one sample and purpose, such as <c>crop</c> or <c>caption</c>.</summary>
    public static SampleRandom For(long seed, int epoch, string key, string purpose)
    {
        var hash = new XxHash128();
        Span<byte> numbers = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, seed);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[8..], epoch);
        hash.Append(numbers);
        hash.Append(MemoryMarshal.AsBytes(purpose.AsSpan()));
        hash.Append([0, 0]);
        hash.Append(MemoryMarshal.AsBytes(key.AsSpan()));
        var value = hash.GetCurrentHashAsUInt128();
        var state = (ulong)value;
        var high = (ulong)(value >> 64);
        return new SampleRandom { _a = Mix(ref state), _b = high ^ Mix(ref state), _c = Mix(ref state), _d = Mix(ref state) | 1 };
    }

    /// <summary>Uniform 64 bits.</summary>
    public ulong NextBits()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double Uniform(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform in 0..<paramref name="count"/> - 1; <paramref name="count"/> must be positive.</summary>
    public int Next(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return (int)(((UInt128)NextBits() * (ulong)count) >> 64);
    }

    /// <summary>A sequence of its own, seeded by one draw: what it is used for then moves nothing else.</summary>
    public SampleRandom Split()
    {
        var state = NextBits();
        return new SampleRandom { _a = Mix(ref state), _b = Mix(ref state), _c = Mix(ref state), _d = Mix(ref state) | 1 };
    }

    private static ulong Mix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
