using Llm2Clip.Files;
using Llm2Clip.Models.Clip;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Text;

/// <summary>A text tower's checkpoint as it was found: shape, layout and open weights.</summary>
internal sealed class ClipTextCheckpoint : IDisposable
{
    private const string Second = "positional_embedding_res";

    private ClipTextCheckpoint(CheckpointFiles files, ClipTextConfig config, WeightLayout layout, ISafetensors weights)
    {
        (Files, Config, Layout, Weights) = (files, config, layout, weights);
    }

    /// <summary>Where it is.</summary>
    public CheckpointFiles Files { get; }

    /// <summary>The shape.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>Names and shapes of the weights.</summary>
    public WeightLayout Layout { get; }

    /// <summary>The weights.</summary>
    public ISafetensors Weights { get; }

    /// <summary>
    /// Opens a folder in the layout of Hugging Face or open_clip, or a file of weights alone in OpenAI's or Long-CLIP's.
    /// </summary>
    /// <exception cref="InputException">It holds no text tower of CLIP, or not one that is supported.</exception>
    public static ClipTextCheckpoint Open(string source)
    {
        var files = CheckpointFiles.Find(source);
        ISafetensors weights = files.Kind == CheckpointKind.HuggingFace
            ? ShardedSafetensors.Open(source)
            : SafetensorsFile.Open(files.Weights);
        try
        {
            var (config, layout) = files.Kind switch
            {
                CheckpointKind.HuggingFace => (OfHuggingFace(files, weights), ClipTextWeights.HuggingFace),
                CheckpointKind.OpenClip => (OpenClipTextConfig.Read(files.Config!), ClipTextWeights.Of(weights)),
                CheckpointKind.Bare => (Infer(weights, files.Source), ClipTextWeights.OpenAi),
                _ => throw new InputException($"{source} is in eva_clip's layout, whose text towers are not read here."),
            };
            return new ClipTextCheckpoint(files, config, layout, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The tower with all its weights.</summary>
    /// <exception cref="InputException">The weights do not fit the shape; every problem is listed.</exception>
    public ClipTextModel Load(Device device)
    {
        StrictWeights.RequireRoom(Weights, Files.Source, Config.WeightCount, Files.Config ?? "what its tensors say");
        var model = new ClipTextModel(Config, device);
        try
        {
            using var scope = NewDisposeScope();
            var stored = Layout.Names.Of(model.named_parameters().Select(p => (p.name, (Tensor)p.parameter)));
            StrictWeights.Load(Weights, Files.Source, stored, Layout);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();

    private static ClipTextConfig OfHuggingFace(CheckpointFiles files, ISafetensors weights)
    {
        var json = ModelFolder.ReadConfig(files.Source);
        var type = new JsonKeys(files.Config!).Text(json, "model_type", "");
        return type is "clip" or "clip_text_model"
            ? ClipTextConfig.FromJson(json, files.Config!, weights.Contains("text_projection.weight"))
            : throw new InputException(
                $"{files.Config}: model_type is '{type}', which has no text tower of CLIP; supported are clip and clip_text_model.");
    }

    /// <summary>
    /// The shape of OpenAI's and Long-CLIP's towers by names and shapes (openai/CLIP d05afc4 clip/model.py, build_model): heads of 64, an
    /// MLP of four times the width, QuickGELU.
    /// </summary>
    private static ClipTextConfig Infer(ISafetensors file, string source)
    {
        var isLong = file.Contains(Second);
        if (!isLong && !file.Contains(OpenAiClip.Scalars[0]))
        {
            throw new InputException(
                $"{source} holds weights without a configuration, so that heads and activation of its text tower are not known. Put "
                + $"{CheckpointFiles.OpenClipName} beside it.");
        }
        var tokens = Shape("token_embedding.weight");
        var width = (int)tokens[1];
        if (width % OpenAiClip.HeadWidth != 0)
        {
            throw new InputException(
                $"{source}: OpenAI's text towers have heads of {OpenAiClip.HeadWidth}, which do not divide the width {width}.");
        }
        var projected = file.Contains("text_projection");
        var config = new ClipTextConfig
        {
            VocabularySize = (int)tokens[0],
            Positions = (int)Shape(isLong ? Second : "positional_embedding")[0],
            Width = width,
            Layers = file.Names.Count(name => name.StartsWith("transformer.resblocks.", StringComparison.Ordinal)
                && name.EndsWith(".attn.in_proj_weight", StringComparison.Ordinal)),
            Heads = width / OpenAiClip.HeadWidth,
            MlpWidth = 4 * width,
            EmbedDim = projected ? (int)Shape("text_projection")[1] : width,
            HasProjection = projected,
            EndToken = (int)tokens[0] - 1,
            KeptPositions = isLong ? ClipTextConfig.LongClipKept : 0,
        };
        config.Validate(source);
        return config;

        IReadOnlyList<long> Shape(string name) =>
            file.Contains(name) && file.Info(name).Shape is { Count: 2 } shape && shape.All(side => side is > 0 and < 1 << 20)
                ? shape
                : throw new InputException($"{source} is in OpenAI's layout, but {name} is missing or not of 2 dimensions.");
    }
}
