using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Linear = Llm2Clip.Layers.Linear;

namespace Llm2Clip.Models;

/// <summary>
/// An image encoder that is a <see cref="VisionConfig"/>'s tower and, where the family has one, a projection. Parameters have the names of
/// Hugging Face's CLIP in every family; <see cref="VisionConfig.Layout"/> holds the names of the files.
/// </summary>
public abstract class VisionModel : nn.Module<Tensor, Tensor>, IImageEncoder
{
    private const string ProjectionName = "visual_projection";

    private readonly VisionConfig _shape;
    private readonly VisionTower _tower;
    private readonly Linear? _projection; // [D, W]
    private LoraConfig? _lora;

    private protected VisionModel(string name, VisionConfig config, VisionTower tower, Linear? projection)
        : base(name)
    {
        config.Validate("model");
        (_shape, _tower, _projection) = (config, tower, projection);
    }

    /// <inheritdoc/>
    public int EmbedDim => _shape.EmbedDim;

    /// <inheritdoc/>
    public IReadOnlyList<int> PooledParts => [_shape.Width];

    /// <inheritdoc/>
    public int ImageSize => _shape.ImageSize;

    /// <inheritdoc/>
    public IReadOnlyList<string> BlockNames =>
        [.. Enumerable.Range(0, _shape.Layers).Select(block => $"vision_model.encoder.layers.{block}")];

    /// <inheritdoc/>
    public IReadOnlyList<string> EmbeddingNames =>
        _tower.HasPreNorm ? ["vision_model.embeddings", "vision_model.pre_layrnorm"] : ["vision_model.embeddings"];

    /// <inheritdoc/>
    public IReadOnlyList<string> ProjectionNames => _projection is null ? [] : [ProjectionName];

    /// <inheritdoc/>
    public IReadOnlyList<string> UndecayedNames { get; } =
    [
        "vision_model.embeddings.position_embedding.weight", "vision_model.embeddings.register_tokens", "vision_model.head.probe",
    ];

    /// <inheritdoc/>
    public TrainingNoise Noise => _tower.Noise;

    /// <inheritdoc/>
    public double PatchDropout { get => _tower.PatchDropout; set => _tower.PatchDropout = value; }

    /// <inheritdoc/>
    public Precision Precision
    {
        get => modules().OfType<IProducts>().First().Precision;
        set => this.SetPrecision(value);
    }

    /// <summary>Its shape.</summary>
    internal VisionConfig Shape => _shape;

    /// <summary>All before the projection.</summary>
    internal VisionTower Tower => _tower;

    /// <summary>The projection; null where the family has none.</summary>
    private protected Linear? Projection => _projection;

    /// <summary>Names the parts; constructors of families end with it.</summary>
    private protected void RegisterParts()
    {
        register_module("vision_model", _tower);
        if (_projection is not null)
        {
            register_module(ProjectionName, _projection);
        }
    }

    /// <summary>Fills all weights as the family's authors start them.</summary>
    /// <param name="seed">Seed of all weights.</param>
    /// <param name="start">Another pattern of attention and positions, where the family has it.</param>
    public abstract void Initialize(ulong seed, VisionStart start = VisionStart.Clip);

    /// <inheritdoc/>
    public void SetDropPath(double rate) => _tower.Blocks.SetDropPath(rate);

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Parameter Parameter)> NamedParameters() => [.. named_parameters()];

    /// <inheritdoc/>
    public void SaveConfig(string folder) => ModelFolder.SaveConfig(folder, _shape.ToJson());

    /// <summary>
    /// Writes <c>config.json</c> and <c>model.safetensors</c> in the family's own layout; LoRA's changes are in the weights.
    /// </summary>
    public void Save(string folder)
    {
        SaveWeights(Path.Combine(folder, ModelFolder.WeightsName), _shape.Layout);
        SaveConfig(folder);
    }

    /// <summary>
    /// Freezes the tower and puts low-rank changes beside the listed layers of its blocks (facts B4). The changes and the projection train.
    /// </summary>
    /// <exception cref="ConfigException">The tower has no layer of a listed name.</exception>
    internal void Adapt(LoraConfig lora, ulong seed)
    {
        foreach (var layer in lora.Layers.Where(layer => !named_modules().Any(part => IsNamed(part.name, layer))))
        {
            throw new ConfigException($"model.lora.layers names {layer}, which this tower's blocks do not have.");
        }
        _lora = lora;
        LoraLayers.Adapt(_tower.Blocks, [.. lora.Layers], lora.Shape, Noise, seed);
        foreach (var (name, parameter) in NamedParameters().Where(p => !LoraLayers.IsChange(p.Name)))
        {
            parameter.requires_grad = name.StartsWith(ProjectionName + ".", StringComparison.Ordinal);
        }

        static bool IsNamed(string name, string layer) => name.EndsWith("." + layer, StringComparison.Ordinal);
    }

    /// <summary>Writes what LoRA the parameters have, where they have one: what a checkpoint needs to be read.</summary>
    internal void SaveLora(string folder) => _lora?.SaveSettings(folder);

    /// <summary>Writes the weights in a layout of files.</summary>
    internal void SaveWeights(string path, WeightLayout layout)
    {
        using var scope = NewDisposeScope();
        ModelFolder.SaveWeights(path, layout.Names.Of(LoraLayers.Merged(this)));
    }

    /// <inheritdoc/>
    public Tensor Pool(Tensor pixels) => _tower.Pool(pixels, null);

    /// <inheritdoc/>
    public Tensor Project(Tensor pooled)
    {
        if (_projection is null)
        {
            return pooled;
        }
        using var scope = NewDisposeScope();
        return _projection.call(pooled).InFp32().MoveToOuterDisposeScope(); // [B, D]
    }

    /// <inheritdoc/>
    public Tensor Encode(Tensor pixels) => call(pixels);

    /// <summary>Normalized pixels [B, 3, H, W] to image features [B, D], fp32, not normalized.</summary>
    public override Tensor forward(Tensor pixels) => Encode(pixels, null);

    /// <summary>
    /// <see cref="forward"/> that also shows what is inside, by name. The tensors live until <paramref name="probe"/> returns.
    /// </summary>
    public Tensor Encode(Tensor pixels, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        return Project(_tower.Pool(pixels, probe)).MoveToOuterDisposeScope();
    }
}
