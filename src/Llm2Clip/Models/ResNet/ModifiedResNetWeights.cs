using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// CLIP's residual networks in a folder of our layout: <c>config.json</c>, and <c>model.safetensors</c> with the names of OpenAI and
/// open_clip. The file may be of the whole model, or of the tower alone, without <c>visual.</c>; written is the tower with it.
/// </summary>
public static class ModifiedResNetWeights
{
    private const string Prefix = "visual.";

    /// <summary>The one part that starts anew for features of another length.</summary>
    private const string Projection = Prefix + "attnpool.c_proj.";

    /// <summary>Beginnings of the names of the tower's parts.</summary>
    private static readonly string[] TowerParts = ["conv", "bn", "layer", "attnpool."];

    /// <summary>Beginnings of what a whole model holds besides: the text half, of OpenAI and of open_clip's custom text towers.</summary>
    private static readonly string[] Others =
    [
        "transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection", "logit_scale", "logit_bias", "text.",
        "input_resolution", "context_length", "vocab_size",
    ];

    /// <summary>Loads a folder with its projection.</summary>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is
    /// listed.</exception>
    public static ModifiedResNetModel Load(string folder, Device device) => Open(folder, device, null, 0, new ResNetOptions());

    /// <summary>
    /// Loads a folder to train from: the projection is not taken from the file but initialized anew to <paramref name="embedDim"/>, 512
    /// where it is null, as for CLIP's transformers.
    /// </summary>
    /// <exception cref="ConfigException">The batch norms are folded and wanted back, or stages are named.</exception>
    /// <exception cref="InputException">The configuration is not supported, or the weights do not fit it; every problem is
    /// listed.</exception>
    internal static ModifiedResNetModel Start(string folder, Device device, int embedDim, ulong seed, ResNetOptions options)
    {
        RequireNoStages(folder, options);
        return Open(folder, device, embedDim, seed, options);
    }

    /// <summary>A model by a folder's configuration, with weights of zero; <paramref name="weights"/> must have room for it.</summary>
    internal static ModifiedResNetModel Empty(string folder, Device device, ISafetensors weights, string source)
    {
        var config = ModifiedResNetConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        var (tower, projection) = config.WeightCount;
        StrictWeights.RequireRoom(weights, source, tower + projection, ModelFolder.ConfigPath(folder));
        return new ModifiedResNetModel(config, device);
    }

    /// <summary>Throws where stages are named, which an attention pooling does not look at.</summary>
    internal static void RequireNoStages(string source, ResNetOptions options)
    {
        if (options.Stages is not null)
        {
            throw new ConfigException(
                $"model.stages is [{string.Join(", ", options.Stages)}], but {source} is a network of CLIP, whose features come from its "
                + "attention pooling. Leave model.stages out.");
        }
    }

    private static ModifiedResNetModel Open(string folder, Device device, int? newEmbedDim, ulong seed, ResNetOptions options)
    {
        var config = ModifiedResNetConfig.FromJson(ModelFolder.ReadConfig(folder), ModelFolder.ConfigPath(folder));
        config = config with
        {
            BatchNorm = options.ForReading(config.BatchNorm, folder),
            EmbedDim = newEmbedDim ?? config.EmbedDim,
        };
        using var file = ShardedSafetensors.Open(folder);
        var (tower, projection) = config.WeightCount;
        StrictWeights.RequireRoom(file, folder, newEmbedDim is null ? tower + projection : tower, "config.json");
        var model = new ModifiedResNetModel(config, device);
        try
        {
            if (newEmbedDim is not null)
            {
                model.Initialize(seed);
            }
            Fill(model, file, folder, keepsProjection: newEmbedDim is null);
            return options.BatchNorm == BatchNormMode.Folded && config.BatchNorm != BatchNormMode.Folded ? FoldedOf(model) : model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static void Fill(ModifiedResNetModel model, ShardedSafetensors file, string folder, bool keepsProjection)
    {
        bool IsWanted(string name) => keepsProjection || !name.StartsWith(Projection, StringComparison.Ordinal);
        var isBare = !file.Names.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        var targets = model.State.Where(part => IsWanted(part.Name)).ToDictionary(part => part.Name, part => part.Tensor);
        StrictWeights.Load(file, folder, targets, stored =>
        {
            var name = isBare && StartsWithOne(stored, TowerParts) ? Prefix + stored : stored;
            return StartsWithOne(stored, Others) || name.EndsWith(".num_batches_tracked", StringComparison.Ordinal) || !IsWanted(name)
                ? null
                : name;
        });
    }

    private static ModifiedResNetModel FoldedOf(ModifiedResNetModel model)
    {
        using (model)
        {
            return model.Folded();
        }
    }

    private static bool StartsWithOne(string name, string[] parts) =>
        parts.Any(part => name.StartsWith(part, StringComparison.Ordinal));
}
