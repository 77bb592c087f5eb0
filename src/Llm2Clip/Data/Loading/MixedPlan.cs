using System.Globalization;
using Llm2Clip.Randomness;

namespace Llm2Clip.Data.Loading;

/// <summary>
/// Epochs of a fixed number of samples, drawn from several data sets by their weights. Each epoch has the same number of each set, in an
/// order that is drawn by (seed, epoch); where an epoch ends, the next one continues in each set. A set with a large weight is passed
/// through several times per epoch, one with a small weight once in several.
/// </summary>
/// <remarks>
/// Which set comes next is drawn by what is left of each set's share, which makes any order of the epoch's samples as likely as any other.
/// </remarks>
internal sealed class MixedPlan : IEpochPlan
{
    private readonly IReadOnlyList<TrainSet> _sets;
    private readonly LoaderConfig _config;
    private readonly long _samples;
    private readonly IRunLog _log;
    private readonly SamplePlan[] _plans;
    private readonly SetCursor[] _cursors;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, IReadOnlyList<SetPosition>> _starts = [];
    private CancellationTokenSource _stop = new();
    private long[]? _shares;
    private int? _at; // epoch at whose start the cursors are; null where they are within one

    private MixedPlan(
        IReadOnlyList<TrainSet> sets, LoaderConfig config, long samples, Func<int, Sample, bool>? keep, IRunLog log)
    {
        (_sets, _config, _samples, _log) = (sets, config, samples, log);
        _plans = [.. sets.Select((set, number) => PlanOf(set, config, number, keep))];
        _cursors = [.. _plans.Select((plan, number) => new SetCursor(plan, number, $"{sets[number]}"))];
        _starts.Add(0, [.. sets.Select(_ => default(SetPosition))]);
    }

    /// <summary>The plan of a training's epochs: with one data set and no number of samples, all of it in each.</summary>
    /// <param name="sets">The data sets.</param>
    /// <param name="config">Seed, order and buffers.</param>
    /// <param name="samples">Samples per epoch; 0 = as many as the sets have.</param>
    /// <param name="keep">Leaves out samples of a set.</param>
    /// <param name="log">Hears what an epoch is drawn from.</param>
    public static IEpochPlan Of(
        IReadOnlyList<TrainSet> sets, LoaderConfig config, long samples, Func<int, Sample, bool>? keep, IRunLog log) =>
        sets.Count == 1 && samples == 0
            ? new OneSetPlan(PlanOf(sets[0], config, 0, keep))
            : new MixedPlan(sets, config, samples, keep, log);

    /// <inheritdoc/>
    public IReadOnlyList<EpochStart> Starts
    {
        get
        {
            lock (_lock)
            {
                return [.. _starts.Select(start => new EpochStart(start.Key, start.Value))];
            }
        }
    }

    /// <summary>What is said of a set without images.</summary>
    internal static InputException Empty(string name) => new(
        $"{name} has no image with a caption that is drawn. Check its path and what clip_train.captions names, or leave the set out of "
        + "data.train_sets.");

    /// <inheritdoc/>
    public void StartFrom(IReadOnlyList<EpochStart> starts)
    {
        lock (_lock)
        {
            foreach (var start in starts.Where(start => start.Sets.Count == _sets.Count))
            {
                _starts[start.Epoch] = start.Sets;
            }
        }
    }

    /// <inheritdoc/>
    public long Count(CancellationToken cancellation) => Shares(cancellation).Sum();

    /// <inheritdoc/>
    public IEnumerable<PlannedSample> Epoch(
        int epoch, Action<PlanRecord> onRecord, Action<string?>? onShard, CancellationToken cancellation)
    {
        var shares = Shares(cancellation);
        foreach (var cursor in _cursors)
        {
            (cursor.OnRecord, cursor.OnShard) = (onRecord, onShard);
        }
        if (_at != epoch)
        {
            MoveTo(epoch);
        }
        // The cursors stay open between epochs, and so does what they wait by.
        using var ends = cancellation.Register(static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);
        for (var before = _at!.Value; before < epoch; before++)
        {
            foreach (var _ in Draw(before, shares))
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
        foreach (var sample in Draw(epoch, shares))
        {
            yield return sample;
        }
    }

    /// <summary>Closes the data sets.</summary>
    public void Dispose()
    {
        foreach (var cursor in _cursors)
        {
            cursor.Dispose();
        }
        _stop.Dispose();
    }

    private static SamplePlan PlanOf(TrainSet set, LoaderConfig config, int number, Func<int, Sample, bool>? keep) =>
        new(set.Source, config, keep is null ? null : sample => keep(number, sample));

    /// <summary>Goes to the last start that is known, of this epoch or one before.</summary>
    private void MoveTo(int epoch)
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        lock (_lock)
        {
            var start = _starts.Last(known => known.Key <= epoch);
            for (var set = 0; set < _cursors.Length; set++)
            {
                _cursors[set].MoveTo(start.Value[set]);
            }
            _at = start.Key;
        }
    }

    private IEnumerable<PlannedSample> Draw(int epoch, long[] shares)
    {
        _at = null;
        long[] left = [.. shares];
        var random = SeededRandom.For(_config.Seed, epoch, "mixture");
        for (var all = left.Sum(); all > 0; all--)
        {
            var at = (long)(random.NextDouble() * all);
            var set = 0;
            while (at >= left[set])
            {
                at -= left[set++];
            }
            left[set]--;
            yield return _cursors[set].Next(_stop.Token);
        }
        lock (_lock)
        {
            _starts[epoch + 1] = [.. _cursors.Select(cursor => cursor.At)];
            // A checkpoint is of the epoch that trains or of the next; from the first, all can be found.
            foreach (var old in _starts.Keys.Where(key => key > 0 && key < epoch).ToList())
            {
                _starts.Remove(old);
            }
        }
        _at = epoch + 1;
    }

    /// <summary>Samples of each set per epoch. The data is read once where sizes count.</summary>
    private long[] Shares(CancellationToken cancellation)
    {
        if (_shares is not null)
        {
            return _shares;
        }
        var needsSizes = _samples == 0 || _sets[0].Weight is null;
        var sizes = needsSizes ? Array.ConvertAll(_plans, plan => plan.Count(cancellation)) : null;
        if (sizes is not null && Array.IndexOf(sizes, 0) is >= 0 and var empty)
        {
            throw Empty($"{_sets[empty]}");
        }
        var samples = _samples > 0 ? _samples : sizes!.Sum();
        samples -= _config.DropLast && samples >= _config.BatchSize ? samples % _config.BatchSize : 0;
        var shares = Apportion(samples, [.. _sets.Select((set, number) => set.Weight ?? sizes![number])]);
        if (Array.IndexOf(shares, 0) is >= 0 and var never)
        {
            throw new ConfigException(string.Create(
                CultureInfo.InvariantCulture,
                $"{_sets[never]} has a weight of {_sets[never].Weight}, which is not one of the {samples:N0} images of an epoch: ")
                + "raise its weight or clip_train.epoch_samples, or leave it out.");
        }
        _log.Info(string.Create(CultureInfo.InvariantCulture, $"Each epoch draws {samples:N0} images: ") + string.Join(", ", shares.Select(
            (share, number) => string.Create(CultureInfo.InvariantCulture, $"{share:N0}")
                + (sizes is null ? "" : string.Create(CultureInfo.InvariantCulture, $" (it has {sizes[number]:N0})"))
                + $" of {(_sets[number].Path.Length > 0 ? _sets[number].Path : _sets[number].Source.Description)}")) + ".");
        return _shares = shares;
    }

    /// <summary>Whole numbers in the proportion of the weights with a given sum: what is left goes to the largest fractions.</summary>
    internal static long[] Apportion(long sum, double[] weights)
    {
        var all = weights.Sum();
        var exact = Array.ConvertAll(weights, weight => sum * (weight / all));
        var whole = Array.ConvertAll(exact, value => (long)Math.Floor(value));
        var rest = sum - whole.Sum();
        foreach (var set in Enumerable.Range(0, weights.Length).OrderByDescending(set => exact[set] - whole[set]).Take((int)rest))
        {
            whole[set]++;
        }
        return whole;
    }
}
