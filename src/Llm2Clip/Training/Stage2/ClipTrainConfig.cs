using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Layers;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage2;

/// <summary>Which weights a run exports as its model.</summary>
public enum KeptWeights
{
    /// <summary>Those of the best evaluation. Its score then flatters: the weights were chosen on the same images.</summary>
    Best,

    /// <summary>Those at the end, whatever the evaluations said.</summary>
    Last,
}

/// <summary>The <c>clip_train</c> section of a run file: training of the student (stage 2).</summary>
public sealed record ClipTrainConfig : ICheckedConfig
{
    [Description("Folder of the training: checkpoints, model, metrics. Empty = student, in the folder of the run.")]
    public string Output { get; init; } = "";

    [Description("Student to start from: a model folder, run or checkpoint of clip-train. Its image encoder, text adapter and scale are "
        + "taken, and the model section does not count. Empty = a new student: model.init gives it a pretrained image encoder.")]
    public string Init { get; init; } = "";

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

    [Description("Budget in epochs; 0 = no limit. Null = 20, where neither steps nor max_minutes gives a budget.")]
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

    [Description("Peak learning rate of the text adapter; null = learning_rate.")]
    public double? TextLearningRate { get; init; }

    [Description("Peak learning rate of logit_scale and of the loss's own parameters; null = learning_rate.")]
    public double? ScaleLearningRate { get; init; }

    [Description("AdamW's weight decay of matrices; norms, biases, position embeddings, class token and logit_scale have none.")]
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; } = 0.2;

    [Description("Each block's learning rate is this factor times that of the next block; 1 = all equal, 0.85 in LLM2CLIP.")]
    [Range(0.01, 1.0)]
    public double LayerDecay { get; init; } = 1;

    [Description("Blocks of the image encoder that train, counted from its output; null = all of it. 0 = frozen: the projection or image "
        + "head and the text adapter alone train, on features that are computed once per view.")]
    [Range(0, 1024)]
    public int? UnlockedBlocks { get; init; }

    [Description("Augmented views of each image that a frozen encoder computes; epoch e trains on view e modulo views.")]
    [Range(1, 10_000)]
    public int Views { get; init; } = 1;

    [Description("Seed of the augmented views of a frozen encoder. Null = clip_train.seed; runs of different seeds that name one share "
        + "their features.")]
    public long? ViewSeed { get; init; }

    [Description("Folder of a frozen encoder's features; runs may share one. Empty = features, in the folder of the training.")]
    public string FeatureCache { get; init; } = "";

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

    [Description("multi_positive | infonce | sigmoid. multi_positive: CLIP's loss with all captions of an image as its positives. "
        + "infonce: the mean of CLIP's losses with the first, the second, ... caption of each image. "
        + "sigmoid: SigLIP's loss, which judges every pair by itself.")]
    public ContrastiveLossKind Loss { get; init; } = ContrastiveLossKind.MultiPositive;

    [Description("Start of the learned factor on cosines (exp of logit_scale), kept in 1..100; null = what init "
        + "brings, or 10 for sigmoid, else 1 / 0.07.")]
    [Range(1.0, 100.0)]
    public double? ScaleStart { get; init; }

    [Description("Captions of each image per step.")]
    [Range(1, 100)]
    public int CaptionsPerImage { get; init; } = 1;

    [Description("Which captions are drawn, by language and kind, with probabilities; empty = any that extract takes (extract.languages, "
        + "extract.kinds).")]
    public IReadOnlyList<CaptionChoice> Captions { get; init; } = [];

    [Description("Share of the draws that take a long caption where an image has long captions and others, for choices of captions that "
        + "name no kind; null = each caption as often as any other.")]
    [Range(0.0, 1.0)]
    public double? LongShare { get; init; }

    [Description("Label smoothing of multi_positive and infonce.")]
    [Range(0.0, 0.99)]
    public double LabelSmoothing { get; init; }

    [Description("Share of the targets that follow the similarity of the captions' teacher vectors, for multi_positive and infonce: "
        + "an image is then pushed away less from captions that resemble its own.")]
    [Range(0.0, 0.99)]
    public double TeacherWeight { get; init; }

    [Description("Factor on the teacher's cosines, where teacher_weight is above 0; a larger factor gives sharper targets.")]
    [Range(0.1, 1000.0)]
    public double TeacherScale { get; init; } = 15;

    [Description("Captions of other images that are further negatives of every image, drawn from those that the training draws; 0 = none. "
        + "Their teacher vectors are in the store, so that 16,384 cost little.")]
    [Range(0, 1 << 20)]
    public int TextQueue { get; init; }

    [Description("Steps that a queued caption stays, with the features that the text adapter gave it when it came: each step renews the "
        + "oldest part of the queue. 1 = all of it in every step.")]
    [Range(1, 1 << 20)]
    public int TextQueueSteps { get; init; } = 16;

    [Description("A term that keeps the image encoder near what it was.")]
    public RetentionConfig Retention { get; init; } = new();

    [Description("A term that teaches images to resemble each other as their captions do.")]
    public RelationalConfig Relational { get; init; } = new();

    [Description("Stochastic depth: probability that an image skips the last block. It rises linearly from 0 at the first block.")]
    [Range(0.0, 0.9)]
    public double DropPath { get; init; }

    [Description("Share of patches left out of each training pass; regularizes and saves time.")]
    [Range(0.0, 0.9)]
    public double PatchDropout { get; init; }

    [Description("Dropout on the text adapter's input.")]
    [Range(0.0, 0.9)]
    public double TextDropout { get; init; }

    [Description("Dropout on the image head's input and hidden units (model.head).")]
    [Range(0.0, 0.9)]
    public double HeadDropout { get; init; }

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

    /// <summary>Epochs where no key gives a budget.</summary>
    private const double DefaultEpochs = 20;

    /// <summary>The budget in epochs; 0 = no limit.</summary>
    [JsonIgnore]
    public double EpochBudget => Epochs ?? (Steps == 0 && MaxMinutes == 0 ? DefaultEpochs : 0);

    /// <summary>Start of logit_scale, a natural logarithm.</summary>
    [JsonIgnore]
    public double LogitScaleStart => Math.Log(ScaleStart ?? Loss.ScaleStart());

    /// <summary>Draws the captions that <see cref="Captions"/> names.</summary>
    public CaptionSampler CreateSampler() => new(Captions.Count > 0 ? Captions : [new CaptionChoice()], Seed, LongShare);

    /// <summary>The loss that <see cref="Loss"/> names; the caller disposes it.</summary>
    public IContrastiveLoss CreateLoss(Device device) => Loss.Create(new SoftLabels(LabelSmoothing, TeacherWeight, TeacherScale), device);

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
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
        if (LongShare is not null && Captions.Count > 0 && Captions.All(choice => choice.Kind is not null))
        {
            yield return ("long_share", $"is {LongShare}, but each of clip_train.captions names its kind, and its probability counts: "
                + "leave out one of the two");
        }
        if (UnlockedBlocks == 0 && (DropPath > 0 || PatchDropout > 0))
        {
            yield return (DropPath > 0 ? "drop_path" : "patch_dropout",
                "is above 0, but unlocked_blocks 0 freezes the image encoder, which then has no noise: set it to 0");
        }
        if (UnlockedBlocks != 0 && Views > 1)
        {
            yield return ("views", $"is {Views}, but only a frozen image encoder computes views beforehand: set unlocked_blocks to 0");
        }
        if (Retention.Weight > 0 && UnlockedBlocks == 0)
        {
            yield return ("retention.weight", $"is {Retention.Weight}, but unlocked_blocks 0 freezes the image encoder, which then stays "
                + "what it was: set it to 0");
        }
        foreach (var problem in CheckWatched())
        {
            yield return problem;
        }
        if (!Loss.HasLabels())
        {
            const string Remedy = "which has no labels to soften: set it to 0, or clip_train.loss to multi_positive or infonce";
            if (LabelSmoothing > 0)
            {
                yield return ("label_smoothing", $"is {LabelSmoothing} with clip_train.loss sigmoid, {Remedy}");
            }
            if (TeacherWeight > 0)
            {
                yield return ("teacher_weight", $"is {TeacherWeight} with clip_train.loss sigmoid, {Remedy}");
            }
        }
    }

    private IEnumerable<(string Key, string Problem)> CheckWatched()
    {
        if (Retention.MaxDrop is not null && Retention.Data.Length == 0)
        {
            yield return ("retention.max_drop", $"is {Retention.MaxDrop}, but retention.data names no labeled images to measure it by");
        }
        else if (Retention.MaxDrop is not null && EvalEvery == 0)
        {
            yield return ("retention.max_drop", $"is {Retention.MaxDrop}, but eval_every 0 measures it only when the training is over: "
                + "set eval_every to the steps between measurements");
        }
        if (Retention.Data.Length > 0 && Retention.Classes.Length == 0 && UnlockedBlocks == 0)
        {
            yield return ("retention.data", "names images to watch, but unlocked_blocks 0 freezes the image encoder, whose features then "
                + "stay what they were: leave it out");
        }
    }
}
