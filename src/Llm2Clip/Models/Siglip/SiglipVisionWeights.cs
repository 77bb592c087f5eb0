using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Siglip;

/// <summary>
/// SigLIP's vision towers in Hugging Face's folder layout, of <c>SiglipVisionModel</c> or the vision half of <c>SiglipModel</c>; fp32, fp16
/// or bf16.
/// </summary>
internal static class SiglipVisionWeights
{
    private static readonly WeightNames Names = new(
        "vision_model.",
        TowerParts: ["embeddings.", "encoder.", "post_layernorm.", "head."],
        Others: ["text_model.", "logit_scale", "logit_bias"],
        Buffers: ["embeddings.position_ids"]);

    /// <summary>Loads a folder.</summary>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is
    /// listed.</exception>
    public static SiglipVisionModel Load(string folder, Device device)
    {
        var config = SiglipVisionConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        using var file = ShardedSafetensors.Open(folder);
        StrictWeights.RequireRoom(file, folder, config.WeightCount, "config.json");
        var model = new SiglipVisionModel(config, device);
        try
        {
            var targets = model.NamedParameters().ToDictionary(p => p.Name, p => (Tensor)p.Parameter);
            StrictWeights.Load(file, folder, targets, Names.Reader(file.Names));
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A model by a folder's configuration, with weights of zero; <paramref name="weights"/> must have room for it.</summary>
    internal static SiglipVisionModel Empty(string folder, Device device, ISafetensors weights, string source)
    {
        var config = SiglipVisionConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        StrictWeights.RequireRoom(weights, source, config.WeightCount, ModelFolder.ConfigPath(folder));
        return new SiglipVisionModel(config, device);
    }

    /// <summary>Loads a folder to train from. No weight is new, as there is no projection.</summary>
    /// <exception cref="ConfigException"><paramref name="embedDim"/> is not the length of the tower's features.</exception>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is
    /// listed.</exception>
    public static SiglipVisionModel Start(string folder, Device device, int? embedDim)
    {
        var config = SiglipVisionConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        return embedDim is null || embedDim == config.Width
            ? Load(folder, device)
            : throw new ConfigException(
                $"model.embed_dim is {embedDim}, but {folder} is a SigLIP tower, which has no projection: its vectors have length "
                + $"{config.Width}. "
                + "Leave model.embed_dim out.");
    }
}
