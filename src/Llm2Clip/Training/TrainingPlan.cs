using Llm2Clip.Models;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Training;

/// <summary>The settings of a training loop.</summary>
internal sealed record TrainingPlan
{
    /// <summary>Title of the progress display.</summary>
    public required string Title { get; init; }

    /// <summary>Folder of the checkpoint that a stopped run resumes from.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>Folder of a checkpoint of the best evaluation; null = none is kept.</summary>
    public string? BestCheckpoint { get; init; }

    /// <summary>Settings that a resumed run must share, by name.</summary>
    public required IReadOnlyDictionary<string, string> Identity { get; init; }

    /// <summary>When the run ends.</summary>
    public required TrainBudget Budget { get; init; }

    /// <summary>The learning rate over the run, as a factor of the peaks.</summary>
    public required RateSchedule Schedule { get; init; }

    /// <summary>Peak learning rate, as it is reported.</summary>
    public required double PeakRate { get; init; }

    /// <summary>Largest global gradient norm; 0 = no limit.</summary>
    public required double ClipNorm { get; init; }

    /// <summary>
    /// Steps between checkpoints; 0 = not by steps. There is one at each evaluation, at the end, and where the run is stopped.
    /// </summary>
    public required long CheckpointEvery { get; init; }

    /// <summary>Minutes between checkpoints; 0 = not by minutes.</summary>
    public double CheckpointMinutes { get; init; }

    /// <summary>Earlier checkpoints that are kept beside the last.</summary>
    public int KeepCheckpoints { get; init; }

    /// <summary>Minutes without progress after which the log says what the run hangs in; 0 = never.</summary>
    public double StallMinutes { get; init; }

    /// <summary>Evaluations without a better score after which the run ends; 0 = never.</summary>
    public required int EarlyStop { get; init; }

    /// <summary>
    /// The share, in [0, 1], that <see cref="ITrainingTask.Retained"/> may lose since the start of the run; null = all of it.
    /// </summary>
    public double? MaxDrop { get; init; }

    /// <summary>Names of the numbers of each step.</summary>
    public required MetricNames Metrics { get; init; }

    /// <summary>Steps between lines of the log; 0 = none.</summary>
    public long LogEvery { get; init; }

    /// <summary>The message when an epoch has no batch.</summary>
    public required string EmptyEpoch { get; init; }

    /// <summary>What to try where loss or gradient are not finite.</summary>
    public required string NotFiniteRemedy { get; init; }

    /// <summary>The plan that a section of a run file asks for, with the checkpoints <c>last</c> and <c>best</c>.</summary>
    /// <param name="config">The section.</param>
    /// <param name="section">Its name.</param>
    /// <param name="title">Title of the progress display.</param>
    /// <param name="output">Folder of the training.</param>
    /// <param name="others">What beside the section a resumed run must share.</param>
    /// <param name="batchesPerEpoch">Called where epochs are a limit.</param>
    public static TrainingPlan Of(
        TrainLoopConfig config, string section, string title, string output, IEnumerable<KeyValuePair<string, string>> others,
        Func<long> batchesPerEpoch) => new()
        {
            Title = title,
            Checkpoint = StudentFolder.CheckpointOf(output, "last"),
            BestCheckpoint = StudentFolder.CheckpointOf(output, "best"),
            Identity = RunIdentity.Of(section, config, others),
            Budget = TrainBudget.Of(config, batchesPerEpoch),
            Schedule = new RateSchedule(config.Schedule, config.WarmupSteps, config.FinalRate),
            PeakRate = config.LearningRate,
            ClipNorm = config.ClipNorm,
            CheckpointEvery = config.CheckpointEvery,
            CheckpointMinutes = config.CheckpointMinutes,
            KeepCheckpoints = config.KeepCheckpoints,
            StallMinutes = config.StallMinutes,
            EarlyStop = config.EarlyStop,
            Metrics = new MetricNames("train", "lr", "grad_norm"),
            LogEvery = config.LogEvery,
            EmptyEpoch = $"An epoch gave no full batch of {config.BatchSize} images. Check the data pattern, or set {section}.batch_size "
                + "to at most the number of images.",
            NotFiniteRemedy = $"Lower {section}.learning_rate, raise warmup_steps, or set precision: fp32; with other settings, name "
                + "another output folder.",
        };

    /// <summary>The error of a checkpoint that makes no sense to its task.</summary>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="inner">What was caught; null for nothing.</param>
    public InputException Damaged(string what, Exception? inner = null) =>
        new($"The checkpoint {Checkpoint} is damaged: {what}. Remove it to start anew.", inner);
}

/// <summary>How a stage's numbers are named in the metrics.</summary>
/// <param name="Prefix">Such as <c>train</c>; a slash follows.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="GradientNorm">The gradient norm.</param>
internal sealed record MetricNames(string Prefix, string Rate, string GradientNorm);
