using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Layers;

namespace Llm2Clip.Models.Text;

/// <summary>The <c>longclip.new_text</c> section of a run file: a text tower that starts from random weights.</summary>
public sealed record NewTextConfig : ICheckedConfig
{
    [Description("Folder of the vocabulary: vocab.json with merges.txt, tokenizer.json, or OpenAI's bpe_simple_vocab_16e6.txt.gz.")]
    public string Vocabulary { get; init; } = "";

    [Description("Tokens that a text may have, its start and end included.")]
    [Range(2, 1 << 16)]
    public int Positions { get; init; } = 77;

    [Description("Width of the transformer.")]
    [Range(1, 16384)]
    public int Width { get; init; } = 512;

    [Description("Blocks of the transformer.")]
    [Range(1, 256)]
    public int Layers { get; init; } = 12;

    [Description("Attention heads; divide width.")]
    [Range(1, 256)]
    public int Heads { get; init; } = 8;

    [Description("Inner width of the MLP as a multiple of width.")]
    [Range(0.25, 16)]
    public double MlpRatio { get; init; } = 4;

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Width % Heads != 0)
        {
            yield return ("heads", $"is {Heads}, which does not divide width {Width}");
        }
    }

    /// <summary>The tower's shape; it is pooled at the end token.</summary>
    /// <param name="tokenizer">Of the vocabulary.</param>
    /// <param name="embedDim">Length of the vectors that it shares with images.</param>
    /// <param name="activation">Of the MLPs, the image tower's.</param>
    internal ClipTextConfig Shape(ClipTokenizer tokenizer, int embedDim, Activation activation) => new()
    {
        VocabularySize = tokenizer.Size,
        Positions = Positions,
        Width = Width,
        Layers = Layers,
        Heads = Heads,
        MlpWidth = (int)Math.Round(Width * MlpRatio),
        EmbedDim = embedDim,
        Activation = activation,
        Pooling = TextPooling.FirstEnd,
        EndToken = tokenizer.End,
    };
}
