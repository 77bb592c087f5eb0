using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Text;

/// <summary>A text tower with other positions, or less behind them.</summary>
internal static class StretchedClip
{
    /// <summary>The tower without its projection, and with one table of positions: what transformers calls <c>CLIPTextModel</c>.</summary>
    public static ClipTextModel WithoutProjection(ClipTextModel model)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var shape = model.Config with { HasProjection = false, EmbedDim = model.Config.Width, KeptPositions = 0 };
        var bare = new ClipTextModel(shape, model.Embeddings.Tokens.device);
        var weights = model.Merged().ToDictionary(weight => weight.Name, weight => weight.Weight);
        foreach (var (name, parameter) in bare.named_parameters())
        {
            parameter.copy_(weights[name]);
        }
        return bare;
    }

    /// <summary>
    /// The tower with stretched positions, to train: a frozen table for the kept positions and a second one, both equal, as Long-CLIP has
    /// them; one table where none is kept. All other weights are the old ones.
    /// </summary>
    public static ClipTextModel Of(ClipTextModel model, PositionStretch stretch)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var kept = Math.Min(stretch.Keep, stretch.Length - 1);
        var longer = new ClipTextModel(
            model.Config with { Positions = stretch.Length, KeptPositions = kept }, model.Embeddings.Tokens.device);
        var weights = longer.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var (name, weight) in model.Merged())
        {
            weights[name].copy_(name == TextEmbeddings.PositionsPath ? stretch.Apply(weight) : weight);
        }
        longer.Embeddings.Trained?.copy_(longer.Embeddings.Positions);
        return longer;
    }
}
