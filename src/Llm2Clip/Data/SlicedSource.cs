namespace Llm2Clip.Data;

/// <summary>Records of a data set by their numbers, from 0.</summary>
/// <param name="From">The first.</param>
/// <param name="To">The first behind them; null for all to the end.</param>
internal readonly record struct RecordRange(long From, long? To)
{
    public bool Contains(long record) => record >= From && (To is null || record < To);

    public override string ToString() => $"#{(From > 0 ? From : null)}:{To}";
}

/// <summary>
/// A part of a data set, by the numbers of its records in stored order. Records that cannot be used have numbers too, so that a part means
/// the same whatever images are there; of several records of one image the first counts.
/// </summary>
internal sealed class SlicedSource : ISampleSource
{
    private readonly ISampleSource _source;
    private readonly RecordRange _range;
    private readonly int _first;
    private readonly List<long> _starts = []; // number of the first record of each shard; those behind are within the range

    /// <summary>
    /// Finds the shards of the part, by one walk through the captions up to its end. Throws <see cref="InputException"/> where there are
    /// fewer records.
    /// </summary>
    public SlicedSource(ISampleSource source, RecordRange range)
    {
        (_source, _range) = (source, range);
        var (at, shard) = (0L, 0);
        for (; shard < source.ShardCount && at < (range.To ?? (range.From + 1)); shard++)
        {
            var next = at + Count(shard);
            if (next > range.From)
            {
                _first = _starts.Count == 0 ? shard : _first;
                _starts.Add(at);
            }
            at = next;
        }
        if (at < (range.To ?? (range.From + 1)))
        {
            throw new InputException($"{source.Description} has {at:N0} records, so that {range} names some that are not there.");
        }
        ShardCount = range.To is null ? source.ShardCount - _first : _starts.Count;
    }

    public string Description => $"{_source.Description}, records {_range.From:N0} to {(_range.To is { } to ? $"{to - 1:N0}" : "the end")}";

    public bool IsUpright => _source.IsUpright;

    public int ShardCount { get; }

    public string ShardName(int shard) => _source.ShardName(_first + shard);

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        var record = shard < _starts.Count ? _starts[shard] : _range.From;
        foreach (var sample in _source.ReadShard(_first + shard, OnBad, cancellation))
        {
            if (_range.Contains(record++))
            {
                yield return sample;
            }
            if (record >= _range.To)
            {
                yield break;
            }
        }

        void OnBad(BadSample bad)
        {
            if (_range.Contains(record))
            {
                onBad(bad);
            }
            record += bad.Kept ? 0 : 1;
        }
    }

    private long Count(int shard)
    {
        var bad = 0L;
        return _source.ReadShard(shard, problem => bad += problem.Kept ? 0 : 1).LongCount() + bad;
    }
}
