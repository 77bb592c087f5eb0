using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Llm2Clip.Data;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;

namespace Llm2Clip.Training.LongClip;

/// <summary>
/// The <c>longclip</c> section of a run file: training of a whole CLIP on long and short captions (Long-CLIP,
/// https://arxiv.org/abs/2403.15378).
/// </summary>
public sealed record LongClipConfig : TrainLoopConfig
{
    /// <summary>Defaults that are Long-CLIP's (beichenzbc/Long-CLIP 3966af9 train/train.py).</summary>
    public LongClipConfig()
    {
        (BatchSize, LearningRate, WarmupSteps) = (256, 1e-6, 200);
        (WeightDecay, Beta2, Epsilon) = (0.01, 0.999, 1e-8);
    }

    [Description("Folder of the training: checkpoints, model, metrics. Empty = longclip, in the folder of the run.")]
    public string Output { get; init; } = "";

    [Description("Whole CLIP to start from, stretched (longclip stretch) or not: a folder in the layout of Hugging Face or open_clip, "
        + "OpenAI's or Long-CLIP's weights as safetensors, or what longclip train wrote. Empty = a new one: image tower by the model "
        + "section, text tower by new_text.")]
    public string Model { get; init; } = "";

    [Description("The text tower of a new model.")]
    public NewTextConfig NewText { get; init; } = new();

    [Description("First positions of the text tower that do not train; 20 in Long-CLIP. Null = as the model has it: 20 where it comes with "
        + "Long-CLIP's two tables, else none.")]
    [Range(0, 1 << 20)]
    public int? KeptPositions { get; init; }

    [Description("hugging_face | open_clip | open_ai: layout of the model that is written. open_ai has both tables of positions, as "
        + "Long-CLIP's files; in the others they are merged.")]
    public ClipLayout Layout { get; init; }

    [Description("Blocks of the image tower that train, counted from its output, with what follows them; null = all of it. 0 = the tower "
        + "is locked, its projection too.")]
    [Range(0, 1024)]
    public int? ImageBlocks { get; init; }

    [Description("The same of the text tower.")]
    [Range(0, 1024)]
    public int? TextBlocks { get; init; }

    [Description("Languages of the captions that are taken. Empty = all.")]
    public IReadOnlyList<string> Languages { get; init; } = [];

    [Description("Kinds of captions that count as long, which images meet as they are; an image without any is left out. Empty = all.")]
    public IReadOnlyList<CaptionKind> LongKinds { get; init; } = [CaptionKind.Long];

    [Description("Kinds of captions that count as short. Empty = none: the short caption is always the beginning of the long one.")]
    public IReadOnlyList<CaptionKind> ShortKinds { get; init; } = [CaptionKind.Short];

    [Description("Where an image has no short caption, it is the long one up to this regular expression; the whole where that does not "
        + "occur. Long-CLIP's is a full stop and a blank, which ends at Mr. too; (?<=[.!?]) |(?<=[。！？]) ends at other stops and "
        + "keeps them. \"\" = an image without a short caption is an error.")]
    public string Split { get; init; } = @"\. ";

    [Description("Captions that are longer than the text tower takes lose their end, which is counted; false = they are an error.")]
    public bool Truncate { get; init; } = true;

    [Description("What the loss of the short captions counts beside that of the long ones. 0 = long captions alone.")]
    [Range(0.0, 1000.0)]
    public double ShortWeight { get; init; } = 1;

    [Description("Primary component matching.")]
    public PcmConfig Pcm { get; init; } = new();

    [Description("Share of the label that is spread over all images or captions of the batch.")]
    [Range(0.0, 0.99)]
    public double LabelSmoothing { get; init; } = 0.1;

    [Description("Weight decay of all parameters, norms, biases and logit_scale too, as in Long-CLIP.")]
    public bool DecayAll { get; init; }

    [Description("Start of the learned factor on cosines (exp of logit_scale); 100 in Long-CLIP. Null = that of the model, 1 / 0.07 of a "
        + "new one.")]
    [Range(1.0, 1e6)]
    public double? ScaleStart { get; init; }

    [Description("What that factor is kept at or below; 100 in CLIP. Null = it is free, as in Long-CLIP.")]
    [Range(1.0, 1e6)]
    public double? ScaleLimit { get; init; }

    [Description("Stochastic depth of the text tower, as drop_path of the image tower.")]
    [Range(0.0, 0.9)]
    public double TextDropPath { get; init; }

    /// <inheritdoc/>
    private protected override double DefaultEpochs => 6;

    /// <inheritdoc/>
    public override IEnumerable<(string Key, string Problem)> Check()
    {
        foreach (var problem in base.Check().Concat(CheckLocks()))
        {
            yield return problem;
        }
        if (ShortWeight > 0 && Pcm.K > 0)
        {
            var (rows, key) = Pcm.Scope == PcmScope.Rank ? (Pcm.RankSize, "rank_size") : (BatchSize, "longclip.batch_size");
            if (rows <= Pcm.K + 1)
            {
                yield return ("pcm.k", $"is {Pcm.K}, which are all directions that {rows} images ({key}) have, so that nothing would be "
                    + $"matched: set it to {rows - 2} at most, {key} to {Pcm.K + 2} at least, or k to 0 for no matching");
            }
            if (Pcm.Scope == PcmScope.Rank && BatchSize % Pcm.RankSize != 0)
            {
                yield return ("pcm.rank_size", $"is {Pcm.RankSize}, which does not divide longclip.batch_size, {BatchSize}");
            }
        }
        if (SplitProblem() is { } invalid)
        {
            yield return ("split", $"is no regular expression: {invalid.TrimEnd('.')}");
        }
        if (ScaleStart > ScaleLimit)
        {
            yield return ("scale_start", FormattableString.Invariant($"is {ScaleStart}, above scale_limit, {ScaleLimit}"));
        }
    }

    private IEnumerable<(string Key, string Problem)> CheckLocks()
    {
        if (ImageBlocks == 0 && TextBlocks == 0)
        {
            yield return ("text_blocks", "is 0 and so is image_blocks, so that nothing would train: leave out one of the two");
        }
        if (ImageBlocks == 0 && (DropPath > 0 || PatchDropout > 0))
        {
            yield return (DropPath > 0 ? "drop_path" : "patch_dropout",
                "is above 0, but image_blocks 0 locks the image tower, which then has no noise: set it to 0");
        }
        if (TextBlocks == 0 && TextDropPath > 0)
        {
            yield return ("text_drop_path",
                "is above 0, but text_blocks 0 locks the text tower, which then has no noise: set it to 0");
        }
    }

    private string? SplitProblem()
    {
        try
        {
            _ = Split.Length == 0 ? null : new Regex(Split, RegexOptions.None, LongClipCaptions.SplitTime);
            return null;
        }
        catch (ArgumentException error)
        {
            return error.Message;
        }
    }
}
