namespace Llm2Clip.Data.Inspection;

/// <summary>
/// The samples of one data set that cannot be used, by cause, the first of each cause by name. Unlike a training run, an inspection goes
/// on past <c>data.max_bad_share</c>. Safe to call from several threads.
/// </summary>
internal sealed class BrokenSamples(string what, int listed, IRunLog log)
{
    private readonly BadSampleTally _tally = new(what, maxShare: 1, log);
    private readonly SortedDictionary<BadSampleCause, (long Count, SortedSet<(int Place, string Origin, string Reason)> First)> _causes =
        [];
    private readonly Lock _lock = new();
    private readonly List<string> _firstStrays = [];
    private long _strays;

    /// <summary>Records seen, broken ones included.</summary>
    public long Seen => _tally.Seen;

    /// <summary>Remarks on samples that were used all the same, such as one empty caption of five.</summary>
    public long Remarks { get; private set; }

    /// <summary>Members of tars that belong to no sample.</summary>
    public StrayMembers Strays => new(_strays, [.. _firstStrays]);

    public void AddGood() => _tally.AddGood();

    /// <summary><paramref name="place"/> orders the samples as the data does.</summary>
    public void Add(BadSample bad, int place)
    {
        _tally.AddBad(bad);
        lock (_lock)
        {
            if (bad.Cause == BadSampleCause.NoSample)
            {
                _strays++;
                if (_firstStrays.Count < listed)
                {
                    _firstStrays.Add(bad.Origin);
                }
                return;
            }
            if (bad.Kept)
            {
                Remarks++;
                return;
            }
            var (count, first) = _causes.TryGetValue(bad.Cause, out var known) ? known : (0, []);
            first.Add((place, bad.Origin, bad.Reason));
            if (first.Count > listed)
            {
                first.Remove(first.Max);
            }
            _causes[bad.Cause] = (count + 1, first);
        }
    }

    /// <summary>The causes, the most frequent first.</summary>
    public IReadOnlyList<BrokenCause> Causes() =>
    [
        .. _causes.OrderByDescending(cause => cause.Value.Count).Select(cause =>
            new BrokenCause(
                cause.Key, cause.Value.Count, [.. cause.Value.First.Select(sample => new BrokenSample(sample.Origin, sample.Reason))])),
    ];
}
