using Llm2Clip.Randomness;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>
/// Batches of several sets, each of one set (facts A6): of a set of weight w there are w times the batches of its own epoch, in an order
/// that the seed shuffles.
/// </summary>
internal sealed class AlternatingSource : ITuningSource
{
    private readonly IReadOnlyList<ITuningSource> _sets;
    private readonly int[] _counts;
    private readonly long _seed;

    public AlternatingSource(IReadOnlyList<(ITuningSource Source, double Weight)> sets, long seed)
    {
        (_sets, _seed) = ([.. sets.Select(set => set.Source)], seed);
        _counts = [.. sets.Select(set => Math.Max(1, (int)Math.Round(set.Weight * set.Source.PerEpoch)))];
    }

    /// <inheritdoc/>
    public int PerEpoch => _counts.Sum();

    /// <inheritdoc/>
    public IEnumerable<TuningBatch> Epoch(int epoch)
    {
        var random = SeededRandom.For(_seed, 8, epoch);
        var order = _counts.SelectMany((count, set) => Enumerable.Repeat(set, count)).ToArray();
        random.Shuffle(order);
        var streams = _sets.Select((set, i) => Batches(set, epoch, _counts[i]).GetEnumerator()).ToList();
        try
        {
            foreach (var set in order)
            {
                streams[set].MoveNext();
                yield return streams[set].Current;
            }
        }
        finally
        {
            streams.ForEach(stream => stream.Dispose());
        }
    }

    /// <summary>So many batches of a set, whose own epochs follow each other through those of the run.</summary>
    private static IEnumerable<TuningBatch> Batches(ITuningSource set, int epoch, int count)
    {
        var start = (long)epoch * count;
        var own = (int)(start / set.PerEpoch);
        for (var skip = (int)(start % set.PerEpoch); count > 0; skip = 0, own++)
        {
            foreach (var batch in set.Epoch(own).Skip(skip).Take(count))
            {
                yield return batch;
                count--;
            }
        }
    }
}

/// <summary>Batches that hold texts of all sets: one batch of each, smaller, side by side.</summary>
/// <param name="sets">The sets, whose batches are as large as their weights.</param>
internal sealed class JoinedTuningSource(IReadOnlyList<ITuningSource> sets) : ITuningSource
{
    /// <inheritdoc/>
    public int PerEpoch => sets.Max(set => set.PerEpoch);

    /// <inheritdoc/>
    public IEnumerable<TuningBatch> Epoch(int epoch)
    {
        var streams = sets.Select(set => Endless(set, epoch).GetEnumerator()).ToList();
        try
        {
            for (var batch = 0; batch < PerEpoch; batch++)
            {
                streams.ForEach(stream => stream.MoveNext());
                yield return Join([.. streams.Select(stream => stream.Current)]);
            }
        }
        finally
        {
            streams.ForEach(stream => stream.Dispose());
        }
    }

    private IEnumerable<TuningBatch> Endless(ITuningSource set, int epoch)
    {
        var start = (long)epoch * PerEpoch;
        var skip = (int)(start % set.PerEpoch);
        for (var own = (int)(start / set.PerEpoch); ; own++, skip = 0)
        {
            foreach (var batch in set.Epoch(own).Skip(skip))
            {
                yield return batch;
            }
        }
    }

    private static TuningBatch Join(IReadOnlyList<TuningBatch> parts)
    {
        var queries = parts.Sum(part => part.Queries);
        return new TuningBatch(
            queries, () => Rows(parts.Select(part => part.Texts()).ToList()),
            // Numbers of one set mean nothing in another.
            [.. Rows(parts.Select((part, set) => Array.ConvertAll(part.Sources, source => (long)SeededRandom.Mix(source, set))).ToList())],
            [.. Rows(parts.Select(part => part.Wordings).ToList())]);

        IReadOnlyList<T> Rows<T>(IReadOnlyList<IReadOnlyList<T>> of) =>
        [
            .. of.SelectMany((rows, part) => rows.Take(parts[part].Queries)),
            .. of.SelectMany((rows, part) => rows.Skip(parts[part].Queries).Take(parts[part].Queries)),
            .. of.SelectMany((rows, part) => rows.Skip(2 * parts[part].Queries)),
        ];
    }
}
