namespace Llm2Clip.Data.Inspection;

/// <summary>A key that occurs more than once: the numbers of its first two records, and how many have it.</summary>
internal readonly record struct RepeatedKey(int First, int Second, long Records);

/// <summary>Keys that occur more than once in one data set.</summary>
internal sealed class RepeatedKeys
{
    // The last in the data leaves first.
    private readonly PriorityQueue<RepeatedKey, int> _first = new();

    /// <summary>Different keys.</summary>
    public long Keys { get; private set; }

    /// <summary>Records that have one of these.</summary>
    public long Records { get; private set; }

    /// <summary>The first ones, in the order of the data.</summary>
    public IReadOnlyList<RepeatedKey> Listed => [.. _first.UnorderedItems.Select(item => item.Element).OrderBy(key => key.First)];

    public void Add(RepeatedKey key, int listed)
    {
        Keys++;
        Records += key.Records;
        _first.Enqueue(key, -key.First);
        if (_first.Count > listed)
        {
            _first.Dequeue();
        }
    }
}

/// <summary>
/// Finds keys that occur more than once in a data set, where samples are meant to be told apart by them. Hashes of 64 bits are compared:
/// of 15 million different keys, two are taken for one with a probability of 6 in a million.
/// </summary>
internal static class KeyDuplicates
{
    /// <summary>
    /// Looks through both data sets; the tables' hashes are used up. Records of the first one have numbers below
    /// <paramref name="boundary"/>.
    /// </summary>
    public static IReadOnlyDictionary<Scope, RepeatedKeys> Find(
        InspectionTables tables, int boundary, int listed, CancellationToken cancellation)
    {
        var found = new Dictionary<Scope, RepeatedKeys> { [Scope.Data] = new(), [Scope.Against] = new() };
        EqualRuns.Visit(tables.Keys.TakeArray(tables.ImageCount), cancellation, run =>
        {
            if (run.Length == 1)
            {
                return;
            }
            run.Sort();
            var split = 0;
            while (split < run.Length && run[split] < boundary)
            {
                split++;
            }
            Add(Scope.Data, run[..split]);
            Add(Scope.Against, run[split..]);
        });
        return found;

        void Add(Scope set, ReadOnlySpan<int> records)
        {
            if (records.Length > 1)
            {
                found[set].Add(new RepeatedKey(records[0], records[1], records.Length), listed);
            }
        }
    }
}
