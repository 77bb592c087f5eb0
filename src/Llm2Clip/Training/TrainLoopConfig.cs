using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Llm2Clip.Configuration;
using Llm2Clip.Layers;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Training;

/// <summary>Which weights a run exports as its model.</summary>
public enum KeptWeights
{
    /// <summary>Those of the best evaluation. Its score then flatters: the weights were chosen on the same images.</summary>
    Best,

    /// <summary>Those at the end, whatever the evaluations said.</summary>
    Last,
}

/// <summary>
/// What the training sections of a run file share whose models see images: device, batches, budget, optimizer, and how the run is watched
/// and stored.
/// </summary>
public abstract record TrainLoopConfig : ICheckedConfig
{
    [Description("auto | cpu | cuda:N.")]
    public string Device { get; init; } = "auto";

    [Description("fp32 | bf16: number format of matrix products.")]
    public Precision Precision { get; init; } = Precision.Bf16;

    [Description("Seed of new weights, order, augmentation, choice of captions and dropout.")]
    public long Seed { get; init; }

    [Description("Images per step; where the data has fewer, all of them.")]
    [Range(2, 1 << 20)]
    public int BatchSize { get; init; } = 512;

    [Description("Images encoded at a time; the loss still sees the whole batch (GradCache). Saves memory, costs a second forward pass. "
        + "0 = the whole batch.")]
    [Range(0, 1 << 20)]
    public int MicroBatch { get; init; }

    [Description("Micro-batches of a step whose activations are kept until the loss is known, so that they are encoded once and not twice. "
        + "1 takes no further memory, each more the activations of one; as many as there are: the fastest step.")]
    [Range(0, 1 << 20)]
    public int KeptMicroBatches { get; init; } = 1;

    [Description("Budget in steps; 0 = no limit. With several budgets the run ends when the first is spent; the learning rate follows "
        + "that one. Budgets may be raised when a run is resumed.")]
    public long Steps { get; init; }

    [Description("Images per epoch, which need not be as many as there are: the next epoch continues where one ends. At least batch_size; "
        + "null = as many as the data has.")]
    [Range(1, long.MaxValue)]
    public long? EpochSamples { get; init; }

    [Description("Budget in epochs; 0 = no limit. Null = 20, of longclip 6, where neither steps nor max_minutes gives a budget.")]
    public double? Epochs { get; init; }

    [Description("Budget in minutes of wall clock, evaluations included; 0 = no limit.")]
    public double MaxMinutes { get; init; }

    [Description("cosine | linear | constant: learning rate after the warm-up.")]
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    [Description("Steps over which the learning rate rises linearly to its peak.")]
    [Range(0, 1 << 30)]
    public long WarmupSteps { get; init; } = 100;

    [Description("Learning rate at the end of cosine and linear, as a share of the peak.")]
    [Range(0.0, 1.0)]
    public double FinalRate { get; init; }

    [Description("Peak learning rate of the image encoder.")]
    public double LearningRate { get; init; } = 1e-3;

    [Description("Peak learning rate of the text side, adapter or tower; null = learning_rate.")]
    public double? TextLearningRate { get; init; }

    [Description("Peak learning rate of logit_scale and of the loss's own parameters; null = learning_rate.")]
    public double? ScaleLearningRate { get; init; }

    [Description("AdamW's weight decay of matrices; norms, biases, position embeddings, class token and logit_scale have none.")]
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; } = 0.2;

    [Description("Each block's learning rate is this factor times that of the next block; 1 = all equal, 0.85 in LLM2CLIP.")]
    [Range(0.01, 1.0)]
    public double LayerDecay { get; init; } = 1;

    [Description("AdamW's beta1.")]
    [Range(0.0, 0.9999)]
    public double Beta1 { get; init; } = 0.9;

    [Description("AdamW's beta2.")]
    [Range(0.0, 0.99999)]
    public double Beta2 { get; init; } = 0.98;

    [Description("AdamW's epsilon.")]
    public double Epsilon { get; init; } = 1e-6;

    [Description("Largest global gradient norm; larger gradients are scaled down to it. 0 = no limit.")]
    public double ClipNorm { get; init; } = 1;

    [Description("Stochastic depth: probability that an image skips the last block. It rises linearly from 0 at the first block.")]
    [Range(0.0, 0.9)]
    public double DropPath { get; init; }

    [Description("Share of patches left out of each training pass; regularizes and saves time.")]
    [Range(0.0, 0.9)]
    public double PatchDropout { get; init; }

    [Description("Decay of the moving average of weights, which is what evaluations and the exported model use; 0 = no average.")]
    [Range(0.0, 0.99999)]
    public double AverageDecay { get; init; }

    [Description("Steps between lines of the log.")]
    [Range(1, 1 << 30)]
    public long LogEvery { get; init; } = 20;

    [Description("Steps between evaluations; 0 = only at the end.")]
    [Range(0, 1 << 30)]
    public long EvalEvery { get; init; }

    [Description("best | last: which weights become the model, if the run evaluates.")]
    public KeptWeights Keep { get; init; } = KeptWeights.Best;

    [Description("Training stops after this many evaluations without a better score; 0 = never.")]
    [Range(0, 1 << 30)]
    public int EarlyStop { get; init; }

    [Description("Steps between checkpoints; 0 = not by steps. There is one at every evaluation, at the end, and where the run is "
        + "stopped.")]
    [Range(0, 1 << 30)]
    public long CheckpointEvery { get; init; } = 200;

    [Description("Minutes between checkpoints, if the steps between them take longer; 0 = not by minutes.")]
    [Range(0.0, 1e6)]
    public double CheckpointMinutes { get; init; } = 15;

    [Description("Earlier checkpoints that are kept beside the last, the newest ones, as checkpoints/step-00000200 and so on; 0 = none. "
        + "checkpoints/best does not count.")]
    [Range(0, 1000)]
    public int KeepCheckpoints { get; init; }

    [Description("Minutes without progress (no image decoded, no micro-batch computed) after which the log says what the run hangs in. It "
        + "is not stopped. 0 = never.")]
    [Range(0.0, 1e6)]
    public double StallMinutes { get; init; } = 10;

    /// <summary>The budget in epochs; 0 = no limit.</summary>
    [JsonIgnore]
    public double EpochBudget => Epochs ?? (Steps == 0 && MaxMinutes == 0 ? DefaultEpochs : 0);

    /// <summary>Epochs where no key gives a budget.</summary>
    private protected virtual double DefaultEpochs => 20;

    /// <inheritdoc/>
    public virtual IEnumerable<(string Key, string Problem)> Check()
    {
        if (Steps < 0 || Epochs < 0 || MaxMinutes < 0 || (Steps == 0 && Epochs == 0 && MaxMinutes == 0))
        {
            yield return ("epochs", "leaves no budget: give steps, epochs or max_minutes a value above 0, or leave all three out");
        }
        if (!(LearningRate > 0) || TextLearningRate <= 0 || ScaleLearningRate < 0 || !(Epsilon > 0))
        {
            yield return ("learning_rate", "learning rates and epsilon must be above 0");
        }
        if (MicroBatch > BatchSize)
        {
            yield return ("micro_batch", $"is {MicroBatch}, more than batch_size, {BatchSize}: set it to at most that, or to 0 for the "
                + "whole batch");
        }
        if (EpochSamples < BatchSize)
        {
            yield return ("epoch_samples", $"is {EpochSamples}, less than batch_size, {BatchSize}: set it to at least that, or leave it "
                + "out for as many images as the data has");
        }
    }
}
