using System.Text.Json.Nodes;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Training;

/// <summary>
/// What is trained: everything about a stage that <see cref="Trainer"/>, which owns the loop, does not know. All randomness of a task
/// follows from (seed, epoch, step), so that a resumed run continues to the bit.
/// </summary>
internal interface ITrainingTask
{
    /// <summary>The settings of the loop.</summary>
    TrainingPlan Plan { get; }

    /// <summary>What is optimized.</summary>
    TrainedWeights Weights { get; }

    /// <summary>The batches of an epoch from index <paramref name="done"/> on.</summary>
    IEnumerable<TrainingBatch> Epoch(int epoch, long done, CancellationToken cancellation);

    /// <summary>
    /// What the task is at while the trainer is in <paramref name="part"/>, for the <see cref="Watchdog"/>; called on another thread at any
    /// moment.
    /// </summary>
    Activity Activity(TrainPart part) => default;

    /// <summary>Called after each optimizer step; returns further numbers of the step by name, such as <c>logit_scale</c>.</summary>
    IReadOnlyList<(string Name, double Value)> AfterUpdate() => [];

    /// <summary>Whether the run is evaluated after so many steps. Every run is evaluated at its end.</summary>
    bool EvaluatesAfter(long steps);

    /// <summary>
    /// Evaluates the weights, averaged where there is an average, and records what it found; null where the task has no evaluation.
    /// </summary>
    TrainingScore? Evaluate(long steps, CancellationToken cancellation);

    /// <summary>
    /// What the run must not lose, as a share in [0, 1], of the weights that it starts with; null where nothing is watched. Evaluations
    /// give it as <see cref="TrainingScore.Retained"/>.
    /// </summary>
    double? Retained(CancellationToken cancellation) => null;

    /// <summary>Called after an evaluation with the best score so far, with the weights that were scored.</summary>
    void KeepBest();

    /// <summary>
    /// Called with weights that have not lost too much, where <see cref="TrainingPlan.MaxDrop"/> is a limit: those of the start, and of
    /// each evaluation but the one that ends the run.
    /// </summary>
    /// <param name="isStart">Whether they are those of the start.</param>
    void KeepPermitted(bool isStart)
    {
    }

    /// <summary>Writes, into the folder of a checkpoint, what makes a model of it that opens.</summary>
    void Describe(string folder)
    {
    }

    /// <summary>
    /// What a checkpoint holds beside weights, optimizer and position: tensors of fixed shapes and notes; null for nothing.
    /// </summary>
    CheckpointExtras? Extras() => null;

    /// <summary>
    /// Takes a checkpoint's position and extras over, after weights and optimizer; throws <see cref="InputException"/> where they
    /// contradict each other.
    /// </summary>
    /// <param name="state">Position.</param>
    /// <param name="extras">What <see cref="Extras"/> gave when the checkpoint was saved; null where it gave nothing.</param>
    void Resume(TrainState state, CheckpointExtras? extras)
    {
    }
}

/// <summary>One optimizer step's data.</summary>
/// <param name="Index">Number of the batch in its epoch.</param>
/// <param name="Images">Number of images in it.</param>
/// <param name="Backward">
/// Adds the gradient to the parameters' and returns the loss; the argument is the number of steps made before.
/// </param>
internal sealed record TrainingBatch(long Index, int Images, Func<long, double> Backward)
{
    /// <summary>Where its images come from, for a message; empty where nothing is known.</summary>
    public Func<IEnumerable<string>> Origins { get; init; } = static () => [];
}

/// <summary>What an evaluation found.</summary>
/// <param name="Score">Higher is better; null where weights are not chosen by it.</param>
/// <param name="Summary">For the log.</param>
internal sealed record TrainingScore(double? Score, string Summary, string? Details = null)
{
    /// <summary>What <see cref="ITrainingTask.Retained"/> would give of these weights.</summary>
    public double? Retained { get; init; }
}
