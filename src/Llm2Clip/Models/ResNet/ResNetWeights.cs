using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// torchvision's residual networks in a folder of our layout: <c>config.json</c>, and <c>model.safetensors</c> with torchvision's names.
/// A classifier (<c>fc</c>) and counts of batches may be in the file; they are not read.
/// </summary>
public static class ResNetWeights
{
    /// <summary>Loads a folder.</summary>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is
    /// listed.</exception>
    public static ResNetModel Load(string folder, Device device) => Open(folder, device, new ResNetOptions());

    /// <summary>Loads a folder to train from. No weight is new, as there is no projection.</summary>
    /// <exception cref="ConfigException"><paramref name="embedDim"/> is not the length of the features, or the batch norms are folded and
    /// wanted back.</exception>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is
    /// listed.</exception>
    internal static ResNetModel Start(string folder, Device device, int? embedDim, ResNetOptions options)
    {
        var model = Open(folder, device, options);
        if (embedDim is null || embedDim == model.EmbedDim)
        {
            return model;
        }
        using (model)
        {
            throw NoProjection(folder, embedDim.Value, model.EmbedDim);
        }
    }

    /// <summary>What is thrown where features of another length are wanted of a network that cannot give them.</summary>
    internal static ConfigException NoProjection(string source, int wanted, int own) => new(
        $"model.embed_dim is {wanted}, but {source} is a residual network without a projection: its vectors have length {own}. Leave "
        + "model.embed_dim out, or set model.head to linear or mlp.");

    /// <summary>A model by a folder's configuration, with weights of zero; <paramref name="weights"/> must have room for it.</summary>
    internal static ResNetModel Empty(string folder, Device device, ISafetensors weights, string source)
    {
        var config = ResNetConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        StrictWeights.RequireRoom(weights, source, config.WeightCount, ModelFolder.ConfigPath(folder));
        return new ResNetModel(config, device);
    }

    /// <summary>The model's name for a stored one; null for a tensor that is known and not wanted.</summary>
    internal static string? NameOf(string stored) =>
        stored.StartsWith("fc.", StringComparison.Ordinal) || stored.EndsWith(".num_batches_tracked", StringComparison.Ordinal)
            ? null
            : stored;

    private static ResNetModel Open(string folder, Device device, ResNetOptions options)
    {
        var config = ResNetConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        config = config with { BatchNorm = options.ForReading(config.BatchNorm, folder), Stages = options.Stages ?? config.Stages };
        using var file = ShardedSafetensors.Open(folder);
        StrictWeights.RequireRoom(file, folder, config.WeightCount, "config.json");
        var model = new ResNetModel(config, device);
        try
        {
            StrictWeights.Load(file, folder, model.State.ToDictionary(part => part.Name, part => part.Tensor), NameOf);
            return options.BatchNorm == BatchNormMode.Folded && config.BatchNorm != BatchNormMode.Folded ? FoldedOf(model) : model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The folded network in the place of <paramref name="model"/>, which is freed.</summary>
    internal static ResNetModel FoldedOf(ResNetModel model)
    {
        using (model)
        {
            return model.Folded();
        }
    }
}
