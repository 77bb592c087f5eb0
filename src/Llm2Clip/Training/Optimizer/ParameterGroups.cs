using System.Globalization;
using Llm2Clip.Models;

namespace Llm2Clip.Training.Optimizer;

/// <summary>What a parameter belongs to, which decides its base learning rate and layer decay.</summary>
internal enum ParameterPart
{
    Visual,
    Text,
    Other,
}

/// <summary>
/// How the parameter names of a model family map to depths. Names are those of the checkpoint.
/// </summary>
/// <param name="VisualPrefix">Prefix of the vision tower.</param>
/// <param name="TextPrefix">Prefix of the text side.</param>
/// <param name="Blocks">What each block's names begin with after the prefix, in order.</param>
/// <param name="Embeddings">Names after the prefix, or their first part, that have depth 0.</param>
/// <param name="NoDecay">Names after the prefix that have no weight decay whatever their shape.</param>
internal sealed record LayerNaming(
    string VisualPrefix, string TextPrefix, IReadOnlyList<string> Blocks, IReadOnlyList<string> Embeddings, IReadOnlyList<string> NoDecay)
{
    /// <summary>A model without a vision tower.</summary>
    public static LayerNaming Plain { get; } = new(Student.TowerPrefix, Student.TextPrefix, [], [], []);

    /// <summary>
    /// The names of a student with this encoder; without LLM2CLIP's quirk: all that comes before block 0 has depth 0.
    /// </summary>
    public static LayerNaming Of(IImageEncoder encoder) =>
        Plain with { Blocks = encoder.BlockNames, Embeddings = encoder.EmbeddingNames, NoDecay = encoder.UndecayedNames };

    /// <summary>
    /// Depth of a parameter of the image side: 0 embeddings, N + 1 block N, one more than the last block's what is behind them.
    /// </summary>
    public int Depth(string name)
    {
        var rest = name.StartsWith(VisualPrefix, StringComparison.Ordinal) ? name[VisualPrefix.Length..] : "";
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

    /// <summary>Where a parameter belongs. An image head is behind the last block of the vision tower.</summary>
    public ParameterPart PartOf(string name) =>
        name.StartsWith(VisualPrefix, StringComparison.Ordinal) || name.StartsWith(Student.HeadPrefix, StringComparison.Ordinal)
            ? ParameterPart.Visual
        : name.StartsWith(TextPrefix, StringComparison.Ordinal) ? ParameterPart.Text
        : ParameterPart.Other;

    /// <summary>Whether a name is that of a part, or begins with it.</summary>
    public static bool IsPart(string name, string part) =>
        name.StartsWith(part, StringComparison.Ordinal) && (name.Length == part.Length || name[part.Length] == '.');
}

/// <summary>Base rates and decays that the groups are made from. Rates are absolute; the schedule multiplies them.</summary>
/// <param name="VisualRate">Peak learning rate of the vision tower.</param>
/// <param name="TextRate">Peak learning rate of the text side.</param>
/// <param name="OtherRate">Peak learning rate of logit_scale and whatever belongs to neither.</param>
/// <param name="WeightDecay">Decoupled weight decay of matrices.</param>
/// <param name="LayerDecay">Rate factor for each block further from the output of the vision tower; 1 = none.</param>
internal sealed record GroupOptions(double VisualRate, double TextRate, double OtherRate, double WeightDecay, double LayerDecay = 1);

/// <summary>What the optimizer does with one parameter.</summary>
internal sealed record ParameterRule(ParameterPart Part, double RateScale, double Rate, double WeightDecay);

/// <summary>Parameters that share rate and decay. <paramref name="Rate"/> is the peak rate with the layer's scale in it.</summary>
internal sealed record ParameterGroup(string Name, double Rate, double WeightDecay, IReadOnlyList<string> Parameters);

/// <summary>
/// Sorts parameters into optimizer groups: layer-wise decay for the vision tower, no weight decay for norms, biases, embeddings of
/// positions and the class token, and the scale (LLM2CLIP cba3b45 training/optim.py).
/// </summary>
internal static class ParameterGroups
{
    /// <summary>
    /// The rule for one parameter. Only its name and number of dimensions count: scale = decay^(blocks + 1 - depth) for the vision
    /// tower, 1 elsewhere; no weight decay at 1 dimension or less, for names ending in <c>.bias</c>, and for the listed names.
    /// </summary>
    public static ParameterRule RuleFor(string name, int dimensions, GroupOptions options, LayerNaming naming)
    {
        var part = naming.PartOf(name);
        var scale = part == ParameterPart.Visual ? Math.Pow(options.LayerDecay, naming.Blocks.Count + 1 - naming.Depth(name)) : 1;
        var rate = part switch
        {
            ParameterPart.Visual => options.VisualRate,
            ParameterPart.Text => options.TextRate,
            _ => options.OtherRate,
        };
        var listed = part == ParameterPart.Visual && naming.NoDecay.Any(free => name == naming.VisualPrefix + free);
        var free = dimensions <= 1 || listed || name.EndsWith(".bias", StringComparison.Ordinal) || name == "logit_scale";
        return new ParameterRule(part, scale, rate, free ? 0 : options.WeightDecay);
    }

    /// <summary>
    /// Groups of all parameters, in the order of each group's first parameter. Every parameter is in exactly one group;
    /// a name that occurs twice is an error of the caller.
    /// </summary>
    public static IReadOnlyList<ParameterGroup> Build(
        IEnumerable<(string Name, int Dimensions)> parameters, GroupOptions options, LayerNaming naming)
    {
        var groups = new List<(ParameterRule Rule, List<string> Names)>();
        var seen = new HashSet<string>();
        foreach (var (name, dimensions) in parameters)
        {
            if (!seen.Add(name))
            {
                throw new ArgumentException($"Parameter {name} occurs twice.", nameof(parameters));
            }
            var rule = RuleFor(name, dimensions, options, naming);
            var group = groups.FindIndex(g => g.Rule == rule);
            if (group < 0)
            {
                group = groups.Count;
                groups.Add((rule, []));
            }
            groups[group].Names.Add(name);
        }
        return [.. groups.Select(g => new ParameterGroup(Title(g.Rule), g.Rule.Rate * g.Rule.RateScale, g.Rule.WeightDecay, g.Names))];
    }

    private static string Title(ParameterRule rule)
    {
        var scale = rule.RateScale == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", rate x{rule.RateScale:0.####}");
        return rule.Part.ToString().ToLowerInvariant() + scale + (rule.WeightDecay == 0 ? ", no decay" : "");
    }
}
