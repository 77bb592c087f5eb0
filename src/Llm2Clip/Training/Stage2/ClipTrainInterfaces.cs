using Llm2Clip.Data;
using Llm2Clip.Data.Loading;

namespace Llm2Clip.Training.Stage2;

/// <summary>Teacher vectors of captions, from the embedding store or a live teacher. Un-normalised: the text adapter normalises.</summary>
public interface ICaptionVectors
{
    /// <summary>Length of a vector.</summary>
    int Dimension { get; }

    /// <summary>Fingerprint of the teacher.</summary>
    string Fingerprint { get; }

    /// <summary>Writes the vectors of all captions, [captions, <see cref="Dimension"/>]. Throws <see cref="InputException"/> naming one that is missing.</summary>
    void Gather(IReadOnlyList<Caption> captions, Span<float> into);
}

/// <summary>Batches of training pictures; the same for the same (epoch, index) in every run.</summary>
public interface ITrainingBatches
{
    /// <summary>Batches in an epoch.</summary>
    long BatchesPerEpoch(CancellationToken ct);

    /// <summary>The batches of an epoch from index <paramref name="skip"/> on; the trainer disposes each.</summary>
    IEnumerable<SampleBatch> Epoch(int epoch, long skip, CancellationToken ct);
}

/// <summary><see cref="SampleLoader"/> as the trainer's batches.</summary>
public sealed class LoaderBatches(SampleLoader loader) : ITrainingBatches
{
    /// <inheritdoc/>
    public long BatchesPerEpoch(CancellationToken ct) => loader.BatchesPerEpoch(ct);

    /// <inheritdoc/>
    public IEnumerable<SampleBatch> Epoch(int epoch, long skip, CancellationToken ct) => loader.Epoch(epoch, skip, ct);
}
