namespace Llm2Clip.MakeQuickStart;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every platform and every .NET version, which
/// <see cref="System.Random"/> does not promise. The shipped data depends on it.
/// </summary>
public sealed class SceneRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>An independent stream for one item of a series, so that items do not depend on those before them.</summary>
    public static SceneRandom For(ulong seed, ulong stream, ulong item)
    {
        var mixed = new SceneRandom(seed);
        mixed._state += (stream * 0xD1342543DE82EF95UL) ^ (item * 0x2545F4914F6CDD1DUL);
        return new SceneRandom(mixed.NextBits());
    }

    /// <summary>A generator that goes on from the same state.</summary>
    public SceneRandom Copy() => new(_state);

    /// <summary>64 uniform bits.</summary>
    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15UL;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform integer in [0, <paramref name="limit"/>).</summary>
    public int Next(int limit) => (int)(((NextBits() >> 32) * (ulong)limit) >> 32);

    /// <summary>Uniform in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double Between(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>True with the given probability.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>One of the items, all alike.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>The first item in seven cases of ten, else one of the others: synonyms occur, but the common word leads.</summary>
    public T PickUsual<T>(IReadOnlyList<T> items) => items.Count == 1 || Chance(0.7) ? items[0] : items[1 + Next(items.Count - 1)];

    /// <summary>An index drawn with the given weights.</summary>
    public int Weighted(ReadOnlySpan<double> weights)
    {
        var total = 0.0;
        foreach (var weight in weights)
        {
            total += weight;
        }
        var left = NextDouble() * total;
        for (var i = 0; i < weights.Length - 1; i++)
        {
            left -= weights[i];
            if (left < 0)
            {
                return i;
            }
        }
        return weights.Length - 1;
    }

    /// <summary>Fisher-Yates, in place.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (var i = items.Count - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
