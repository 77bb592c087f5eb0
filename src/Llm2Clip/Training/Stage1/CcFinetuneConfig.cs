using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Training.Stage1;

/// <summary>Which state of the adapter is kept.</summary>
public enum CcSelection
{
    /// <summary>
    /// The epoch with the highest recall (mean of R@1 and R@10, training language to itself) on pictures held out of the training data. Other
    /// languages and the val data play no part.
    /// </summary>
    HeldOut,

    /// <summary>The same by the training language's captions of data.val; its pictures then chose among epochs, and the numbers say so.</summary>
    Val,

    /// <summary>The last one.</summary>
    Last,
}

/// <summary>The <c>cc_finetune</c> section of a run file: caption-contrastive training of the teacher's adapter (stage 1).</summary>
public sealed record CcFinetuneConfig : ICheckedConfig
{
    [Description("Teacher folder that is written.")]
    public string Output { get; init; } = "";

    [Description("Folder of the store of raw LLM vectors: filled where captions are missing, reused ever after. Empty = OUTPUT-raw.")]
    public string RawStore { get; init; } = "";

    [Description("fp16 | fp32: how raw vectors are kept.")]
    public VectorType RawDtype { get; init; } = VectorType.Fp16;

    [Description("Languages of data.train whose captions are trained on; nothing else of the training data is looked at.")]
    public IReadOnlyList<string> Languages { get; init; } = ["en"];

    [Description("Kinds of captions trained on: short, long, raw; empty = all.")]
    public IReadOnlyList<CaptionKind> Kinds { get; init; } = [];

    [Description("More training captions without pictures, in a language of `languages`.")]
    public IReadOnlyList<TextSourceConfig> ExtraText { get; init; } = [];

    [Description("Plain sentences of further languages, for their means only: no pictures, no pairs. An empty path takes data.train's captions of the language.")]
    public IReadOnlyList<TextSourceConfig> LanguageText { get; init; } = [];

    [Description("Shape of the adapter.")]
    public AdapterConfig Adapter { get; init; } = new();

    [Description("Factor of the cosine in the loss: 50 in LLM2CLIP's code, 20 in LLM2Vec's and best for small data here.")]
    [Range(0.1, 1000.0)]
    public double Scale { get; init; } = 50;

    [Description("Loss from the positive to the queries too, not from the query alone.")]
    public bool BothDirections { get; init; } = true;

    [Description("Hard negatives a picture: nearest captions of other pictures by the current vectors; 0 = negatives of the batch alone.")]
    [Range(0, 64)]
    public int HardNegatives { get; init; }

    [Description("Epochs between two searches for hard negatives.")]
    [Range(1, 1000)]
    public int MineEvery { get; init; } = 2;

    [Description("Captions that take part in a search for hard negatives at most; more are sampled.")]
    [Range(2, 1 << 20)]
    public int MinePool { get; init; } = 32_768;

    [Description("Pictures a step, two captions of each.")]
    [Range(2, 1 << 20)]
    public int BatchSize { get; init; } = 512;

    [Description("Captions encoded at once; the loss still sees the whole batch (GradCache). 0 = all.")]
    [Range(0, 1 << 20)]
    public int MicroBatch { get; init; }

    [Description("Passes over the pictures.")]
    [Range(1, 100_000)]
    public int Epochs { get; init; } = 20;

    [Description("Peak learning rate.")]
    public double LearningRate { get; init; } = 5e-4;

    [Description("Decoupled weight decay of matrices; norms and biases have none.")]
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; } = 0.05;

    [Description("Steps of linear warm-up.")]
    [Range(0, 1 << 30)]
    public int WarmupSteps { get; init; } = 20;

    [Description("cosine | constant, after the warm-up.")]
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    [Description("Gradients with a larger global norm are scaled down to it; 0 = never.")]
    [Range(0.0, 1e6)]
    public double GradientClip { get; init; }

    [Description("held_out | val | last: which epoch is kept: the best in the training language on pictures held out of data.train, or on data.val; or the last.")]
    public CcSelection Selection { get; init; } = CcSelection.Last;

    [Description("Pictures of data.train held out of the training, for held_out; they are drawn by the seed.")]
    [Range(0, 1 << 30)]
    public int HeldOutPictures { get; init; } = 300;

    [Description("held_out and val: stop after this many evaluations without a better one; 0 = never.")]
    [Range(0, 1000)]
    public int Patience { get; init; }

    [Description("Epochs between two evaluations (before the first and after the last there always is one).")]
    [Range(1, 100_000)]
    public int EvaluateEvery { get; init; } = 5;

    [Description("Steps between checkpoints, which a stopped run goes on from; 0 = only at evaluations and on Ctrl-C.")]
    [Range(0, 1 << 30)]
    public long CheckpointEvery { get; init; } = 200;

    [Description("Pairs of languages evaluated on data.val, such as en->zh; empty = the first training language to itself, and to and from every other. Without data.val nothing is.")]
    public IReadOnlyList<string> Pairs { get; init; } = [];

    [Description("Seed of weights, order, pairs and dropout.")]
    public long Seed { get; init; }

    [Description("auto | cpu | cuda:N.")]
    public string Device { get; init; } = "auto";

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Languages.Count == 0)
        {
            yield return ("languages", "is empty; name the language that is trained on, such as [en]");
        }
        foreach (var text in ExtraText.Where(text => !Languages.Contains(text.Language)))
        {
            yield return ("extra_text", $"is of language {text.Language}, which is not one of languages ({string.Join(", ", Languages)})");
        }
        foreach (var pair in Pairs.Where(pair => !pair.Contains("->", StringComparison.Ordinal)))
        {
            yield return ("pairs", $"holds \"{pair}\"; write it as en->zh");
        }
        if (Selection == CcSelection.HeldOut && HeldOutPictures < 20)
        {
            yield return ("held_out_pictures", $"is {HeldOutPictures}; a choice among epochs needs 20 or more");
        }
        if (!(LearningRate > 0))
        {
            yield return ("learning_rate", $"is {LearningRate}; it must be greater than 0");
        }
    }
}
