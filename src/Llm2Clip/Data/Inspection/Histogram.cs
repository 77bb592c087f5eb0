namespace Llm2Clip.Data.Inspection;

/// <summary>
/// Counts of whole numbers from 0 on, in bins of one; all from the limit on share the last bin. Quantiles are exact below the limit. Memory
/// does not grow with what is counted.
/// </summary>
/// <param name="limit">Number of bins of their own.</param>
internal sealed class Histogram(int limit)
{
    private readonly long[] _counts = new long[limit + 1];

    /// <summary>Numbers counted.</summary>
    public long Count { get; private set; }

    /// <summary>Smallest number; 0 where none was counted.</summary>
    public long Min { get; private set; }

    /// <summary>Largest number, also past the limit.</summary>
    public long Max { get; private set; }

    /// <summary>Sum of the numbers.</summary>
    public long Sum { get; private set; }

    /// <summary>Counts a number of 0 or more.</summary>
    public void Add(long value)
    {
        (Min, Max) = Count == 0 ? (value, value) : (Math.Min(Min, value), Math.Max(Max, value));
        Count++;
        Sum += value;
        _counts[Math.Min(value, limit)]++;
    }

    /// <summary>Adds the counts of another one of the same limit.</summary>
    public void Add(Histogram other)
    {
        if (other.Count == 0)
        {
            return;
        }
        (Min, Max) = Count == 0 ? (other.Min, other.Max) : (Math.Min(Min, other.Min), Math.Max(Max, other.Max));
        Count += other.Count;
        Sum += other.Sum;
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
    }

    /// <summary>
    /// The smallest number that at least <paramref name="share"/> of all are not above (the inverse of the distribution function); 0 where
    /// there are none.
    /// </summary>
    public long Quantile(double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank && Count > 0)
            {
                return i == limit ? Max : i;
            }
        }
        return 0;
    }

    /// <summary>Numbers above a bound; from the limit on, where some are above it, all of the last bin.</summary>
    public long Above(long bound) => bound >= Max ? 0 : _counts.Skip((int)Math.Min(bound + 1, limit)).Sum();

    /// <summary>
    /// At most <paramref name="bars"/> bars of equal width from the smallest number to the one that 99.5 % are not above; the last bar
    /// holds the rest. Widths are 1, 2 or 5 times a power of ten.
    /// </summary>
    public IReadOnlyList<HistogramBar> Bars(int bars, double scale = 1)
    {
        if (Count == 0)
        {
            return [];
        }
        var (low, high) = (Math.Min(Min, limit), Math.Min(Quantile(0.995), limit));
        var width = Widths().First(width => high / width - low / width < bars);
        var result = new List<HistogramBar>();
        for (var from = low / width * width; from <= high; from += width)
        {
            var isLast = from + width > high;
            var end = isLast ? _counts.Length : (int)(from + width);
            result.Add(new HistogramBar(
                from * scale, (isLast ? Math.Max(Max, from + width - 1) : from + width - 1) * scale, _counts[(int)from..end].Sum()));
        }
        return result;
    }

    /// <summary>What a report says of it; numbers are multiplied by <paramref name="scale"/>.</summary>
    public Distribution Describe(int bars = 20, double scale = 1) => new(
        Count, Min * scale, Max * scale, Count == 0 ? 0 : Math.Round((double)Sum / Count * scale, 3),
        Quantile(0.01) * scale, Quantile(0.05) * scale, Quantile(0.25) * scale, Quantile(0.5) * scale, Quantile(0.75) * scale,
        Quantile(0.95) * scale, Quantile(0.99) * scale,
        Bars(bars, scale));

    private static IEnumerable<long> Widths()
    {
        for (var power = 1L; ; power *= 10)
        {
            yield return power;
            yield return 2 * power;
            yield return 5 * power;
        }
    }
}
