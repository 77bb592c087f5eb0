using System.Globalization;

namespace Llm2Clip.Training.Optimizer;

/// <summary>What a parameter belongs to, which decides its base learning rate and layer decay.</summary>
internal enum ParameterPart
{
    Visual,
    Text,
    Other,
}

/// <summary>Base rates and decays that the groups are made from. Rates are absolute; the schedule multiplies them.</summary>
/// <param name="VisualRate">Peak learning rate of the vision tower.</param>
/// <param name="TextRate">Peak learning rate of the text side.</param>
/// <param name="OtherRate">Peak learning rate of logit_scale and whatever belongs to neither.</param>
/// <param name="WeightDecay">Decoupled weight decay of matrices.</param>
/// <param name="LayerDecay">Rate factor for each block further from the output of its tower; 1 = none.</param>
internal sealed record GroupOptions(double VisualRate, double TextRate, double OtherRate, double WeightDecay, double LayerDecay = 1)
{
    /// <summary>Whether weight decay is that of all parameters, norms, biases and the scale too, as in Long-CLIP.</summary>
    public bool DecaysAll { get; init; }

    /// <summary>The rates and decays of a training section.</summary>
    public static GroupOptions Of(TrainLoopConfig config) => new(
        config.LearningRate, config.TextLearningRate ?? config.LearningRate, config.ScaleLearningRate ?? config.LearningRate,
        config.WeightDecay, config.LayerDecay);
}

/// <summary>What the optimizer does with one parameter.</summary>
internal sealed record ParameterRule(ParameterPart Part, double RateScale, double Rate, double WeightDecay);

/// <summary>Parameters that share rate and decay. <paramref name="Rate"/> is the peak rate with the layer's scale in it.</summary>
internal sealed record ParameterGroup(string Name, double Rate, double WeightDecay, IReadOnlyList<string> Parameters);

/// <summary>
/// Sorts parameters into optimizer groups: layer-wise decay for the towers, no weight decay for norms, biases, embeddings of
/// positions and the class token, and the scale (LLM2CLIP cba3b45 training/optim.py).
/// </summary>
internal static class ParameterGroups
{
    /// <summary>
    /// The rule for one parameter. Only its name and number of dimensions count: scale = decay^(blocks + 1 - depth) in a tower,
    /// 1 elsewhere; no weight decay at 1 dimension or less, for names ending in <c>.bias</c>, and for the listed names.
    /// </summary>
    public static ParameterRule RuleFor(string name, int dimensions, GroupOptions options, LayerNaming naming)
    {
        var part = naming.PartOf(name);
        var tower = naming.TowerOf(part);
        var scale = tower is null ? 1 : Math.Pow(options.LayerDecay, tower.Blocks.Count + 1 - tower.Depth(name));
        var rate = part switch
        {
            ParameterPart.Visual => options.VisualRate,
            ParameterPart.Text => options.TextRate,
            _ => options.OtherRate,
        };
        var listed = tower is not null && tower.NoDecay.Any(free => name == tower.Prefix + free);
        var free = dimensions <= 1 || listed || name.EndsWith(".bias", StringComparison.Ordinal) || name == "logit_scale";
        return new ParameterRule(part, scale, rate, free && !options.DecaysAll ? 0 : options.WeightDecay);
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
