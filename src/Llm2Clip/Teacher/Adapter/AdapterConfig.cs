using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Teachers.Adapter;

/// <summary>Shape of an adapter between centering and output.</summary>
public enum AdapterKind
{
    /// <summary>One linear layer.</summary>
    Linear,

    /// <summary>Residual blocks, layer norm, linear layer.</summary>
    Residual,

    /// <summary>Nothing is learned: the vectors are the LLM's own, centered.</summary>
    None,
}

/// <summary>How the last linear layer starts.</summary>
public enum AdapterStart
{
    /// <summary>torch's default: a random projection.</summary>
    Random,

    /// <summary>
    /// The leading principal directions of the centered training vectors, each divided by the root of its deviation: the adapter starts
    /// where half-whitening (singular values to the power 1/2) is, instead of at a random projection.
    /// </summary>
    HalfWhitened,
}

/// <summary>What an adapter over the LLM's pooled vectors looks like.</summary>
public sealed record AdapterConfig
{
    [Description("linear | residual (blocks of LN, d to 2d, GELU, 2d to d, then LN and linear) | none (nothing is trained: the LLM's "
        + "vectors, centered; one caption per image is enough).")]
    public AdapterKind Kind { get; init; } = AdapterKind.Residual;

    [Description("Residual blocks; 0 leaves LN and linear.")]
    [Range(0, 64)]
    public int Blocks { get; init; } = 1;

    [Description("Length of the teacher's vectors; with kind none, the LLM's own.")]
    [Range(1, 1 << 16)]
    public int Dimension { get; init; } = 512;

    [Description("none | global | language: which mean is taken out first. language: each language's own where sentences of it were "
        + "given.")]
    public Centering Centering { get; init; } = Centering.Language;

    [Description("Share of the input's elements dropped in training, 0 to 0.9.")]
    [Range(0.0, 0.9)]
    public double Dropout { get; init; } = 0.2;

    [Description("random | half_whitened: how the last linear layer starts.")]
    public AdapterStart Start { get; init; } = AdapterStart.HalfWhitened;

    /// <summary>The same for vectors of a width: without a head they keep it.</summary>
    internal AdapterConfig Over(int width) => Kind == AdapterKind.None ? this with { Dimension = width } : this;

    /// <summary>Weights of an adapter over vectors of a width.</summary>
    internal Int128 WeightCount(int width)
    {
        if (Kind == AdapterKind.None)
        {
            return 0;
        }
        Int128 d = width;
        var blocks = Kind == AdapterKind.Residual ? Blocks * (2 * d + 4 * d * d + 3 * d) + 2 * d : 0; // norm, d to 2d to d in a block; norm
        return blocks + d * Dimension + Dimension;
    }
}
