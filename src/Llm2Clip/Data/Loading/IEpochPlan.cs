namespace Llm2Clip.Data.Loading;

/// <summary>A sample in the order of an epoch.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Set">Number of its data set.</param>
/// <param name="Pass">How often its set was drawn through before: what is drawn for the sample (crop, captions) follows from it.</param>
internal readonly record struct PlannedSample(Sample Sample, int Set, int Pass);

/// <summary>What a plan came by while it read.</summary>
/// <param name="Set">Number of the data set.</param>
/// <param name="What">A <see cref="Sample"/> or <see cref="BadSample"/> that was read, or a <see cref="PassMark"/>.</param>
internal readonly record struct PlanRecord(int Set, object What);

/// <summary>Where a pass over a data set begins and ends.</summary>
internal enum PassMark
{
    /// <summary>The records that follow are of a new pass.</summary>
    Begins,

    /// <summary>All records of the pass were read, and all samples drawn.</summary>
    Ends,
}

/// <summary>Which samples an epoch has, in which order. It depends on (seed, epoch) and the data alone.</summary>
internal interface IEpochPlan : IDisposable
{
    /// <summary>
    /// The samples of an epoch. <paramref name="onRecord"/> hears of every record as it is read, <paramref name="onShard"/> of the name of
    /// a shard before it is read, and of null after.
    /// </summary>
    IEnumerable<PlannedSample> Epoch(
        int epoch, Action<PlanRecord> onRecord, Action<string?>? onShard, CancellationToken cancellation);

    /// <summary>Samples of an epoch; where nothing says how many, the data is read once for it.</summary>
    long Count(CancellationToken cancellation);

    /// <summary>Where the data sets are at the start of epochs, for a checkpoint; empty where the epoch alone says it.</summary>
    IReadOnlyList<EpochStart> Starts => [];

    /// <summary>Takes over what <see cref="Starts"/> gave.</summary>
    void StartFrom(IReadOnlyList<EpochStart> starts)
    {
    }
}

/// <summary>Where each data set is at the start of an epoch.</summary>
internal sealed record EpochStart(int Epoch, IReadOnlyList<SetPosition> Sets);

/// <summary>How far a data set was drawn.</summary>
/// <param name="Pass">Whole passes over it.</param>
/// <param name="Drawn">Samples of the pass after these that were drawn.</param>
internal readonly record struct SetPosition(int Pass, long Drawn);

/// <summary>One data set, all of it in every epoch.</summary>
internal sealed class OneSetPlan(SamplePlan plan) : IEpochPlan
{
    /// <inheritdoc/>
    public IEnumerable<PlannedSample> Epoch(
        int epoch, Action<PlanRecord> onRecord, Action<string?>? onShard, CancellationToken cancellation)
    {
        onRecord(new PlanRecord(0, PassMark.Begins));
        foreach (var sample in plan.Epoch(epoch, record => onRecord(new PlanRecord(0, record)), onShard, cancellation))
        {
            yield return new PlannedSample(sample, 0, epoch);
        }
        onRecord(new PlanRecord(0, PassMark.Ends));
    }

    /// <inheritdoc/>
    public long Count(CancellationToken cancellation) => plan.Count(cancellation);

    /// <summary>Nothing is kept open.</summary>
    public void Dispose()
    {
    }
}
