using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>How a checkpoint becomes the tower to train from.</summary>
internal sealed record StartOptions
{
    /// <summary>Length of the image features; null for the checkpoint's where the projection is kept, for 512 where it is new.</summary>
    public int? EmbedDim { get; init; }

    /// <summary>Whether the checkpoint's projection is taken; else it starts anew, as LLM2CLIP does (facts B4).</summary>
    public bool KeepProjection { get; init; }

    /// <summary>Side of the input, pixels, whose positions are made of the checkpoint's; null for the checkpoint's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>How positions come to another grid; null for the rule of the checkpoint's library.</summary>
    public PositionRule? Positions { get; init; }

    /// <summary>Seed of the new weights.</summary>
    public ulong Seed { get; init; }
}

/// <summary>A vision transformer's checkpoint as it was found: family, shape, layout, open weights and image transform.</summary>
internal sealed class VisionCheckpoint : IDisposable
{
    private const string PositionsName = "vision_model.embeddings.position_embedding.weight";
    private const string ProjectionPrefix = "visual_projection.";

    private readonly string _description; // where the shape is said, for messages

    private VisionCheckpoint(
        CheckpointFiles files, VisionFamily family, VisionConfig config, WeightLayout layout, ISafetensors weights,
        ImageTransformConfig? transform = null)
    {
        (Source, _description) = (files.Source, files.Config ?? "what its tensors or model.preset say");
        (Family, Config, Layout, Weights, Transform) = (family, config, layout, weights, transform);
    }

    /// <summary>The folder or file, for messages.</summary>
    public string Source { get; }

    /// <summary>The family.</summary>
    public VisionFamily Family { get; }

    /// <summary>The shape.</summary>
    public VisionConfig Config { get; }

    /// <summary>Names and shapes of the weights.</summary>
    public WeightLayout Layout { get; }

    /// <summary>The weights.</summary>
    public ISafetensors Weights { get; }

    /// <summary>How images become the input; null where <c>preprocessor_config.json</c> says it.</summary>
    public ImageTransformConfig? Transform { get; }

    /// <summary>
    /// Opens a folder in the layout of Hugging Face (<c>config.json</c>), open_clip (<c>open_clip_config.json</c>) or eva_clip
    /// (<c>model_config.json</c>), or a file of weights alone: OpenAI's, or another whose shape is given.
    /// </summary>
    /// <param name="source">Folder or file.</param>
    /// <param name="shape">The shape where no configuration says it; refused where one does.</param>
    /// <exception cref="ConfigException">The shape is said twice, or not at all.</exception>
    /// <exception cref="InputException">It is no vision transformer, or not one that is supported.</exception>
    public static VisionCheckpoint Open(string source, VisionConfig? shape = null)
    {
        var files = CheckpointFiles.Find(source);
        if (files.Config is { } path && shape is not null)
        {
            throw new ConfigException($"model.preset is set, but {path} says the sizes of {source}; leave model.preset out.");
        }
        if (files.Kind == CheckpointKind.HuggingFace)
        {
            var json = ModelFolder.ReadConfig(source);
            var family = ImageEncoders.VisionFamilyOf(json, files.Config!);
            var config = family.Read(json, files.Config!);
            return new VisionCheckpoint(files, family, config, config.Layout, ShardedSafetensors.Open(source));
        }
        var weights = SafetensorsFile.Open(files.Weights);
        try
        {
            return Foreign(files, weights, shape);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The model with all its weights.</summary>
    /// <exception cref="InputException">The weights do not fit the shape; every problem is listed.</exception>
    public VisionModel Load(Device device) => Fill(Config, device, keepProjection: true, seed: 0);

    /// <summary>The model to train from.</summary>
    /// <exception cref="ConfigException">The checkpoint cannot give features of that length, or take images of that size.</exception>
    /// <exception cref="InputException">The weights do not fit the shape; every problem is listed.</exception>
    public VisionModel Start(Device device, StartOptions options)
    {
        var keep = options.KeepProjection || !Config.HasProjection;
        if (keep && options.EmbedDim is { } wanted && wanted != Config.EmbedDim)
        {
            throw new ConfigException(Config.HasProjection
                ? $"model.embed_dim is {wanted}, but model.projection: keep takes the projection of {Source}, whose vectors have length "
                    + $"{Config.EmbedDim}. Leave model.embed_dim out, or set model.projection: new."
                : $"model.embed_dim is {wanted}, but {Source} is a {Family.Name} tower, which has no projection: its vectors have length "
                    + $"{Config.EmbedDim}. Leave model.embed_dim out.");
        }
        var side = options.ImageSize ?? Config.ImageSize;
        if (side < Config.PatchSize || (!Config.CutsEdge && side % Config.PatchSize != 0))
        {
            throw new ConfigException(
                $"model.image_size is {side}, which the patch size of {Source}, {Config.PatchSize}, does not divide: set it to "
                + $"{VisionConfig.SidesNear(side, Config.PatchSize)}, or leave it out for the checkpoint's {Config.ImageSize}.");
        }
        var shape = Config with { ImageSize = side, Positions = options.Positions ?? Config.Positions };
        return Fill(
            keep ? shape : shape with { EmbedDim = options.EmbedDim ?? StudentConfig.DefaultEmbedDim }, device, keep, options.Seed);
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();

    private VisionModel Fill(VisionConfig shape, Device device, bool keepProjection, ulong seed)
    {
        var (tower, projection) = Config.WeightCount;
        StrictWeights.RequireRoom(Weights, Source, keepProjection ? tower + projection : tower, _description);
        var model = shape.Create(device);
        try
        {
            if (!keepProjection)
            {
                model.Initialize(seed);
            }
            Fill(model, keepProjection);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private void Fill(VisionModel model, bool keepProjection)
    {
        using var scope = NewDisposeScope();
        var parameters = model.NamedParameters();
        var resized = model.Shape.Grid != Config.Grid
            ? zeros([(Config.ClassToken ? 1 : 0) + (long)Config.Grid * Config.Grid, Config.Width], device: parameters[0].Parameter.device)
            : null;
        Tensor Target(string name, Tensor parameter) => name == PositionsName && resized is not null ? resized : parameter;
        var stored = Layout.Names.Of(parameters.Select(p => (p.Name, Target(p.Name, p.Parameter))));
        var projection = parameters.Where(p => p.Name.StartsWith(ProjectionPrefix, StringComparison.Ordinal));
        var skipped = keepProjection ? [] : Layout.Names.Of(projection.Select(p => (p.Name, (Tensor)p.Parameter)));
        var names = skipped.Select(weight => weight.Name).ToHashSet();
        var layout = Layout with { Others = [.. Layout.Others, .. names] };
        StrictWeights.Load(Weights, Source, [.. stored.Where(weight => !names.Contains(weight.Name))], layout);
        if (resized is not null)
        {
            using var off = no_grad();
            var (side, rule) = (model.Shape.Grid, model.Shape.Positions);
            model.Tower.Embeddings.Positions.copy_(PositionTable.For(resized, Config.Grid, side, side, Config.ClassToken, rule));
        }
    }

    private static VisionCheckpoint Foreign(CheckpointFiles files, SafetensorsFile weights, VisionConfig? shape)
    {
        if (files.Kind == CheckpointKind.Bare && Clip.OpenAiClip.Is(weights) && shape is null)
        {
            var inferred = Clip.OpenAiClip.Infer(weights, files.Source);
            return new VisionCheckpoint(
                files, Clip.ClipVisionWeights.Family, inferred, Clip.ClipVisionWeights.OpenClip, weights, inferred.Transform);
        }
        var found = ImageEncoders.VisionFamilies.Select(family => (Family: family, Layout: family.LayoutOf(weights)))
            .FirstOrDefault(pair => pair.Layout is not null);
        if (found.Layout is null)
        {
            throw new InputException(
                $"{files.Weights} holds no vision transformer of CLIP or EVA02 in the layout of open_clip, OpenAI or eva_clip. "
                + "Towers of other families are read as folders in Hugging Face's layout.");
        }
        var config = shape ?? files.Kind switch
        {
            CheckpointKind.OpenClip => OpenClipConfig.Read(files.Config!),
            CheckpointKind.EvaClip => OpenClipConfig.ReadEvaClip(files.Config!),
            _ => throw new ConfigException(
                $"{files.Source} holds weights without a configuration, so that heads and activation are not known. Put "
                + "open_clip_config.json beside it, or name the model's size in model.preset."),
        };
        if (!found.Family.Presets.Values.Any(preset => preset.GetType() == config.GetType()))
        {
            throw new InputException(
                $"{files.Weights} holds a tower of {found.Family.Name}, but {files.Config ?? "model.preset"} describes one of another "
                + "family.");
        }
        var transform = files.Kind == CheckpointKind.OpenClip ? OpenClipConfig.ReadTransform(files.Config!, config) : config.Transform;
        return new VisionCheckpoint(
            files, found.Family, config with { Positions = found.Layout.Positions }, found.Layout.Layout, weights, transform);
    }
}
