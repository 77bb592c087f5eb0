using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>
/// CLIP's vision towers in Hugging Face's folder layout, of <c>CLIPVisionModelWithProjection</c> or the vision half of <c>CLIPModel</c>;
/// fp32, fp16 or bf16.
/// </summary>
public static class ClipVisionWeights
{
    private const string Projection = "visual_projection.weight";
    private const int DefaultEmbedDim = 512;

    private static readonly WeightNames Names = new(
        "vision_model.",
        TowerParts: ["embeddings.", "pre_layrnorm.", "encoder.", "post_layernorm."],
        Others: ["text_model.", "text_projection.", "logit_scale"],
        Buffers: ["embeddings.position_ids"]);

    /// <summary>Loads a folder with its projection.</summary>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is
    /// listed.</exception>
    public static ClipVisionModel Load(string folder, Device device) => Open(folder, device, null, 0);

    /// <summary>
    /// Loads a folder to train from: the projection is not taken from the file but initialized anew to <paramref name="embedDim"/>, 512
    /// where it is null, as LLM2CLIP does (facts B4).
    /// </summary>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is
    /// listed.</exception>
    public static ClipVisionModel Start(string folder, Device device, int? embedDim, ulong seed) =>
        Open(folder, device, embedDim ?? DefaultEmbedDim, seed);

    /// <summary>A model by a folder's configuration, with weights of zero; <paramref name="weights"/> must have room for it.</summary>
    internal static ClipVisionModel Empty(string folder, Device device, ISafetensors weights, string source)
    {
        var config = ClipVisionConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        var (tower, projection) = config.WeightCount;
        StrictWeights.RequireRoom(weights, source, tower + projection, ModelFolder.ConfigPath(folder));
        return new ClipVisionModel(config, device);
    }

    private static ClipVisionModel Open(string folder, Device device, int? newEmbedDim, ulong seed)
    {
        var config = ClipVisionConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        using var file = ShardedSafetensors.Open(folder);
        var (tower, projection) = config.WeightCount;
        StrictWeights.RequireRoom(file, folder, newEmbedDim is null ? tower + projection : tower, "config.json");
        var model = new ClipVisionModel(newEmbedDim is { } dim ? config with { EmbedDim = dim } : config, device);
        try
        {
            if (newEmbedDim is not null)
            {
                model.Initialize(seed);
            }
            var targets = model.NamedParameters().Where(p => newEmbedDim is null || p.Name != Projection)
                .ToDictionary(p => p.Name, p => (Tensor)p.Parameter);
            var read = Names.Reader(file.Names);
            StrictWeights.Load(file, folder, targets, name => newEmbedDim is not null && name == Projection ? null : read(name));
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
