using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Models;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training.Stage2;

/// <summary>What a training run works on. The caller owns and disposes all of it.</summary>
internal sealed record ClipTrainInputs
{
    /// <summary>The student, new or started from a checkpoint; trained in place.</summary>
    public required Student Student { get; init; }

    /// <summary>The run's settings.</summary>
    public required ClipTrainConfig Config { get; init; }

    /// <summary>Training images with their captions.</summary>
    public required ITrainingBatches Batches { get; init; }

    /// <summary>Teacher vectors of the training captions.</summary>
    public required ICaptionVectors Vectors { get; init; }

    /// <summary>Draws the captions of each image; the batches hold only samples that it accepts.</summary>
    public required CaptionSampler Sampler { get; init; }

    /// <summary>Captions that <c>clip_train.text_queue</c> takes; null only where it is 0.</summary>
    public TextPool? TextPool { get; init; }

    /// <summary>What <c>clip_train.retention</c> compares with; null where its weight is 0.</summary>
    public OriginalEncoder? Original { get; init; }

    /// <summary>What must not be lost; null where <c>clip_train.retention.data</c> is empty.</summary>
    public RetentionWatch? Watch { get; init; }

    /// <summary>Where checkpoints and the model go.</summary>
    public required string Output { get; init; }

    /// <summary>Evaluates on held-out images; null = the last weights are the result.</summary>
    public IStudentEvaluator? Evaluator { get; init; }

    /// <summary>
    /// Further settings that a resumed run must share, such as the data pattern and the model section, by name. The training
    /// section is added here.
    /// </summary>
    public IReadOnlyDictionary<string, string> Identity { get; init; } = new Dictionary<string, string>();

    /// <summary>Tells the user.</summary>
    public IRunLog Log { get; init; } = SilentLog.Instance;

    /// <summary>Takes the numbers.</summary>
    public IMetricsSink Metrics { get; init; } = NoMetrics.Instance;
}

/// <summary>How a run ended.</summary>
/// <param name="State">Last position.</param>
/// <param name="ModelFolder">The exported model: the best by score, or the last where nothing was evaluated.</param>
/// <param name="LastLoss">Loss of the last step; null where none was made, or by an older version.</param>
public sealed record ClipTrainResult(TrainState State, string ModelFolder, double? LastLoss)
{
    /// <summary>What ended the training.</summary>
    public TrainingEnd End { get; init; }

    /// <summary>What was watched (<c>clip_train.retention.data</c>); null where nothing was.</summary>
    public string? Watched { get; init; }

    /// <summary>Step of the weights in <see cref="ModelFolder"/>; 0 = those that the training started from.</summary>
    public long ModelStep { get; init; }
}
