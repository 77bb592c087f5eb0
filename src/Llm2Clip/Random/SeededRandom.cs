namespace Llm2Clip.Randomness; // Llm2Clip.Random would hide System.Random from every file of the project

/// <summary>
/// The random generator of the project. Its whole state is one number (SplitMix64, Steele, Lea and Flood 2014,
/// https://prng.di.unimi.it/splitmix64.c): the same seed gives the same numbers on every machine and device, so a step's randomness
/// follows from (seed, step) alone, and a resumed run needs no generator state.
/// </summary>
public struct SeededRandom(ulong seed)
{
    private ulong _state = seed;
    private float _spare = float.NaN;

    /// <summary>
    /// The sequence for one purpose, such as <c>For(seed, epoch, sample.Key, "caption")</c>: it depends on what it is for, never on what
    /// was drawn before, so that a run repeats whatever the number of its workers.
    /// </summary>
    public static SeededRandom For(params ReadOnlySpan<SeedPart> parts) => new(Mix(parts));

    /// <summary>A seed made from several parts; each changes it completely.</summary>
    public static ulong Mix(params ReadOnlySpan<SeedPart> parts)
    {
        var state = 0x243F6A8885A308D3UL;
        foreach (var part in parts)
        {
            state = Scramble(state + 0x9E3779B97F4A7C15UL + part.Bits);
        }
        return state;
    }

    /// <summary>The next 64 uniform bits.</summary>
    public ulong NextBits() => Scramble(_state += 0x9E3779B97F4A7C15UL);

    /// <summary>Uniform in [0, 1), in steps of 2^-24.</summary>
    public float NextSingle() => (NextBits() >> 40) * (1f / (1 << 24));

    /// <summary>Uniform in [0, 1), in steps of 2^-53.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double Uniform(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform in 0 to <paramref name="bound"/> - 1; <paramref name="bound"/> must be positive.</summary>
    public int NextInt32(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)(((UInt128)NextBits() * (ulong)bound) >> 64);
    }

    /// <summary>Standard normal (Box and Muller's polar form).</summary>
    public float NextGaussian()
    {
        if (!float.IsNaN(_spare))
        {
            var kept = _spare;
            _spare = float.NaN;
            return kept;
        }
        double x, y, r;
        do
        {
            x = NextDouble() * 2 - 1;
            y = NextDouble() * 2 - 1;
            r = x * x + y * y;
        }
        while (r is >= 1 or 0);
        var scale = Math.Sqrt(-2 * Math.Log(r) / r);
        _spare = (float)(y * scale);
        return (float)(x * scale);
    }

    /// <summary>A sequence of its own, seeded by one draw: however many numbers it is asked for, nothing else moves.</summary>
    public SeededRandom Split() => new(NextBits());

    /// <summary>Puts the items into random order (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var other = NextInt32(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    /// <summary>Moves <paramref name="count"/> random items to the front, in random order: the shuffle, as far as it is needed.</summary>
    public void Draw<T>(Span<T> items, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var other = i + NextInt32(items.Length - i);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    private static ulong Scramble(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
