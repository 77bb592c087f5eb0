using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Training.Stage1.Tuning;

namespace Llm2Clip.Training.Stage1;

/// <summary>Which state of the adapter is kept.</summary>
public enum CcSelection
{
    /// <summary>
    /// The epoch with the highest recall (mean of R@1 and R@10, training language to itself) on images held out of the training data.
    /// Other languages and the val data play no part.
    /// </summary>
    HeldOut,

    /// <summary>
    /// The same by the training language's captions of data.val. The numbers on data.val then flatter: the epoch was chosen on it.
    /// </summary>
    Val,

    /// <summary>The last one.</summary>
    Last,
}

/// <summary>The <c>cc_finetune</c> section of a run file: caption-contrastive training of the teacher's adapter (stage 1).</summary>
public sealed record CcFinetuneConfig : ICheckedConfig
{
    [Description("Teacher folder that is written. Empty = teacher, in the folder of the run.")]
    public string Output { get; init; } = "";

    [Description("Folder of the store of raw LLM vectors; what is missing is computed and added. Empty = OUTPUT-raw.")]
    public string RawStore { get; init; } = "";

    [Description("fp16 | fp32: number format in which raw vectors are stored.")]
    public VectorType RawDtype { get; init; } = VectorType.Fp16;

    [Description("Languages whose captions in data.train are trained on, the most important first; other languages are not read. Empty = "
        + "all that data.train has. extract and clip-train take the same ones unless their own keys name others.")]
    public IReadOnlyList<string> Languages { get; init; } = [];

    [Description("Kinds of captions that are trained on: short, long, raw; empty = all.")]
    public IReadOnlyList<CaptionKind> Kinds { get; init; } = [];

    [Description("Further training captions, without images, in a language of `languages`.")]
    public IReadOnlyList<TextSourceConfig> ExtraText { get; init; } = [];

    [Description("Sentences of further languages. Only their mean is used: it is what a language's vectors are centered by. An empty path "
        + "takes data.train's captions of the language.")]
    public IReadOnlyList<TextSourceConfig> LanguageText { get; init; } = [];

    [Description("Data set whose captions give own means to the languages that are neither trained on nor named in language_text: the "
        + "first caption of 2,000 images per language at most. Any data set but the one that is evaluated on.")]
    public string MeansFrom { get; init; } = "";

    [Description("Low-rank changes inside the LLM that are trained first: rank, alpha, dropout, targets, blocks, precision, scale, "
        + "both_directions, batch_size, micro_batch_tokens, gradient_checkpointing, max_tokens, learning_rate, schedule, epochs, steps, "
        + "max_minutes and more (docs/teacher.md). null = the LLM stays as it is.")]
    public LlmLoraConfig? Lora { get; init; }

    [Description("Shape of the adapter.")]
    public AdapterConfig Adapter { get; init; } = new();

    [Description("Factor on cosines in the loss: 50 in LLM2CLIP's code; 20 in LLM2Vec's, and better on small data.")]
    [Range(0.1, 1000.0)]
    public double Scale { get; init; } = 50;

    [Description("Whether the loss also ranks the queries for each positive, not only the positives for each query.")]
    public bool BothDirections { get; init; } = true;

    [Description("Hard negatives per image: the captions of other images that are nearest by the current vectors; 0 = none.")]
    [Range(0, 64)]
    public int HardNegatives { get; init; }

    [Description("Epochs between searches for hard negatives.")]
    [Range(1, 1000)]
    public int MineEvery { get; init; } = 2;

    [Description("Largest number of captions in a search for hard negatives; if there are more, a sample is searched.")]
    [Range(2, 1 << 20)]
    public int MinePool { get; init; } = 32_768;

    [Description("Images per step, with two captions each.")]
    [Range(2, 1 << 20)]
    public int BatchSize { get; init; } = 512;

    [Description("Captions encoded at a time; the loss still sees the whole batch (GradCache). 0 = the whole batch.")]
    [Range(0, 1 << 20)]
    public int MicroBatch { get; init; }

    [Description("Passes over the images.")]
    [Range(1, 100_000)]
    public int Epochs { get; init; } = 20;

    [Description("Peak learning rate.")]
    public double LearningRate { get; init; } = 5e-4;

    [Description("AdamW's weight decay of matrices; norms and biases have none.")]
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; } = 0.05;

    [Description("Steps over which the learning rate rises linearly to its peak.")]
    [Range(0, 1 << 30)]
    public int WarmupSteps { get; init; } = 20;

    [Description("cosine | linear | constant: learning rate after the warm-up.")]
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    [Description("Largest global gradient norm; larger gradients are scaled down to it. 0 = no limit.")]
    [Range(0.0, 1e6)]
    public double GradientClip { get; init; }

    [Description("held_out | val | last: which epoch is kept: the one with the best recall in the training language on images held out of "
        + "data.train, the same on data.val, or the last.")]
    public CcSelection Selection { get; init; } = CcSelection.Last;

    [Description("Images of data.train that held_out holds out, drawn by the seed.")]
    [Range(0, 1 << 30)]
    public int HeldOutImages { get; init; } = 300;

    [Description("Training stops after this many evaluations without a better one, for held_out and val; 0 = never.")]
    [Range(0, 1000)]
    public int Patience { get; init; }

    [Description("Epochs between evaluations; there is always one before the first epoch and after the last.")]
    [Range(1, 100_000)]
    public int EvaluateEvery { get; init; } = 5;

    [Description("Steps between checkpoints, from which a stopped run resumes; 0 = not by steps. There is one at every evaluation, and "
        + "where the run is stopped.")]
    [Range(0, 1 << 30)]
    public long CheckpointEvery { get; init; } = 200;

    [Description("Minutes between checkpoints, if the steps between them take longer; 0 = not by minutes.")]
    [Range(0.0, 1e6)]
    public double CheckpointMinutes { get; init; } = 15;

    [Description("Minutes without progress after which the log says what the training hangs in. It is not stopped. 0 = never.")]
    [Range(0.0, 1e6)]
    public double StallMinutes { get; init; } = 10;

    [Description("Pairs of languages that are evaluated on data.val, such as en->zh; empty = the first training language to itself, and to "
        + "and from every other.")]
    public IReadOnlyList<string> Pairs { get; init; } = [];

    [Description("Seed of weights, order, pairs and dropout.")]
    public long Seed { get; init; }

    [Description("auto | cpu | cuda:N.")]
    public string Device { get; init; } = "auto";

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        foreach (var text in ExtraText.Where(text => Languages.Count > 0 && !Languages.Contains(text.Language)))
        {
            yield return ("extra_text", $"is of language {text.Language}, which is not one of languages ({string.Join(", ", Languages)})");
        }
        foreach (var pair in Pairs.Where(pair => !pair.Contains("->", StringComparison.Ordinal)))
        {
            yield return ("pairs", $"holds \"{pair}\"; write it as en->zh");
        }
        if (Selection == CcSelection.HeldOut && HeldOutImages < 20)
        {
            yield return ("held_out_images", $"is {HeldOutImages}; a choice among epochs needs 20 or more");
        }
        var most = BatchSize * (2 + HardNegatives);
        if (MicroBatch > most)
        {
            yield return ("micro_batch", $"is {MicroBatch}, more than the captions of a batch, {most} (batch_size, with two captions per "
                + "image and its hard negatives): set it to at most that, or to 0 for the whole batch");
        }
        if (!(LearningRate > 0))
        {
            yield return ("learning_rate", $"is {LearningRate}; it must be greater than 0");
        }
    }
}
