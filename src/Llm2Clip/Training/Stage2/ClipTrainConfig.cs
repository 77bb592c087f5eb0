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

/// <summary>The <c>clip_train</c> section of a run file: training of the student (stage 2).</summary>
public sealed record ClipTrainConfig : TrainLoopConfig
{
    [Description("Folder of the training: checkpoints, model, metrics. Empty = student, in the folder of the run.")]
    public string Output { get; init; } = "";

    [Description("Student to start from: a model folder, run or checkpoint of clip-train. Its image encoder, text adapter and scale are "
        + "taken, and the model section does not count. Empty = a new student: model.init gives it a pretrained image encoder.")]
    public string Init { get; init; } = "";

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

    [Description("Dropout on the text adapter's input.")]
    [Range(0.0, 0.9)]
    public double TextDropout { get; init; }

    [Description("Dropout on the image head's input and hidden units (model.head).")]
    [Range(0.0, 0.9)]
    public double HeadDropout { get; init; }

    /// <summary>Start of logit_scale, a natural logarithm.</summary>
    [JsonIgnore]
    public double LogitScaleStart => Math.Log(ScaleStart ?? Loss.ScaleStart());

    /// <summary>Draws the captions that <see cref="Captions"/> names.</summary>
    public CaptionSampler CreateSampler() => new(Captions.Count > 0 ? Captions : [new CaptionChoice()], Seed, LongShare);

    /// <summary>The loss that <see cref="Loss"/> names; the caller disposes it.</summary>
    public IContrastiveLoss CreateLoss(Device device) => Loss.Create(new SoftLabels(LabelSmoothing, TeacherWeight, TeacherScale), device);

    /// <inheritdoc/>
    public override IEnumerable<(string Key, string Problem)> Check()
    {
        foreach (var problem in base.Check())
        {
            yield return problem;
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
