using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// Batches of pooled features for a frozen tower, in the order in which <see cref="SampleLoader"/> gives images. Pass p over a data set has
/// view p modulo the number of views.
/// </summary>
internal sealed class FrozenBatches : ITrainingBatches
{
    private readonly IReadOnlyList<PooledFeatures> _features;
    private readonly IEpochPlan _plan;
    private readonly int _batchSize;
    private readonly int _views;
    private readonly LoaderActivity _activity = new(workers: 0);

    /// <param name="features">The features of each data set, which hold all views; disposed with this.</param>
    /// <param name="sets">The data sets.</param>
    /// <param name="loader">Batch size, seed and shuffle buffer.</param>
    /// <param name="views">Number of views.</param>
    /// <param name="keep">Leaves out samples.</param>
    /// <param name="log">Hears what an epoch is drawn from.</param>
    /// <param name="samples">Samples per epoch; 0 = as many as there are.</param>
    public FrozenBatches(
        IReadOnlyList<PooledFeatures> features, IReadOnlyList<TrainSet> sets, LoaderConfig loader, int views, Func<Sample, bool> keep,
        IRunLog log, long samples = 0)
    {
        (_features, _views, _batchSize) = (features, views, loader.BatchSize);
        // A bad image has no features; which view is asked for makes no difference.
        _plan = MixedPlan.Of(sets, loader, samples, (set, sample) => keep(sample) && features[set].Contains(sample, 0), log);
    }

    /// <inheritdoc/>
    public Activity Activity => _activity.Now();

    /// <inheritdoc/>
    public long BatchesPerEpoch(CancellationToken cancellation = default) => _plan.Count(cancellation) / _batchSize;

    /// <inheritdoc/>
    public IReadOnlyList<EpochStart> Starts => _plan.Starts;

    /// <inheritdoc/>
    public void StartFrom(IReadOnlyList<EpochStart> starts) => _plan.StartFrom(starts);

    /// <inheritdoc/>
    public IEnumerable<SampleBatch> Epoch(int epoch, long skip = 0, CancellationToken cancellation = default)
    {
        var index = 0L;
        var samples = new List<PlannedSample>(_batchSize);
        foreach (var sample in _plan.Epoch(epoch, _ => _activity.Moved(), _activity.Reads, cancellation))
        {
            samples.Add(sample);
            if (samples.Count < _batchSize)
            {
                continue;
            }
            if (index >= skip)
            {
                yield return Batch(index, samples);
            }
            index++;
            samples.Clear();
        }
    }

    /// <summary>Closes the features.</summary>
    public void Dispose()
    {
        _plan.Dispose();
        foreach (var features in _features)
        {
            features.Dispose();
        }
    }

    private SampleBatch Batch(long index, List<PlannedSample> samples)
    {
        var width = _features[0].Dimension;
        var rows = new float[samples.Count * width];
        for (var set = 0; set < _features.Count; set++)
        {
            var places = Enumerable.Range(0, samples.Count).Where(place => samples[place].Set == set).ToList();
            var own = _features[set].Gather([.. places.Select(place => (samples[place].Sample, samples[place].Pass % _views))]);
            for (var row = 0; row < places.Count; row++)
            {
                own.AsSpan(row * width, width).CopyTo(rows.AsSpan(places[row] * width));
            }
        }
        return SampleBatch.OfFeatures(
            index, [.. samples.Select(sample => sample.Sample)], rows, [.. samples.Select(sample => sample.Pass)]);
    }
}
