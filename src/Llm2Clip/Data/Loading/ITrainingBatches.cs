namespace Llm2Clip.Data.Loading;

/// <summary>
/// Batches of training images; the same for the same (epoch, index) in every run. <see cref="SampleLoader"/> reads them from files.
/// </summary>
internal interface ITrainingBatches : IDisposable
{
    /// <summary>Batches in an epoch.</summary>
    long BatchesPerEpoch(CancellationToken cancellation = default);

    /// <summary>The batches of an epoch from index <paramref name="skip"/> on; the caller disposes each.</summary>
    IEnumerable<SampleBatch> Epoch(int epoch, long skip = 0, CancellationToken cancellation = default);

    /// <summary>Where the data sets are at the start of epochs, for a checkpoint; see <see cref="IEpochPlan.Starts"/>.</summary>
    IReadOnlyList<EpochStart> Starts => [];

    /// <summary>Takes over what <see cref="Starts"/> gave, before the first batch.</summary>
    void StartFrom(IReadOnlyList<EpochStart> starts)
    {
    }

    /// <summary>What the next batch waits for; may be asked by any thread.</summary>
    Activity Activity => default;
}
