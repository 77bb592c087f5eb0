namespace Llm2Clip.Layers;

/// <summary>
/// A small random generator whose whole state is one number (SplitMix64, https://prng.di.unimi.it/splitmix64.c): the same seed
/// gives the same numbers on every machine, device and engine, so a step's randomness follows from (seed, step) alone and a
/// resumed run needs no generator state.
/// </summary>
public struct CounterRandom(ulong seed)
{
    private ulong _state = seed;
    private float _spare = float.NaN;

    /// <summary>A seed made from several numbers; each changes it completely.</summary>
    public static ulong Mix(params ReadOnlySpan<long> parts)
    {
        var state = 0x243F6A8885A308D3UL;
        foreach (var part in parts)
        {
            state = Scramble(state + 0x9E3779B97F4A7C15UL + (ulong)part);
        }
        return state;
    }

    /// <summary>The next 64 bits.</summary>
    public ulong Next() => Scramble(_state += 0x9E3779B97F4A7C15UL);

    /// <summary>Uniform in [0, 1).</summary>
    public float NextSingle() => (Next() >> 40) * (1f / (1 << 24));

    /// <summary>Uniform in [0, <paramref name="bound"/>).</summary>
    public int NextInt32(int bound) => (int)(((UInt128)Next() * (ulong)bound) >> 64);

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
            x = (Next() >> 11) * (2.0 / (1UL << 53)) - 1;
            y = (Next() >> 11) * (2.0 / (1UL << 53)) - 1;
            r = x * x + y * y;
        }
        while (r is >= 1 or 0);
        var scale = Math.Sqrt(-2 * Math.Log(r) / r);
        _spare = (float)(y * scale);
        return (float)(x * scale);
    }

    private static ulong Scramble(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
