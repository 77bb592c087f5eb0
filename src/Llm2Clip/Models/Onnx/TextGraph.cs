using Llm2Clip.Models.Text;
using Llm2Clip.Weights.Onnx;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Onnx;

/// <summary>CLIP's text tower as operators; what <see cref="ClipTextModel"/> computes of padded ids.</summary>
internal static class TextGraph
{
    private const string Embeddings = "text_model.embeddings.";

    /// <summary>Ids [B, T], of at most as many tokens as there are positions, to states after the last norm, [B, T, W].</summary>
    public static string States(OnnxLayers layers, ClipTextConfig config, string ids)
    {
        var graph = layers.Graph;
        var count = graph.Apply("Slice", [graph.Apply("Shape", [ids]), graph.Numbers(1), graph.Numbers(2)]); // [T]
        var words = graph.Weight(Embeddings + "token_embedding.weight", layers[Embeddings + "token_embedding.weight"]);
        var places = graph.Weight(TextEmbeddings.PositionsPath, layers[TextEmbeddings.PositionsPath]);
        var x = layers.Add(
            graph.Apply("Gather", [words, ids], ("axis", 0L)), graph.Apply("Slice", [places, graph.Numbers(0), count, graph.Numbers(0)]));
        var mask = graph.Apply(
            "Slice",
            [
                graph.Weight("causal_mask", Mask(config.Positions)), graph.Numbers(0, 0),
                graph.Apply("Concat", [count, count], ("axis", 0L)), graph.Numbers(0, 1),
            ]);
        return layers.Norm(
            layers.Blocks(x, "text_model.encoder.layers", config.Blocks, mask), "text_model.final_layer_norm", config.LayerNormEpsilon);
    }

    /// <summary>
    /// The states of the token that gives each text's vector, [B, W]: the first of the largest id, or the first end token.
    /// </summary>
    public static string Pool(OnnxGraph graph, ClipTextConfig config, string ids, string states)
    {
        var marked = config.Pooling == TextPooling.FirstEnd
            ? graph.Apply("Equal", [ids, graph.Numbers(config.EndToken)])
            : ids;
        // Not every runtime finds the largest of 64 bits.
        var narrow = graph.Apply("Cast", [marked], ("to", (long)OnnxTypes.Int32));
        var place = graph.Apply("ArgMax", [narrow], ("axis", 1L), ("keepdims", 1L)); // [B, 1]; of equal ones the first
        var batch = graph.Apply("Slice", [graph.Apply("Shape", [ids]), graph.Numbers(0), graph.Numbers(1)]);
        var shape = graph.Apply("Concat", [batch, graph.Numbers(1, config.Width)], ("axis", 0L));
        var index = graph.Apply("Expand", [graph.Apply("Unsqueeze", [place, graph.Numbers(2)]), shape]); // [B, 1, W]
        return graph.Apply("Squeeze", [graph.Apply("GatherElements", [states, index], ("axis", 1L)), graph.Numbers(1)]);
    }

    /// <summary>What keeps a token from seeing those behind it, [P, P]: 0 or as good as minus infinity.</summary>
    private static Tensor Mask(int positions)
    {
        var mask = new float[positions * positions];
        for (var row = 0; row < positions; row++)
        {
            mask.AsSpan(row * positions + row + 1, positions - row - 1).Fill(float.MinValue);
        }
        return tensor(mask, [positions, positions]);
    }
}
