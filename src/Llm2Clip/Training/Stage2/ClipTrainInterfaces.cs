using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Models;

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

/// <summary>What an evaluation found. <paramref name="Score"/> decides which checkpoint is best (higher is better).</summary>
/// <param name="Score">The number to compare by, such as mean text-to-image R@10 in 0..1.</param>
/// <param name="ScoreName">Its name for the log.</param>
/// <param name="Metrics">Everything worth recording, by tag such as <c>val/en/t2i_r10</c>.</param>
public sealed record StudentScore(double Score, string ScoreName, IReadOnlyDictionary<string, double> Metrics);

/// <summary>Evaluates the student during training.</summary>
public interface IStudentEvaluator
{
    /// <summary>Called before training: throws <see cref="UserException"/> where an evaluation could not work, rather than hours later.</summary>
    void Check(CancellationToken ct)
    {
    }

    /// <summary>The student stands in evaluation mode, with averaged weights where the run has an average.</summary>
    StudentScore Evaluate(Student student, CancellationToken ct);
}
