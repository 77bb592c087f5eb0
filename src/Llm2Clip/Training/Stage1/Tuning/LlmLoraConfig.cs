using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Llm2Clip.Configuration;
using Llm2Clip.Layers;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>
/// The <c>cc_finetune.lora</c> section: low-rank changes inside the LLM (LoRA, https://arxiv.org/abs/2106.09685), trained on captions of
/// one image before the means and the adapter are fitted on the tuned LLM's vectors. Defaults are those of LLM2CLIP's stage 1 (facts A4,
/// A5 and A7), but for the batch.
/// </summary>
public sealed record LlmLoraConfig : ICheckedConfig
{
    /// <summary>The products of a block, as Hugging Face's models name them.</summary>
    internal static readonly IReadOnlyList<string> Products =
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    [Description("supervised: texts that belong together come together. unsupervised: each text against itself under other dropout. "
        + "masked_tokens: masked tokens are told from those around them.")]
    public TuningObjective Objective { get; init; }

    [Description("Of masked_tokens: share of the tokens that are masked.")]
    [Range(0.01, 0.9)]
    public double MaskShare { get; init; } = 0.2;

    [Description("Rank of the changes.")]
    [Range(1, 1024)]
    public int Rank { get; init; } = 16;

    [Description("The changes are scaled by alpha / rank.")]
    [Range(0.001, 4096)]
    public double Alpha { get; init; } = 32;

    [Description("Dropout of the changes' inputs while training, 0 to 0.9.")]
    [Range(0.0, 0.9)]
    public double Dropout { get; init; } = 0.05;

    [Description("Which products of a block are changed: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.")]
    public IReadOnlyList<string> Targets { get; init; } = Products;

    [Description("Which blocks are changed, counted from 1; empty = all up to the one that teacher.layers reads.")]
    [Range(1, 1 << 16)]
    public IReadOnlyList<int> Blocks { get; init; } = [];

    [Description("bf16 | fp32: format of products and of the LLM's own, frozen weights; the changes and the optimizer's state are fp32.")]
    public Precision Precision { get; init; } = Precision.Bf16;

    [Description("Factor on cosines in the loss: 50 in LLM2CLIP's code, 20 in LLM2Vec's.")]
    [Range(0.1, 1000.0)]
    public double Scale { get; init; } = 50;

    [Description("Whether the loss also ranks the queries for each positive; LLM2CLIP ranks the positives for each query alone.")]
    public bool BothDirections { get; init; }

    [Description("What {instruction} in teacher.template stands for in queries; positives have none, as have the vectors that are made "
        + "later.")]
    public string Instruction { get; init; } = "";

    [Description("How often the captions of data.train come, against the weights of sets; 0 = not at all.")]
    [Range(0.0, 1000.0)]
    public double CaptionWeight { get; init; } = 1;

    [Description("Further sets of texts: text pairs or captions, each with a weight and an instruction of its own.")]
    public IReadOnlyList<TuningSetConfig> Sets { get; init; } = [];

    [Description("homogeneous: each batch is of one set. mixed: each has texts of all sets, by their weights.")]
    public TuningMixing Mixing { get; init; }

    [Description("Images (of sets: pairs, of masked_tokens: rows of max_tokens) per step, with two captions each; all others of the step "
        + "are their negatives.")]
    [Range(2, 1 << 20)]
    public int BatchSize { get; init; } = 256;

    [Description("Tokens that are run at a time, padding included; the loss still sees the whole batch (GradCache). It decides the memory, "
        + "not the result.")]
    [Range(1, 1 << 24)]
    public int MicroBatchTokens { get; init; } = 1024;

    [Description("Micro-batches of a step whose activations are kept until the loss is known, so that they are run once and not twice. "
        + "1 takes no further memory, each more the activations of one.")]
    [Range(0, 1 << 20)]
    public int KeptMicroBatches { get; init; } = 1;

    [Description("Whether each block's activations are computed again for its gradient instead of kept: of long texts or large models, "
        + "far less memory for about a third more time.")]
    public bool GradientCheckpointing { get; init; }

    [Description("Longest row in tokens, template included, at most teacher.max_length; longer captions lose their right end.")]
    [Range(8, 1 << 20)]
    public int MaxTokens { get; init; } = 512;

    [Description("Largest share of captions that may be longer than max_tokens; more is an error.")]
    [Range(0.0, 1.0)]
    public double MaxTruncatedShare { get; init; } = 0.1;

    [Description("Peak learning rate.")]
    public double LearningRate { get; init; } = 2e-4;

    [Description("AdamW's weight decay.")]
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; }

    [Description("Steps over which the learning rate rises linearly from 0 to its peak.")]
    [Range(0, 1 << 30)]
    public int WarmupSteps { get; init; } = 20;

    [Description("linear | cosine | constant: learning rate after the warm-up.")]
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    [Description("Largest global gradient norm; larger gradients are scaled down to it. 0 = no limit.")]
    [Range(0.0, 1e6)]
    public double GradientClip { get; init; } = 1;

    [Description("Passes over the images, each with other pairs of captions; 0 = no limit.")]
    [Range(0, 100_000)]
    public int Epochs { get; init; } = 1;

    [Description("Steps after which training ends, if the epochs do not end it before; 0 = no limit.")]
    [Range(0, 1 << 30)]
    public long Steps { get; init; }

    [Description("Minutes after which training ends, if epochs and steps do not end it before, evaluations included; 0 = no limit. The "
        + "learning rate follows the limit that is nearest.")]
    [Range(0.0, 1e6)]
    public double MaxMinutes { get; init; }

    [Description("Steps between evaluations; there is always one before the first step and after the last. 0 = no others.")]
    [Range(0, 1 << 30)]
    public long EvaluateEvery { get; init; } = 100;

    [Description("Images of data.val that these evaluations compare, from the first; 0 = all.")]
    [Range(0, 1 << 30)]
    public int EvaluateImages { get; init; }

    [Description("Steps between lines of the log; 0 = none.")]
    [Range(0, 1 << 30)]
    public long LogEvery { get; init; } = 10;

    /// <summary>Sizes of the changes.</summary>
    [JsonIgnore]
    internal LoraShape Shape => new(Rank, Alpha, Dropout);

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        var all = string.Join(", ", Products);
        if (Targets.Count == 0)
        {
            yield return ("targets", $"is empty; name some of {all}, or leave cc_finetune.lora out");
        }
        foreach (var target in Targets.Except(Products))
        {
            yield return ("targets", target is "embed_tokens" or "lm_head" or "token_embd" or "output"
                ? $"names '{target}': token embeddings and output head, one tensor in many models, are not tuned. Name some of {all}"
                : $"names '{target}', which is no product of a block; it must be among {all}");
        }
        if (!(LearningRate > 0))
        {
            yield return ("learning_rate", $"is {LearningRate}; it must be greater than 0");
        }
        if (Sets.Count > 0 && Objective != TuningObjective.Supervised)
        {
            yield return ("sets", "are for objective supervised; the others read the captions of data.train");
        }
        if (CaptionWeight == 0 && Sets.Count == 0)
        {
            yield return ("caption_weight", "is 0, and there are no sets: nothing is left to train on");
        }
        if (Objective == TuningObjective.Unsupervised && Dropout == 0)
        {
            yield return ("dropout", "is 0, so that a text's two vectors are equal and objective unsupervised has nothing to learn from");
        }
        if (Objective == TuningObjective.MaskedTokens && GradientCheckpointing)
        {
            yield return ("gradient_checkpointing", "is not for objective masked_tokens; lower micro_batch_tokens instead");
        }
        if (Epochs == 0 && Steps == 0 && MaxMinutes == 0)
        {
            yield return ("epochs", "is 0, as are steps and max_minutes, so that training never ends: set one of them");
        }
    }
}
