using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Layers;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Training.Stage2;

/// <summary>How several captions of a picture enter a step.</summary>
public enum CaptionMode
{
    /// <summary>One loss in which all captions of a picture are its positives.</summary>
    MultiPositive,

    /// <summary>Mean of the losses with the first, the second, ... caption of every picture.</summary>
    Mean,
}

/// <summary>Which weights a run exports as its model.</summary>
public enum KeptWeights
{
    /// <summary>Those of the best evaluation. Its score then flatters: it was chosen on the same pictures.</summary>
    Best,

    /// <summary>Those at the end, whatever the evaluations said.</summary>
    Last,
}

/// <summary>The <c>clip_train</c> section of a run file: training of the student (stage 2).</summary>
public sealed record ClipTrainConfig : ICheckedConfig
{
    [Description("Folder of the run: checkpoints, model, metrics.")]
    public string Output { get; init; } = "";

    [Description("auto | cpu | cuda:N.")]
    public string Device { get; init; } = "auto";

    [Description("fp32 | bf16: format of matrix products.")]
    public Precision Precision { get; init; } = Precision.Bf16;

    [Description("Seed of weights, order, augmentation, captions and noise.")]
    public long Seed { get; init; }

    [Description("Pictures a step.")]
    [Range(2, 1 << 20)]
    public int BatchSize { get; init; } = 512;

    [Description("Pictures encoded at once; the loss still sees the whole batch (GradCache). 0 = all. Less memory, one forward pass more.")]
    [Range(0, 1 << 20)]
    public int MicroBatch { get; init; }

    [Description("Budget in steps; 0 = none. The run ends at the budget that is spent first, and the learning rate follows it.")]
    public long Steps { get; init; }

    [Description("Budget in epochs; 0 = none.")]
    public double Epochs { get; init; }

    [Description("Budget in minutes of wall clock, evaluations included; 0 = none.")]
    public double MaxMinutes { get; init; }

    [Description("cosine | constant, after the warm-up.")]
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    [Description("Steps of linear warm-up.")]
    [Range(0, 1 << 30)]
    public long WarmupSteps { get; init; } = 100;

    [Description("Learning rate at the end of the cosine, as a share of the peak.")]
    [Range(0.0, 1.0)]
    public double FinalRate { get; init; }

    [Description("Peak learning rate of the image encoder.")]
    public double LearningRate { get; init; } = 1e-3;

    [Description("Peak learning rate of the text adapter; null = learning_rate.")]
    public double? TextLearningRate { get; init; }

    [Description("Peak learning rate of logit_scale; null = learning_rate.")]
    public double? ScaleLearningRate { get; init; }

    [Description("Decoupled weight decay of matrices; norms, biases, positions, class token and logit_scale have none.")]
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; } = 0.2;

    [Description("Learning-rate factor for each block further from the output; 1 = none, 0.85 in LLM2CLIP.")]
    [Range(0.01, 1.0)]
    public double LayerDecay { get; init; } = 1;

    [Description("AdamW's decay of the gradient mean.")]
    [Range(0.0, 0.9999)]
    public double Beta1 { get; init; } = 0.9;

    [Description("AdamW's decay of the squared gradient mean.")]
    [Range(0.0, 0.99999)]
    public double Beta2 { get; init; } = 0.98;

    [Description("AdamW's epsilon.")]
    public double Epsilon { get; init; } = 1e-6;

    [Description("Largest global gradient norm; 0 = never clip.")]
    public double ClipNorm { get; init; } = 1;

    [Description("Start of the factor on cosines (1 / temperature); learned, kept in 1..100.")]
    [Range(1.0, 100.0)]
    public double ScaleStart { get; init; } = 1 / 0.07;

    [Description("Captions of each picture a step.")]
    [Range(1, 100)]
    public int CaptionsPerImage { get; init; } = 1;

    [Description("multi_positive | mean: how several captions enter the loss.")]
    public CaptionMode CaptionMode { get; init; } = CaptionMode.MultiPositive;

    [Description("Which captions are drawn, by language and kind, with probabilities; empty = any.")]
    public IReadOnlyList<CaptionChoice> Captions { get; init; } = [];

    [Description("Label smoothing of the contrastive loss.")]
    [Range(0.0, 0.99)]
    public double LabelSmoothing { get; init; }

    [Description("Share of the targets that follow the teacher's similarity of captions instead of the pairs alone: resembling photos are then no full negatives.")]
    [Range(0.0, 0.99)]
    public double TeacherWeight { get; init; }

    [Description("Factor on the teacher's cosines where teacher_weight is above 0; larger is sharper.")]
    [Range(0.1, 1000.0)]
    public double TeacherScale { get; init; } = 15;

    [Description("Stochastic depth: probability of skipping the last block for a picture; rises linearly from 0 at the first block.")]
    [Range(0.0, 0.9)]
    public double DropPath { get; init; }

    [Description("Share of patches left out of each training pass: regularises, and saves their time.")]
    [Range(0.0, 0.9)]
    public double PatchDropout { get; init; }

    [Description("Dropout of the text adapter's input.")]
    [Range(0.0, 0.9)]
    public double TextDropout { get; init; }

    [Description("Decay of the moving average of weights that evaluation and export use; 0 = none.")]
    [Range(0.0, 0.99999)]
    public double AverageDecay { get; init; }

    [Description("Steps between lines of the log.")]
    [Range(1, 1 << 30)]
    public long LogEvery { get; init; } = 20;

    [Description("Steps between evaluations; 0 = only at the end.")]
    [Range(0, 1 << 30)]
    public long EvalEvery { get; init; }

    [Description("best | last: which weights become the model, where a run evaluates.")]
    public KeptWeights Keep { get; init; } = KeptWeights.Best;

    [Description("Evaluations without a better score after which training stops; 0 = never.")]
    [Range(0, 1 << 30)]
    public int EarlyStop { get; init; }

    [Description("Steps between checkpoints; 0 = only at evaluations, at the end and on Ctrl-C.")]
    [Range(0, 1 << 30)]
    public long CheckpointEvery { get; init; } = 200;

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Steps < 0 || Epochs < 0 || MaxMinutes < 0 || (Steps == 0 && Epochs == 0 && MaxMinutes == 0))
        {
            yield return ("epochs", "no budget is set: give steps, epochs or max_minutes a value above 0");
        }
        if (!(LearningRate > 0) || TextLearningRate <= 0 || ScaleLearningRate < 0 || !(Epsilon > 0))
        {
            yield return ("learning_rate", "learning rates and epsilon must be above 0");
        }
    }
}
