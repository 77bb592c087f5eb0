using Llm2Clip.Layers;
using Llm2Clip.Weights.Onnx;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Onnx;

/// <summary>
/// A vision transformer of any family as operators: normalized pixels [B, 3, S, S], at the side that the model was made for, to pooled
/// features [B, F]. It computes what <see cref="VisionTower.Pool"/> does outside of training.
/// </summary>
internal static class VisionGraph
{
    private const string Embeddings = "vision_model.embeddings.";
    private const string Head = "vision_model.head.";

    /// <summary>The pooled features, in the graph's terms.</summary>
    public static string Pool(OnnxLayers layers, VisionModel model, string pixels)
    {
        var (graph, config) = (layers.Graph, model.Shape);
        var tokens = Tokens(layers, config, pixels);
        if (model.Tower.HasPreNorm)
        {
            tokens = layers.Norm(tokens, "vision_model.pre_layrnorm", config.LayerNormEpsilon);
        }
        var x = layers.Blocks(tokens, "vision_model.encoder.layers", config.Blocks, turn: Turn(graph, config));
        if (layers.Has(Head + "probe"))
        {
            return PoolByProbe(layers, config.Blocks, layers.Norm(x, "vision_model.post_layernorm", config.LayerNormEpsilon));
        }
        var first = graph.Apply("Gather", [x, graph.Numbers(0)], ("axis", 1L)); // [B, 1, W]
        first = graph.Apply("Squeeze", [first, graph.Numbers(1)]);
        return layers.Norm(first, "vision_model.post_layernorm", config.LayerNormEpsilon);
    }

    /// <summary>[class ; registers ; patches] with their positions, [B, T, W].</summary>
    private static string Tokens(OnnxLayers layers, VisionConfig config, string pixels)
    {
        var graph = layers.Graph;
        const string Patches = Embeddings + "patch_embedding";
        List<string> inputs = [pixels, graph.Weight(Patches + ".weight", layers[Patches + ".weight"])];
        if (config.PatchBias)
        {
            inputs.Add(graph.Weight(Patches + ".bias", layers[Patches + ".bias"]));
        }
        long side = config.PatchSize;
        var map = graph.Apply("Conv", inputs, ("kernel_shape", new[] { side, side }), ("strides", new[] { side, side }));
        var flat = graph.Apply("Reshape", [map, graph.Numbers(0, config.Width, -1)]);
        var rows = graph.Apply("Transpose", [flat], ("perm", new long[] { 0, 2, 1 })); // [B, G*G, W]
        var table = layers[Embeddings + "position_embedding.weight"]; // [C + G*G, W]
        if (!config.ClassToken)
        {
            return layers.Add(rows, graph.Weight("positions", table));
        }
        var patches = layers.Add(rows, graph.Weight("positions", table.narrow(0, 1, table.shape[0] - 1)));
        var before = layers[Embeddings + "class_embedding"].Plus(table.select(0, 0)).view(1, 1, config.Width);
        if (config.RegisterCount > 0)
        {
            before = cat([before, layers[Embeddings + "register_tokens"].view(1, config.RegisterCount, config.Width)], 1);
        }
        var batch = graph.Apply("Slice", [graph.Apply("Shape", [pixels]), graph.Numbers(0), graph.Numbers(1)]);
        var shape = graph.Apply("Concat", [batch, graph.Numbers(before.shape[1], config.Width)], ("axis", 0L));
        var expanded = graph.Apply("Expand", [graph.Weight("first_tokens", before), shape]);
        return graph.Apply("Concat", [expanded, patches], ("axis", 1L));
    }

    /// <summary>How rotary positions turn queries and keys; null where the family has none.</summary>
    private static Func<string, string>? Turn(OnnxGraph graph, VisionConfig config)
    {
        if (config.RotaryGrid is not { } native)
        {
            return null;
        }
        var width = config.Width / config.Heads;
        var table = RotaryTable.For(
            width, native, config.Grid, config.Grid, (config.ClassToken ? 1 : 0) + config.RegisterCount, CPU, kept: null, batch: 1);
        // Each pair (x, y) turned by 90 degrees, (-y, x), is a product: the operators have none that takes every other element.
        var quarter = new float[width * width];
        for (var i = 0; i < width; i += 2)
        {
            quarter[(i + 1) * width + i] = -1;
            quarter[i * width + i + 1] = 1;
        }
        var (cosine, sine) = (graph.Weight("rotary.cosine", table.Cosine), graph.Weight("rotary.sine", table.Sine));
        var turned = graph.Weight("rotary.quarter", tensor(quarter, [width, width]));
        return x => graph.Apply("Add",
        [
            graph.Apply("Mul", [x, cosine]), graph.Apply("Mul", [graph.Apply("MatMul", [x, turned]), sine]),
        ]);
    }

    /// <summary>SigLIP's head: a learned query attends to all tokens, [B, T, W] to [B, W].</summary>
    private static string PoolByProbe(OnnxLayers layers, TransformerShape shape, string tokens)
    {
        var graph = layers.Graph;
        var (weight, bias) = (layers[Head + "attention.in_proj_weight"], layers[Head + "attention.in_proj_bias"]);
        var probe = graph.Weight(Head + "probe", layers[Head + "probe"]);
        string[] parts =
        [
            .. new[] { "q", "k", "v" }.Select((letter, i) => layers.Heads(
                layers.Product(
                    i == 0 ? probe : tokens, $"{Head}attention.{letter}", weight.narrow(0, (long)i * shape.Width, shape.Width),
                    bias.narrow(0, (long)i * shape.Width, shape.Width)),
                shape.Heads, shape.Width)),
        ];
        var x = layers.Linear(layers.Attend(parts[0], parts[1], parts[2], shape.Heads, shape.Width), Head + "attention.out_proj");
        x = layers.Add(x, layers.Mlp(layers.Norm(x, Head + "layernorm", shape.LayerNormEpsilon), Head + "mlp", shape));
        return graph.Apply("Squeeze", [x, graph.Numbers(1)]);
    }
}
