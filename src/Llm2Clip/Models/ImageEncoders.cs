using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Dino;
using Llm2Clip.Models.Eva;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Models.Siglip;
using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>
/// The families of vision towers, found by the <c>model_type</c> in a model folder's <c>config.json</c>, or by the names of weights in the
/// layouts of other libraries (<see cref="VisionCheckpoint"/>).
/// </summary>
public static class ImageEncoders
{
    /// <summary>The families of vision transformers.</summary>
    internal static IReadOnlyList<VisionFamily> VisionFamilies { get; } =
        [ClipVisionWeights.Family, SiglipVisionWeights.Family, EvaVisionWeights.Family, DinoVisionWeights.Family];

    /// <summary>Every <c>model_type</c> that can be opened.</summary>
    public static IReadOnlyList<string> ModelTypes { get; } =
        [.. VisionFamilies.SelectMany(family => family.ModelTypes), .. ResNets.ModelTypes];

    /// <summary>Published sizes of vision transformers by the names that <c>model.preset</c> takes.</summary>
    public static IReadOnlyDictionary<string, VisionConfig> Presets { get; } =
        VisionFamilies.SelectMany(family => family.Presets).ToDictionary();

    /// <summary>Opens a model folder, or a file of weights whose layout says all, with all its weights.</summary>
    /// <exception cref="InputException">The model type is not known, or the folder does not hold such a model.</exception>
    public static IImageEncoder Load(string source, Device device)
    {
        if (ResNets.IsIn(source))
        {
            return ResNets.Load(source, device);
        }
        using var checkpoint = VisionCheckpoint.Open(source);
        return checkpoint.Load(device);
    }

    /// <summary>Opens a model folder or a file of weights to train from, with the image transform that it was made for.</summary>
    /// <param name="source">Folder or file.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="options">Projection, image size and positions.</param>
    /// <param name="preset">Name of the size where no configuration says it; empty = it does.</param>
    /// <exception cref="ConfigException">The checkpoint cannot give features of that length, or take images of that size.</exception>
    /// <exception cref="InputException">The model type is not known, or the source does not hold such a model.</exception>
    internal static (IImageEncoder Encoder, ImageTransformConfig Transform) Start(
        string source, Device device, StartOptions options, string preset = "")
    {
        using var checkpoint = VisionCheckpoint.Open(source, preset.Length > 0 ? Presets[preset] : null);
        var transform = checkpoint.Transform ?? Preprocessor.FromFile(Path.Combine(source, Preprocessor.FileName));
        var encoder = checkpoint.Start(device, options);
        return (encoder, transform with { ImageSize = encoder.ImageSize });
    }

    /// <summary>
    /// An encoder by the configuration of a folder, whose weights are still zero: for who has them elsewhere.
    /// </summary>
    /// <param name="folder">Holds <c>config.json</c>.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="weights">Where the weights are.</param>
    /// <param name="source">Their file, for messages.</param>
    /// <exception cref="InputException">The model type is not known, or the weights are far fewer than the configuration's.</exception>
    internal static IImageEncoder Empty(string folder, Device device, ISafetensors weights, string source)
    {
        if (ResNets.IsIn(folder))
        {
            return ResNets.Empty(folder, device, weights, source);
        }
        var path = ModelFolder.ConfigPath(folder);
        var json = ModelFolder.ReadConfig(folder);
        var config = VisionFamilyOf(json, path).Read(json, path);
        var (tower, projection) = config.WeightCount;
        StrictWeights.RequireRoom(weights, source, tower + projection, path);
        return config.Create(device);
    }

    /// <summary>The family that a <c>config.json</c> names; CLIP where it names none.</summary>
    /// <exception cref="InputException">The model type is not known.</exception>
    internal static VisionFamily VisionFamilyOf(JsonObject config, string path)
    {
        var type = new JsonKeys(path).Text(config, "model_type", VisionFamilies[0].ModelTypes[0]);
        return VisionFamilies.FirstOrDefault(family => family.ModelTypes.Contains(type))
            ?? throw new InputException($"{path}: model_type is '{type}'; supported are {string.Join(", ", ModelTypes)}.");
    }
}
