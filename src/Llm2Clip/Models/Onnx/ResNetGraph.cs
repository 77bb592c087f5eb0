using Llm2Clip.Models.ResNet;
using Llm2Clip.Weights.Onnx;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Onnx;

/// <summary>
/// Residual networks as operators: normalized pixels [B, 3, S, S] to pooled features [B, F]. The networks are folded: running statistics
/// are in the convolutions, as they are outside of training.
/// </summary>
internal static class ResNetGraph
{
    /// <summary>torchvision's network: the spatial means of the stages that it is pooled from.</summary>
    public static string Pool(OnnxLayers layers, ResNetModel model, string pixels)
    {
        var (graph, config) = (layers.Graph, model.Config);
        var x = Relu(graph, Convolve(layers, pixels, "conv1", side: 7, stride: 2));
        x = graph.Apply(
            "MaxPool", [x], ("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }));
        var maps = new Dictionary<string, string>(StringComparer.Ordinal);
        _ = Stages(
            layers, config.Blocks, "", x, config.Block == ResNetBlock.Basic ? [3, 3] : [1, 3, 1], antialiased: false,
            (name, map) => maps.Add(name, map));
        List<string> means = [.. config.Stages.Select(name =>
            graph.Apply("Flatten", [graph.Apply("GlobalAveragePool", [maps[name]])], ("axis", 1L)))];
        return means.Count == 1 ? means[0] : graph.Apply("Concat", means, ("axis", 1L));
    }

    /// <summary>CLIP's network: what its attention pooling answers, before the projection.</summary>
    public static string Pool(OnnxLayers layers, ModifiedResNetModel model, string pixels)
    {
        const string Tower = "visual.";
        var (graph, config, x) = (layers.Graph, model.Config, pixels);
        for (var i = 1; i <= 3; i++)
        {
            x = Relu(graph, Convolve(layers, x, FormattableString.Invariant($"{Tower}conv{i}"), side: 3, stride: i == 1 ? 2 : 1));
        }
        x = Stages(layers, config.Blocks, Tower, Means(graph, x, 2), [1, 3, 1], antialiased: true, (_, _) => { });
        return Attend(layers, Tower + "attnpool", x, config.PooledWidth, config.Heads);
    }

    /// <summary>The projection behind the attention pooling.</summary>
    public static string Project(OnnxLayers layers, string pooled) => layers.Linear(pooled, "visual.attnpool.c_proj");

    private static string Attend(OnnxLayers layers, string pooling, string map, int width, int heads)
    {
        var graph = layers.Graph;
        var tokens = graph.Apply(
            "Transpose", [graph.Apply("Reshape", [map, graph.Numbers(0, width, -1)])], ("perm", new long[] { 0, 2, 1 })); // [B, N, W]
        var mean = graph.Apply("ReduceMean", [tokens], ("axes", new long[] { 1 }), ("keepdims", 1L));
        var positions = graph.Weight(pooling + ".positional_embedding", layers[pooling + ".positional_embedding"]);
        tokens = layers.Add(graph.Apply("Concat", [mean, tokens], ("axis", 1L)), positions);
        var first = graph.Apply("Gather", [tokens, graph.Numbers(0)], ("axis", 1L)); // [B, 1, W]
        string[] parts =
        [
            .. new[] { ("q", first), ("k", tokens), ("v", tokens) }
                .Select(part => layers.Heads(layers.Linear(part.Item2, $"{pooling}.{part.Item1}_proj"), heads, width)),
        ];
        return graph.Apply("Squeeze", [layers.Attend(parts[0], parts[1], parts[2], heads, width), graph.Numbers(1)]);
    }

    private static string Stages(
        OnnxLayers layers, IReadOnlyList<int> counts, string prefix, string x, IReadOnlyList<int> sides, bool antialiased,
        Action<string, string> visit)
    {
        foreach (var (name, stage) in ResNetConfig.StageNames.Zip(Enumerable.Range(0, counts.Count)))
        {
            for (var i = 0; i < counts[stage]; i++)
            {
                var stride = i == 0 && stage > 0 ? 2 : 1;
                x = Block(layers, FormattableString.Invariant($"{prefix}{name}.{i}"), x, sides, stride, antialiased);
            }
            visit(name, x);
        }
        return x;
    }

    /// <summary>relu(branch(x) + shortcut(x)): see <see cref="ResidualBlock"/> for where the stride is.</summary>
    private static string Block(OnnxLayers layers, string block, string x, IReadOnlyList<int> sides, int stride, bool antialiased)
    {
        var graph = layers.Graph;
        var (branch, own) = (x, antialiased ? 1 : stride);
        var strided = sides.Count - 2; // the last 3 x 3 but for a basic block's second
        for (var i = 0; i < sides.Count; i++)
        {
            var isLast = i == sides.Count - 1;
            var input = isLast && antialiased ? Means(graph, branch, stride) : branch;
            branch = Convolve(layers, input, FormattableString.Invariant($"{block}.conv{i + 1}"), sides[i], i == strided ? own : 1);
            branch = isLast ? branch : Relu(graph, branch);
        }
        var shortcut = !layers.Has(block + ".downsample.0.weight") ? x
            : Convolve(layers, antialiased ? Means(graph, x, stride) : x, block + ".downsample.0", side: 1, own);
        return Relu(graph, layers.Add(branch, shortcut));
    }

    private static string Convolve(OnnxLayers layers, string x, string layer, int side, int stride)
    {
        var graph = layers.Graph;
        long half = side / 2;
        return graph.Apply(
            "Conv",
            [x, graph.Weight(layer + ".weight", layers[layer + ".weight"]), graph.Weight(layer + ".bias", layers[layer + ".bias"])],
            ("kernel_shape", new long[] { side, side }), ("strides", new long[] { stride, stride }),
            ("pads", new[] { half, half, half, half }));
    }

    private static string Means(OnnxGraph graph, string x, int side) => side == 1 ? x : graph.Apply(
        "AveragePool", [x], ("kernel_shape", new long[] { side, side }), ("strides", new long[] { side, side }));

    private static string Relu(OnnxGraph graph, string x) => graph.Apply("Relu", [x]);
}
