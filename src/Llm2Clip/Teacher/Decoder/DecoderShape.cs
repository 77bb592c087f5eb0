namespace Llm2Clip.Teachers.Decoder;

/// <summary>Rotary positions: pair i of a head's N / 2 turns by position * Scale * Base^(-2i / N) / Divisors[i].</summary>
/// <param name="Base">Base of the frequencies.</param>
/// <param name="Scale">1, or less where positions are squeezed (linear scaling).</param>
/// <param name="Divisors">N / 2 divisors; null for none.</param>
internal sealed record RotaryKind(double Base, double Scale, IReadOnlyList<float>? Divisors);

/// <summary>Which products of a block have a bias.</summary>
internal sealed record DecoderBiases(bool Query, bool Key, bool Value, bool Output, bool Gate, bool Up, bool Down);

/// <summary>A decoder: its sizes, and what its architecture makes of them.</summary>
/// <param name="Family">The architecture.</param>
/// <param name="Width">Width of the token stream, W.</param>
/// <param name="Blocks">Number of blocks.</param>
/// <param name="Heads">Query heads, H.</param>
/// <param name="SharedHeads">Key/value heads, K, which divides H.</param>
/// <param name="KeyWidth">Width of a head's queries and keys, N; even.</param>
/// <param name="ValueWidth">Width of a head's values, V.</param>
/// <param name="MlpWidth">Inner width of the MLP, M.</param>
/// <param name="Vocabulary">Tokens.</param>
/// <param name="Epsilon">Epsilon of all norms.</param>
internal sealed record DecoderShape(
    DecoderFamily Family, int Width, int Blocks, int Heads, int SharedHeads, int KeyWidth, int ValueWidth, int MlpWidth, int Vocabulary,
    double Epsilon)
{
    /// <summary>What scores are multiplied by.</summary>
    public required double AttentionScale { get; init; }

    /// <summary>Soft cap of the scores; null for none.</summary>
    public double? AttentionCap { get; init; }

    /// <summary>Biases of every block.</summary>
    public required DecoderBiases Biases { get; init; }

    /// <summary>Positions in blocks that see all of the text.</summary>
    public required RotaryKind Rotary { get; init; }

    /// <summary>Positions in blocks that slide.</summary>
    public required RotaryKind SlidingRotary { get; init; }

    /// <summary>Tokens that a sliding block sees; null where no block slides.</summary>
    public int? Window { get; init; }

    /// <summary>Whether each block slides; empty where none does.</summary>
    public IReadOnlyList<bool> Slides { get; init; } = [];

    /// <summary>Weights of the model without an output head: embeddings, products, norms and biases.</summary>
    public Int128 WeightCount
    {
        get
        {
            Int128 width = Width;
            var attention = width * Heads * (KeyWidth + ValueWidth) + width * SharedHeads * (KeyWidth + ValueWidth);
            var norms = (Family.PostNorms ? 4 : 2) * width + (Family.HeadNorms ? 2 * KeyWidth : 0);
            return (width * Vocabulary) + width + (Blocks * (attention + (3 * width * MlpWidth) + norms));
        }
    }

    /// <summary>Whether a block sees a window alone, in the attention that the model was trained with.</summary>
    public bool IsSliding(int block) => Window is not null && Slides[block];
}
