using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>
/// What a step of LoRA trains on. Rows: queries, then positives (row i of both belong together), then hard negatives of all.
/// </summary>
/// <param name="Queries">Number of queries.</param>
/// <param name="Texts">The rows' tokens; called when the step comes, not while batches are skipped.</param>
/// <param name="Sources">What each row is of, such as an image: rows of one source are no negatives of each other.</param>
/// <param name="Wordings">A number that rows of equal wording share: they are no negatives either.</param>
internal sealed record TuningBatch(int Queries, Func<IReadOnlyList<TokenizedText>> Texts, long[] Sources, long[] Wordings);

/// <summary>Batches of an epoch. All follows from the epoch and the source's own seed.</summary>
internal interface ITuningSource
{
    /// <summary>Steps of an epoch.</summary>
    int PerEpoch { get; }

    /// <summary>The batches of an epoch, in order.</summary>
    IEnumerable<TuningBatch> Epoch(int epoch);
}
