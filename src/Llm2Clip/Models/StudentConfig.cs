using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;
using Llm2Clip.Configuration;
using Llm2Clip.Layers;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.ResNet;

namespace Llm2Clip.Models;

/// <summary>How the weights of a new image encoder start.</summary>
public enum VisionStart
{
    /// <summary>As OpenAI's CLIP.</summary>
    Clip,

    /// <summary>The same, but attention and positions in the pattern that trained transformers show (<see cref="MimeticInit"/>).</summary>
    Mimetic,
}

/// <summary>What becomes of the projection of a checkpoint to start from.</summary>
public enum ProjectionStart
{
    /// <summary>It starts anew, to any length, as in LLM2CLIP (facts B4).</summary>
    New,

    /// <summary>It is kept, and with it the length of its vectors.</summary>
    Keep,
}

/// <summary>The <c>model</c> section of a run file: the student's image encoder and text adapter.</summary>
public sealed record StudentConfig : ICheckedConfig
{
    [Description("Vision model to start from: a folder in the layout of Hugging Face (CLIP, SigLIP, DINOv2, or saved by this program), "
        + "open_clip or eva_clip, or a .safetensors file in OpenAI's layout; with preset, any file of open_clip's weights; or "
        + "resnet18-imagenet, a residual network out of a NuGet package. Its own sizes, activation and image mean/std count. Empty = a new "
        + "model of the sizes below.")]
    public string Init { get; init; } = "";

    [Description("Published size of a new model, with its activation, embed_dim and start of weights: vit-b-32, vit-b-16, vit-l-14, "
        + "vit-l-14-336, rn50, rn101, rn50x4, rn50x16, rn50x64 (OpenAI's CLIP), vit-h-14, vit-bigg-14 and others with -gelu (open_clip), "
        + "eva02-*, siglip-*, dinov2-*, resnet18, resnet34, resnet50, resnet101, resnet152 (torchvision); empty = the keys below. A "
        + "wrong name prints all.")]
    public string Preset { get; init; } = "";

    [Description("new | keep: whether the projection of init starts anew, to embed_dim, as in LLM2CLIP, or is kept with its length. SigLIP "
        + "and DINOv2 have none.")]
    public ProjectionStart Projection { get; init; } = ProjectionStart.New;

    [Description("bicubic | bicubic_antialias | bicubic_align_corners: how the positions of init come to another image_size. Empty = "
        + "as the library of its layout: Hugging Face and eva_clip bicubic; open_clip, timm and DINOv2 with registers bicubic_antialias. "
        + "bicubic_align_corners is LLM2CLIP's for OpenAI's towers.")]
    public PositionRule? Positions { get; init; }

    [Description("LoRA on the image encoder.")]
    public LoraConfig Lora { get; init; } = new();

    [Description("Side of the input images, pixels; a multiple of patch_size. With init its positions are resized to it. Empty = init's or "
        + "the preset's, else 224.")]
    [Range(8, 4096)]
    public int? ImageSize { get; init; }

    [Description("Side of a patch, pixels. Empty = the preset's, else 16.")]
    [Range(1, 256)]
    public int? PatchSize { get; init; }

    [Description("Width of the transformer. Empty = the preset's, else 384.")]
    [Range(1, 16384)]
    public int? Width { get; init; }

    [Description("Blocks of the transformer. Empty = the preset's, else 12.")]
    [Range(1, 256)]
    public int? Layers { get; init; }

    [Description("Attention heads; divide width. Empty = the preset's, else 6.")]
    [Range(1, 256)]
    public int? Heads { get; init; }

    [Description("Inner width of the MLP as a multiple of width. Empty = the preset's, else 4.")]
    [Range(0.25, 16)]
    public double? MlpRatio { get; init; }

    [Description("gelu | quick_gelu | gelu_tanh. Empty = the preset's, else gelu.")]
    public Activation? Activation { get; init; }

    [Description("clip | mimetic: how a new image encoder's weights start. mimetic (arXiv 2305.09828) gives attention the pattern that "
        + "trained encoders show; it helps where images are few.")]
    public VisionStart WeightInit { get; init; } = VisionStart.Clip;

    [Description("Length of the vectors that images and captions share. Empty = the preset's, else 512; of a tower to start from "
        + "without a projection, or whose projection is kept, its own.")]
    [Range(1, 16384)]
    public int? EmbedDim { get; init; }

    [Description("own | linear | mlp: what makes image vectors of the encoder's pooled features. own: its own projection. linear, mlp: "
        + "layer norm and one or two layers in its place, for any encoder and any embed_dim; what trains of a frozen encoder.")]
    public ImageHeadKind Head { get; init; } = ImageHeadKind.Own;

    [Description("Hidden units of head mlp.")]
    [Range(1, 65536)]
    public int HeadWidth { get; init; } = 1024;

    [Description("frozen | folded | trained: the batch norms of a residual network. frozen: running statistics stay what they are, weights "
        + "train where their block does. folded: multiplied into the convolutions, and saved that way. trained: the batch's statistics in "
        + "training. Empty = as init says, frozen for a package's network, trained for a new one.")]
    public BatchNormMode? BatchNorm { get; init; }

    [Description("Stages of a residual network of torchvision whose spatial means are its pooled features, side by side; layer4 among "
        + "them. Empty = as init says, layer3 and layer4 for resnet18-imagenet, layer4 for a new one.")]
    public IReadOnlyList<string> Stages { get; init; } = [];

    [Description("Residual blocks of the text adapter; 4 in LLM2CLIP.")]
    [Range(0, 64)]
    public int AdapterBlocks { get; init; } = 4;

    [Description("Inner width of an adapter block as a multiple of the teacher vector's length.")]
    [Range(1, 16)]
    public int AdapterExpansion { get; init; } = 2;

    [Description("Mean of R, G, B taken off pixels in 0..1 (new models). Empty = the family's: OpenAI CLIP's, 0.5 for SigLIP, ImageNet's "
        + "for DINOv2.")]
    public IReadOnlyList<float> Mean { get; init; } = [];

    [Description("Standard deviation of R, G, B (new models). Empty = the family's.")]
    public IReadOnlyList<float> Std { get; init; } = [];

    /// <summary>
    /// Shape of a new vision tower: the preset's, with what the keys say; without a preset, ViT-S/16's for what they leave out.
    /// </summary>
    [JsonIgnore]
    public VisionConfig Vision
    {
        get
        {
            var start = ImageEncoders.Presets.GetValueOrDefault(Preset) ?? Default;
            var width = Width ?? start.Width;
            return start with
            {
                ImageSize = ImageSize ?? start.ImageSize,
                PatchSize = PatchSize ?? start.PatchSize,
                Width = width,
                Layers = Layers ?? start.Layers,
                Heads = Heads ?? start.Heads,
                MlpWidth = (int)Math.Round(width * (MlpRatio ?? (double)start.MlpWidth / start.Width)),
                EmbedDim = EmbedDim ?? start.EmbedDim,
                Activation = Activation ?? start.Activation,
            };
        }
    }

    /// <summary>Length of vectors where neither a key nor an encoder says it.</summary>
    internal const int DefaultEmbedDim = 512;

    private static ClipVisionConfig Default { get; } = new()
    {
        ImageSize = 224, PatchSize = 16, Width = 384, Layers = 12, Heads = 6, MlpWidth = 4 * 384, EmbedDim = DefaultEmbedDim,
        Activation = Llm2Clip.Layers.Activation.Gelu,
    };

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Mean.Count is not (0 or 3) || Std.Count is not (0 or 3) || Std.Any(value => !(value > 0)))
        {
            yield return ("std", "mean and std must hold three values each, for R, G and B, with std above 0");
        }
        if (Init.Length == 0 && Projection == ProjectionStart.Keep)
        {
            yield return ("projection", "is keep, but init names no model whose projection could be kept");
        }
        if (Init.Length == 0 && Positions is not null)
        {
            yield return ("positions", "is set, but init names no model whose positions could be resized");
        }
        foreach (var problem in ResNets.AreMeant(this) ? [.. ResNets.Check(this), .. CheckInitAlone()]
            : Preset.Length > 0 ? CheckPreset() : Init.Length > 0 ? [] : CheckSizes())
        {
            yield return problem;
        }
    }

    private IEnumerable<(string Key, string Problem)> CheckSizes()
    {
        var shape = Vision;
        if (shape.ImageSize % shape.PatchSize != 0)
        {
            yield return ("image_size", $"is {shape.ImageSize}, which patch_size {shape.PatchSize} does not divide: set it to "
                + VisionConfig.SidesNear(shape.ImageSize, shape.PatchSize));
        }
        if (shape.Width % shape.Heads != 0)
        {
            yield return ("heads", $"is {shape.Heads}, which does not divide width {shape.Width}");
        }
    }

    private IEnumerable<(string Key, string Problem)> CheckInitAlone() => Init.Length > 0 && Preset.Length > 0
        ? [("preset", $"is {Preset}, but init names {Init}, whose own sizes count; leave out one of the two")]
        : [];

    private IEnumerable<(string Key, string Problem)> CheckPreset()
    {
        if (!ImageEncoders.Presets.TryGetValue(Preset, out var preset))
        {
            var known = string.Join(", ", ImageEncoders.Presets.Keys.Concat(ResNets.Presets));
            return ResNets.Presets.Contains(Preset) ? CheckInitAlone() : [("preset", $"is '{Preset}'; it must be one of {known}")];
        }
        if (WeightInit == VisionStart.Mimetic && preset is not ClipVisionConfig)
        {
            return [("weight_init", $"is mimetic, which only CLIP's towers have; preset {Preset} is of another family")];
        }
        if (Init.Length > 0)
        {
            return [];
        }
        (string Key, object? Set, object Preset)[] keys =
        [
            ("image_size", ImageSize, preset.ImageSize),
            ("patch_size", PatchSize, preset.PatchSize),
            ("width", Width, preset.Width),
            ("layers", Layers, preset.Layers),
            ("heads", Heads, preset.Heads),
            ("mlp_ratio", MlpRatio, (double)preset.MlpWidth / preset.Width),
            ("activation", Activation, preset.Activation),
            ("embed_dim", EmbedDim, preset.EmbedDim),
        ];
        return
            from key in keys
            where key.Set is not null && !key.Set.Equals(key.Preset)
            let problem = $"is {Shown(key.Set)}, but preset {Preset} has {Shown(key.Preset)}; leave out {key.Key} or preset"
            select (key.Key, problem);
    }

    /// <summary>A value as a run file has it.</summary>
    private static string Shown(object value) =>
        value is Activation activation
            ? ConfigSchema.SnakeCase(activation.ToString())
            : Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
