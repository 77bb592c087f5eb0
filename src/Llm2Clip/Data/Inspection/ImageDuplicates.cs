using System.Numerics;

namespace Llm2Clip.Data.Inspection;

/// <summary>
/// Two images by their numbers, and how they are alike; <paramref name="Distance"/> is in bits of both perceptual hashes.
/// </summary>
internal readonly record struct ImagePair(Likeness Likeness, int Distance, int First, int Second) : IComparable<ImagePair>
{
    public int CompareTo(ImagePair other) =>
        (Likeness, Distance, First, Second).CompareTo((other.Likeness, other.Distance, other.First, other.Second));
}

/// <summary>What was found of equal and alike images within one data set, or between two.</summary>
internal sealed class ImageFindings
{
    public TwinCount SameBytes { get; set; } = new(0, 0, 0);

    public TwinCount SamePixels { get; set; } = new(0, 0, 0);

    public NearCount Near { get; set; } = new(0, 0, 0);

    /// <summary>Examples, of each likeness as many as are listed: one a group of equal images, and the nearest of the alike ones.</summary>
    public List<ImagePair> Pairs { get; } = [];

    /// <summary>Pairs of equal bytes and of equal pixels among the examples.</summary>
    public int[] Listed { get; } = new int[2];
}

/// <summary>
/// Finds equal and alike images. Equal ones are side by side when hashes of pixels are sorted; what is left of each is one image, and
/// these are held against each other by <see cref="HammingPairs"/>. Images of the first data set have numbers below
/// <paramref name="boundary"/>.
/// </summary>
internal sealed class ImageDuplicates(int boundary, InspectConfig config, int workers, CancellationToken cancellation)
{
    private readonly Dictionary<Scope, ImageFindings> _found = Enum.GetValues<Scope>()
        .ToDictionary(scope => scope, _ => new ImageFindings());
    private readonly List<PerceptualHash> _hashes = [];
    private readonly List<(int Data, int Against)> _first = [];

    /// <summary>Finds all; the tables' hashes are used up.</summary>
    public IReadOnlyDictionary<Scope, ImageFindings> Find(InspectionTables tables)
    {
        var keys = tables.Pixels.TakeArray(tables.ImageCount);
        _hashes.EnsureCapacity(keys.Length);
        _first.EnsureCapacity(keys.Length);
        EqualRuns.Visit(keys, cancellation, run =>
        {
            run.Sort((a, b) => (tables.Encoded[a], a).CompareTo((tables.Encoded[b], b)));
            Equal(run, tables);
            Keep(run, tables);
        });
        tables.Perceptual.Clear();
        tables.Encoded.Clear();
        Near();
        foreach (var findings in _found.Values)
        {
            findings.Pairs.Sort();
        }
        return _found;
    }

    /// <summary>Counts images of equal pixels, which are sorted by the hash of their bytes and then by number.</summary>
    private void Equal(ReadOnlySpan<int> run, InspectionTables tables)
    {
        if (run.Length == 1)
        {
            return;
        }
        var (all, firsts) = (new Members(boundary), new List<Members>());
        for (int from = 0, to; from < run.Length; from = to)
        {
            var members = new Members(boundary);
            for (to = from; to < run.Length && tables.Encoded[run[to]] == tables.Encoded[run[from]]; to++)
            {
                members.Add(run[to]);
                all.Add(run[to]);
            }
            firsts.Add(members);
        }
        foreach (var (scope, findings) in _found)
        {
            foreach (var members in firsts)
            {
                findings.SameBytes += members.Twins(scope);
                List(findings, Likeness.SameBytes, members.Example(scope));
            }
            findings.SamePixels += all.Twins(scope);
            if (firsts.TrueForAll(members => members.Example(scope) is null))
            {
                List(findings, Likeness.SamePixels, all.Example(scope));
            }
        }
    }

    private void List(ImageFindings findings, Likeness likeness, (int First, int Second)? pair)
    {
        if (pair is { } listed && findings.Listed[(int)likeness] < config.Listed)
        {
            findings.Listed[(int)likeness]++;
            findings.Pairs.Add(new ImagePair(likeness, 0, listed.First, listed.Second));
        }
    }

    /// <summary>Equal images count once from here on; those without structure are like nothing.</summary>
    private void Keep(ReadOnlySpan<int> run, InspectionTables tables)
    {
        if (tables.Perceptual[run[0]] is var hash && hash != PerceptualHash.None)
        {
            var members = new Members(boundary);
            foreach (var image in run)
            {
                members.Add(image);
            }
            _hashes.Add(hash);
            _first.Add((members.FirstOfData, members.FirstOfAgainst));
        }
    }

    private void Near()
    {
        var marks = Enum.GetValues<Scope>()
            .ToDictionary(scope => scope, _ => (Data: new bool[_first.Count], Against: new bool[_first.Count]));
        var sinks = HammingPairs.Find(
            [.. _hashes.Select(hash => hash.Coarse)], config.NearImageBits, () =>
                new NearSink(_hashes, config.NearImageFineBits, _first, marks, config.Listed), workers, cancellation);
        foreach (var (scope, findings) in _found)
        {
            var (data, against) = marks[scope];
            findings.Near = new NearCount(
                sinks.Sum(sink => sink.Pairs(scope)), data.LongCount(mark => mark), against.LongCount(mark => mark));
            findings.Pairs.AddRange(sinks.SelectMany(sink => sink.Nearest(scope)).Order().Take(config.Listed));
        }
    }

    /// <summary>Equal images, added in the order of their numbers within equal bytes.</summary>
    private sealed class Members(int boundary)
    {
        private (int Data, int Against) _second = (-1, -1);
        private long _data;
        private long _against;

        public int FirstOfData { get; private set; } = -1;

        public int FirstOfAgainst { get; private set; } = -1;

        public void Add(int image)
        {
            if (image < boundary)
            {
                _data++;
                _second.Data = FirstOfData >= 0 && _second.Data < 0 ? image : _second.Data;
                FirstOfData = FirstOfData < 0 ? image : FirstOfData;
            }
            else
            {
                _against++;
                _second.Against = FirstOfAgainst >= 0 && _second.Against < 0 ? image : _second.Against;
                FirstOfAgainst = FirstOfAgainst < 0 ? image : FirstOfAgainst;
            }
        }

        public TwinCount Twins(Scope scope) => scope switch
        {
            Scope.Data when _data > 1 => new TwinCount(1, _data, 0),
            Scope.Against when _against > 1 => new TwinCount(1, 0, _against),
            Scope.Between when _data > 0 && _against > 0 => new TwinCount(1, _data, _against),
            _ => new TwinCount(0, 0, 0),
        };

        public (int First, int Second)? Example(Scope scope) => Twins(scope).Groups == 0 ? null : scope switch
        {
            Scope.Data => (FirstOfData, _second.Data),
            Scope.Against => (FirstOfAgainst, _second.Against),
            _ => (FirstOfData, FirstOfAgainst),
        };
    }

    /// <summary>Counts one worker's pairs, and keeps the nearest of each scope.</summary>
    private sealed class NearSink(List<PerceptualHash> hashes, int fineBits, List<(int Data, int Against)> first,
        Dictionary<Scope, (bool[] Data, bool[] Against)> marks, int listed) : IPairSink
    {
        private readonly Dictionary<Scope, long> _pairs = Enum.GetValues<Scope>().ToDictionary(scope => scope, _ => 0L);

        // The farthest leaves first.
        private readonly Dictionary<Scope, PriorityQueue<ImagePair, ImagePair>> _nearest = Enum.GetValues<Scope>().ToDictionary(
            scope => scope, _ => new PriorityQueue<ImagePair, ImagePair>(Comparer<ImagePair>.Create((a, b) => b.CompareTo(a))));

        public long Pairs(Scope scope) => _pairs[scope];

        public IEnumerable<ImagePair> Nearest(Scope scope) => _nearest[scope].UnorderedItems.Select(item => item.Element);

        public void Add(int place, int other, int distance)
        {
            var fine = BitOperations.PopCount(hashes[place].Fine ^ hashes[other].Fine);
            if (fine > fineBits)
            {
                return;
            }
            distance += fine;
            var (a, b) = (first[place], first[other]);
            if (a.Data >= 0 && b.Data >= 0)
            {
                (marks[Scope.Data].Data[place], marks[Scope.Data].Data[other]) = (true, true);
                Keep(Scope.Data, distance, Math.Min(a.Data, b.Data), Math.Max(a.Data, b.Data));
            }
            if (a.Against >= 0 && b.Against >= 0)
            {
                (marks[Scope.Against].Against[place], marks[Scope.Against].Against[other]) = (true, true);
                Keep(Scope.Against, distance, Math.Min(a.Against, b.Against), Math.Max(a.Against, b.Against));
            }
            Between(place, other, distance, a.Data, b.Against);
            Between(other, place, distance, b.Data, a.Against);
        }

        private void Between(int ofData, int ofAgainst, int distance, int data, int against)
        {
            if (data >= 0 && against >= 0)
            {
                marks[Scope.Between].Data[ofData] = true;
                marks[Scope.Between].Against[ofAgainst] = true;
                Keep(Scope.Between, distance, data, against);
            }
        }

        private void Keep(Scope scope, int distance, int one, int two)
        {
            _pairs[scope]++;
            var pair = new ImagePair(Likeness.Near, distance, one, two);
            var nearest = _nearest[scope];
            if (nearest.Count < listed)
            {
                nearest.Enqueue(pair, pair);
            }
            else if (listed > 0 && pair.CompareTo(nearest.Peek()) < 0)
            {
                nearest.EnqueueDequeue(pair, pair);
            }
        }
    }
}
