namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>What LoRA learns; the rows of the ablation in LLM2CLIP's paper (facts A5 and A8).</summary>
public enum TuningObjective
{
    /// <summary>Texts that belong together come together, others go apart (supervised SimCSE, https://arxiv.org/abs/2104.08821).</summary>
    Supervised,

    /// <summary>
    /// Each text against itself under other dropout (unsupervised SimCSE, https://arxiv.org/abs/2104.08821); one caption per image is
    /// enough.
    /// </summary>
    Unsupervised,

    /// <summary>Masked tokens are told from those around them (MNTP, https://arxiv.org/abs/2404.05961).</summary>
    MaskedTokens,
}

/// <summary>How the batches of several sets are put together.</summary>
public enum TuningMixing
{
    /// <summary>Each batch is of one set.</summary>
    Homogeneous,

    /// <summary>Each batch has texts of all sets, by their weights.</summary>
    Mixed,
}
