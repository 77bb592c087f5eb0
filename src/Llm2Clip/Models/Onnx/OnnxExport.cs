using Llm2Clip.Layers;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Models.Text;
using Llm2Clip.Weights.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Onnx;

/// <summary>
/// Models as ONNX files for other runtimes: fp32, any number of images or texts at once. Vectors that come out have length 1, so that
/// products of an image's and a text's are cosines.
/// </summary>
public static class OnnxExport
{
    /// <summary>Name of the result of images.</summary>
    public const string ImageOutput = "image_embeds";

    /// <summary>Name of the result of texts.</summary>
    public const string TextOutput = "text_embeds";

    private const string Batch = "batch";

    /// <summary>
    /// Writes an image encoder: <c>pixel_values</c> [batch, 3, S, S], normalized, to <c>image_embeds</c> [batch, D].
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="encoder">The tower.</param>
    /// <param name="head">What makes features of its pooled ones; null for its own projection.</param>
    /// <returns>The files that were written: one, or two of a model above 1.9 GB.</returns>
    /// <exception cref="ConfigException">The encoder is of a kind that has no graph.</exception>
    public static IReadOnlyList<string> WriteImages(string path, IImageEncoder encoder, ImageHead? head)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var folded = Folded(encoder);
        var model = folded is null ? encoder : folded;
        var graph = new OnnxGraph("image_encoder");
        var layers = new OnnxLayers(graph, WeightsOf(model, head));
        long side = model.ImageSize;
        var pixels = graph.Input("pixel_values", OnnxTypes.Float, Batch, 3L, side, side);
        var pooled = model switch
        {
            VisionModel vision => VisionGraph.Pool(layers, vision, pixels),
            ResNetModel network => ResNetGraph.Pool(layers, network, pixels),
            ModifiedResNetModel network => ResNetGraph.Pool(layers, network, pixels),
            _ => throw new ConfigException($"A {model.GetType().Name} cannot be written as ONNX."),
        };
        var features = head is not null ? Head(layers, head.Config, pooled)
            : model is ModifiedResNetModel ? ResNetGraph.Project(layers, pooled)
            : model is VisionModel && layers.Has("visual_projection.weight") ? layers.Linear(pooled, "visual_projection")
            : pooled;
        long length = head?.Config.EmbedDim ?? model.EmbedDim;
        graph.Output(ImageOutput, layers.Normalize(features), Batch, length);
        return OnnxWriter.Write(path, graph, Facts("image encoder"));
    }

    /// <summary>
    /// Writes a text adapter: <c>teacher_vectors</c> [batch, T], of any length, to <c>text_embeds</c> [batch, D].
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="adapter">The adapter.</param>
    public static IReadOnlyList<string> WriteAdapter(string path, TextAdapter adapter)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var (graph, config) = (new OnnxGraph("text_adapter"), adapter.Config);
        var layers = new OnnxLayers(graph, adapter.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter));
        var x = layers.Normalize(graph.Input("teacher_vectors", OnnxTypes.Float, Batch, (long)config.InputDim));
        for (var i = 0; i < config.Blocks; i++)
        {
            var block = FormattableString.Invariant($"text_adaptor.{i}");
            var inner = layers.Linear(layers.Norm(x, block + ".ln", config.LayerNormEpsilon), block + ".fn.0");
            x = layers.Add(x, layers.Linear(layers.Activate(inner, Activation.Gelu), block + ".fn.3"));
        }
        var norm = FormattableString.Invariant($"text_adaptor.{config.Blocks}");
        var last = FormattableString.Invariant($"text_adaptor.{config.Blocks + 1}");
        x = layers.Linear(layers.Norm(x, norm, config.LayerNormEpsilon), last);
        graph.Output(TextOutput, layers.Normalize(x), Batch, (long)config.EmbedDim);
        return OnnxWriter.Write(path, graph, Facts("text adapter"));
    }

    /// <summary>
    /// Writes a CLIP's text tower: <c>input_ids</c> [batch, tokens], int64 and padded, to <c>text_embeds</c> [batch, D] and
    /// <c>last_hidden_state</c> [batch, tokens, W], which is after the last norm.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="text">The tower.</param>
    public static IReadOnlyList<string> WriteText(string path, ClipTextModel text)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var (graph, config) = (new OnnxGraph("text_encoder"), text.Config);
        var layers = new OnnxLayers(graph, text.Merged().ToDictionary(weight => weight.Name, weight => weight.Weight));
        var ids = graph.Input("input_ids", OnnxTypes.Int64, Batch, "tokens");
        var states = TextGraph.States(layers, config, ids);
        graph.Output("last_hidden_state", states, Batch, "tokens", (long)config.Width);
        var pooled = TextGraph.Pool(graph, config, ids, states);
        var features = config.HasProjection ? layers.Linear(pooled, "text_projection") : pooled;
        graph.Output(TextOutput, layers.Normalize(features), Batch, (long)config.EmbedDim);
        return OnnxWriter.Write(path, graph, Facts("text encoder"));
    }

    /// <summary>LayerNorm of each part, side by side, then W x + b, and the hidden units' part.</summary>
    private static string Head(OnnxLayers layers, ImageHeadConfig config, string pooled)
    {
        const string Prefix = Student.HeadPrefix;
        var graph = layers.Graph;
        var (parts, start) = (new List<string>(), 0L);
        for (var i = 0; i < config.Parts.Count; i++)
        {
            var part = graph.Apply(
                "Slice", [pooled, graph.Numbers(start), graph.Numbers(start + config.Parts[i]), graph.Numbers(1)]);
            parts.Add(layers.Norm(part, FormattableString.Invariant($"{Prefix}norms.{i}"), config.LayerNormEpsilon));
            start += config.Parts[i];
        }
        var x = parts.Count == 1 ? parts[0] : graph.Apply("Concat", parts, ("axis", 1L));
        var features = layers.Linear(x, Prefix + "linear");
        return config.Width == 0 ? features : layers.Add(
            features, layers.Linear(layers.Activate(layers.Linear(x, Prefix + "widen"), Activation.Gelu), Prefix + "narrow"));
    }

    /// <summary>The same network with its norms in its convolutions; null where there are none to fold.</summary>
    private static ResidualNetwork? Folded(IImageEncoder encoder) => encoder switch
    {
        ResNetModel { BatchNorm: not BatchNormMode.Folded } network => network.Folded(),
        ModifiedResNetModel { BatchNorm: not BatchNormMode.Folded } network => network.Folded(),
        _ => null,
    };

    private static Dictionary<string, Tensor> WeightsOf(IImageEncoder encoder, ImageHead? head)
    {
        var own = encoder is VisionModel model
            ? LoraLayers.Merged(model)
            : encoder.NamedParameters().Select(p => (p.Name, (Tensor)p.Parameter));
        return own.Concat(head?.named_parameters().Select(p => (Student.HeadPrefix + p.name, (Tensor)p.parameter)) ?? [])
            .ToDictionary(weight => weight.Item1, weight => weight.Item2);
    }

    private static Dictionary<string, string> Facts(string part) => new() { ["part"] = part };
}
