using System.Text.Json.Nodes;
using Llm2Clip.Weights;

namespace Llm2Clip.Models;

/// <summary>A layout of files beside the family's own.</summary>
/// <param name="Layout">Names and shapes.</param>
/// <param name="Mark">A tensor that only files of this layout and family hold.</param>
/// <param name="Positions">The rule by which the layout's library resizes positions.</param>
internal sealed record ForeignLayout(WeightLayout Layout, string Mark, Layers.PositionRule Positions);

/// <summary>A family of vision transformers: how its files are known and read.</summary>
/// <param name="Name">For messages.</param>
/// <param name="ModelTypes">The values of <c>model_type</c> in <c>config.json</c>.</param>
/// <param name="Read">Reads <c>config.json</c>, with its path for messages.</param>
/// <param name="Presets">Published sizes by name.</param>
/// <param name="Foreign">Layouts of other libraries.</param>
internal sealed record VisionFamily(
    string Name, IReadOnlyList<string> ModelTypes, Func<JsonObject, string, VisionConfig> Read,
    IReadOnlyDictionary<string, VisionConfig> Presets, IReadOnlyList<ForeignLayout> Foreign)
{
    /// <summary>The layout of a file without a configuration; null where it is another family's.</summary>
    public ForeignLayout? LayoutOf(ISafetensors file) => Foreign.FirstOrDefault(layout => file.Contains(layout.Mark));
}
