using Llm2Clip.Models;
using Llm2Clip.Models.Text;

namespace Llm2Clip.Training.Optimizer;

/// <summary>How the parameter names of one tower map to depths. Names are those of the checkpoint.</summary>
/// <param name="Prefix">What the names of all its parameters begin with.</param>
/// <param name="Blocks">What each block's names begin with after the prefix, in order.</param>
/// <param name="Embeddings">Names after the prefix, or their first part, that have depth 0.</param>
/// <param name="NoDecay">Names after the prefix that have no weight decay whatever their shape.</param>
internal sealed record TowerNaming(
    string Prefix, IReadOnlyList<string> Blocks, IReadOnlyList<string> Embeddings, IReadOnlyList<string> NoDecay)
{
    /// <summary>Depth of a parameter: 0 embeddings, N + 1 block N, one more than the last block's what is behind them.</summary>
    public int Depth(string name)
    {
        var rest = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : "";
        if (Embeddings.Any(part => IsPart(rest, part)))
        {
            return 0;
        }
        for (var block = 0; block < Blocks.Count; block++)
        {
            if (IsPart(rest, Blocks[block]))
            {
                return block + 1;
            }
        }
        return Blocks.Count + 1;
    }

    /// <summary>
    /// Whether a parameter trains where the last <paramref name="blocks"/> blocks do, and what follows them; null = all, 0 = none.
    /// </summary>
    public bool Trains(string name, int? blocks) => blocks switch
    {
        null => true,
        0 => false,
        { } count => Depth(name) > Blocks.Count - count,
    };

    /// <summary>Whether a name is that of a part, or begins with it.</summary>
    public static bool IsPart(string name, string part) =>
        name.StartsWith(part, StringComparison.Ordinal) && (name.Length == part.Length || name[part.Length] == '.');
}

/// <summary>How the parameter names of a model with an image side and a text side map to towers and depths.</summary>
/// <param name="Visual">The vision tower.</param>
/// <param name="Text">The text side; without blocks where it is no transformer.</param>
internal sealed record LayerNaming(TowerNaming Visual, TowerNaming Text)
{
    /// <summary>A model without towers.</summary>
    public static LayerNaming Plain { get; } = new(
        new TowerNaming(Student.TowerPrefix, [], [], []), new TowerNaming(Student.TextPrefix, [], [], []));

    /// <summary>
    /// The names of a student with this encoder; without LLM2CLIP's quirk: all that comes before block 0 has depth 0.
    /// </summary>
    public static LayerNaming Of(IImageEncoder encoder) => Plain with
    {
        Visual = new TowerNaming(Student.TowerPrefix, encoder.BlockNames, encoder.EmbeddingNames, encoder.UndecayedNames),
    };

    /// <summary>The names of a whole CLIP.</summary>
    public static LayerNaming Of(IImageEncoder encoder, ClipTextModel text) => Of(encoder) with
    {
        Text = new TowerNaming(Student.TextPrefix, text.BlockNames, text.EmbeddingNames, text.UndecayedNames),
    };

    /// <summary>Where a parameter belongs. An image head is behind the last block of the vision tower.</summary>
    public ParameterPart PartOf(string name) =>
        name.StartsWith(Visual.Prefix, StringComparison.Ordinal) || name.StartsWith(Student.HeadPrefix, StringComparison.Ordinal)
            ? ParameterPart.Visual
        : name.StartsWith(Text.Prefix, StringComparison.Ordinal) ? ParameterPart.Text
        : ParameterPart.Other;

    /// <summary>The tower of a part; null for what belongs to none.</summary>
    public TowerNaming? TowerOf(ParameterPart part) =>
        part switch { ParameterPart.Visual => Visual, ParameterPart.Text => Text, _ => null };
}
