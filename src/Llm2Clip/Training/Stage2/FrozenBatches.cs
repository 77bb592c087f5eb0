using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// Batches of pooled features for a frozen tower, in the order in which <see cref="SampleLoader"/> gives images. Epoch e has view e modulo
/// the number of views.
/// </summary>
internal sealed class FrozenBatches : ITrainingBatches
{
    private readonly PooledFeatures _features;
    private readonly SamplePlan _plan;
    private readonly int _batchSize;
    private readonly int _views;
    private readonly LoaderActivity _activity = new(workers: 0);

    /// <param name="features">The features, which hold all views; disposed with this.</param>
    /// <param name="source">The images.</param>
    /// <param name="loader">Batch size, seed and shuffle buffer.</param>
    /// <param name="views">Number of views.</param>
    /// <param name="keep">Leaves out samples.</param>
    public FrozenBatches(PooledFeatures features, ISampleSource source, LoaderConfig loader, int views, Func<Sample, bool> keep)
    {
        (_features, _views, _batchSize) = (features, views, loader.BatchSize);
        // A bad image has no features; which view is asked for makes no difference.
        _plan = new SamplePlan(source, loader, sample => keep(sample) && features.Contains(sample, 0));
    }

    /// <inheritdoc/>
    public Activity Activity => _activity.Now();

    /// <inheritdoc/>
    public long BatchesPerEpoch(CancellationToken cancellation = default) => _plan.Count(cancellation) / _batchSize;

    /// <inheritdoc/>
    public IEnumerable<SampleBatch> Epoch(int epoch, long skip = 0, CancellationToken cancellation = default)
    {
        var index = 0L;
        var samples = new List<Sample>(_batchSize);
        foreach (var sample in _plan.Epoch(epoch, _ => _activity.Moved(), _activity.Reads, cancellation))
        {
            samples.Add(sample);
            if (samples.Count < _batchSize)
            {
                continue;
            }
            if (index >= skip)
            {
                yield return SampleBatch.OfFeatures(index, [.. samples], _features.Gather(samples, epoch % _views));
            }
            index++;
            samples.Clear();
        }
    }

    /// <summary>Closes the features.</summary>
    public void Dispose() => _features.Dispose();
}
