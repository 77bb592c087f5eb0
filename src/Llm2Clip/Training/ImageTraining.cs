using Llm2Clip.Data.Loading;

namespace Llm2Clip.Training;

/// <summary>What training tasks whose models see images share.</summary>
internal static class ImageTraining
{
    /// <summary>The batches of an epoch for the <see cref="Trainer"/>, each freed once it was trained on.</summary>
    /// <param name="batches">The images.</param>
    /// <param name="epoch">Number of the epoch.</param>
    /// <param name="done">Batches of it that were trained on before.</param>
    /// <param name="backward">Adds a batch's gradient, of a step, and returns the loss.</param>
    /// <param name="cancellation">Ends it.</param>
    public static IEnumerable<TrainingBatch> Epoch(
        ITrainingBatches batches, int epoch, long done, Func<SampleBatch, long, double> backward, CancellationToken cancellation)
    {
        foreach (var batch in batches.Epoch(epoch, done, cancellation))
        {
            using (batch)
            {
                yield return new TrainingBatch(batch.Index, batch.Count, step => backward(batch, step))
                {
                    Origins = () => batch.Samples.Select(sample => sample.Origin),
                };
            }
        }
    }

    /// <summary>What a part of the training is at; progress of any part counts.</summary>
    public static Activity Activity(TrainPart part, Activity batches, Activity step, Activity evaluator) =>
        new(batches.Done + step.Done + evaluator.Done, part switch
        {
            TrainPart.Data => batches.Doing,
            TrainPart.Compute => step.Doing,
            TrainPart.Evaluation => evaluator.Doing,
            _ => null,
        });
}
