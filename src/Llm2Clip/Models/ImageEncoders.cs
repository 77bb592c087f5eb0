using Llm2Clip.Files;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Models.Siglip;
using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>The families of vision towers, found by the <c>model_type</c> in a model folder's <c>config.json</c>.</summary>
public static class ImageEncoders
{
    private static readonly Family[] Families =
    [
        new(["clip_vision_model", "clip"], ClipVisionWeights.Load, ClipVisionWeights.Start, ClipVisionWeights.Empty),
        new(
            ["siglip_vision_model", "siglip"],
            SiglipVisionWeights.Load,
            (folder, device, embedDim, _) => SiglipVisionWeights.Start(folder, device, embedDim),
            SiglipVisionWeights.Empty),
    ];

    /// <summary>Every <c>model_type</c> that can be opened.</summary>
    public static IReadOnlyList<string> ModelTypes { get; } = [.. Families.SelectMany(family => family.ModelTypes), .. ResNets.ModelTypes];

    /// <summary>Opens a model folder with all its weights.</summary>
    /// <exception cref="InputException">The model type is not known, or the folder does not hold such a model.</exception>
    public static IImageEncoder Load(string folder, Device device) =>
        ResNets.IsIn(folder) ? ResNets.Load(folder, device) : FamilyOf(folder).Load(folder, device);

    /// <summary>
    /// Opens a model folder to train from. CLIP's projection starts anew at <paramref name="embedDim"/>, 512 where it is null; SigLIP has
    /// none, so its features have the length they have.
    /// </summary>
    /// <exception cref="ConfigException">The family cannot give features of that length.</exception>
    /// <exception cref="InputException">The model type is not known, or the folder does not hold such a model.</exception>
    public static IImageEncoder Start(string folder, Device device, int? embedDim, ulong seed) =>
        FamilyOf(folder).Start(folder, device, embedDim, seed);

    /// <summary>
    /// An encoder by the configuration of a folder, whose weights are still zero: for who has them elsewhere.
    /// </summary>
    /// <param name="folder">Holds <c>config.json</c>.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="weights">Where the weights are.</param>
    /// <param name="source">Their file, for messages.</param>
    /// <exception cref="InputException">The model type is not known, or the weights are far fewer than the configuration's.</exception>
    internal static IImageEncoder Empty(string folder, Device device, ISafetensors weights, string source) =>
        ResNets.IsIn(folder)
            ? ResNets.Empty(folder, device, weights, source)
            : FamilyOf(folder).Empty(folder, device, weights, source);

    private static Family FamilyOf(string folder)
    {
        var path = ModelFolder.ConfigPath(folder);
        var type = new JsonKeys(path).Text(ModelFolder.ReadConfig(folder), "model_type", Families[0].ModelTypes[0]);
        return Families.FirstOrDefault(family => family.ModelTypes.Contains(type))
            ?? throw new InputException($"{path}: model_type is '{type}'; supported are {string.Join(", ", ModelTypes)}.");
    }

    private sealed record Family(
        IReadOnlyList<string> ModelTypes, Func<string, Device, IImageEncoder> Load, Func<string, Device, int?, ulong, IImageEncoder> Start,
        Func<string, Device, ISafetensors, string, IImageEncoder> Empty);
}
