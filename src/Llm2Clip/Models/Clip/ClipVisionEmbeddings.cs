using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>Patches, class token and positions: [B, 3, H, W] to [B, T, W].</summary>
internal sealed class ClipVisionEmbeddings : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "class_embedding")]
    private readonly Parameter _classToken; // [W]

    [ComponentName(Name = "patch_embedding")]
    private readonly WeightOnly _patches; // [W, 3, P, P]

    [ComponentName(Name = "position_embedding")]
    private readonly WeightOnly _positions; // [T, W]

    private readonly ClipVisionConfig _config;

    public ClipVisionEmbeddings(ClipVisionConfig config, Device device)
        : base(nameof(ClipVisionEmbeddings))
    {
        _config = config;
        _classToken = OwnedWeights.New([config.Width], device);
        _patches = new WeightOnly([config.Width, 3, config.PatchSize, config.PatchSize], device);
        _positions = new WeightOnly([config.Tokens, config.Width], device);
        RegisterComponents();
    }

    public Precision Precision { get; set; }

    public override Tensor forward(Tensor pixels) => Embed(pixels, new TrainingNoise(), 0);

    /// <summary>Tokens with positions, before the first norm. With patch dropout only the kept patches are multiplied at all.</summary>
    public Tensor Embed(Tensor pixels, TrainingNoise noise, double patchDropout)
    {
        var patch = _config.PatchSize;
        var (batch, height, width) = (pixels.shape[0], pixels.shape[2], pixels.shape[3]);
        if (pixels.shape is not [_, 3, _, _] || height % patch != 0 || width % patch != 0)
        {
            throw new ArgumentException($"Pixels are [{string.Join(", ", pixels.shape)}]; expected [B, 3, H, W] with H and W multiples of {patch}.", nameof(pixels));
        }
        using var scope = NewDisposeScope();
        var (rows, columns) = (height / patch, width / patch);
        var tokens = rows * columns;
        var x = pixels.ForProduct(Precision).reshape(batch, 3, rows, patch, columns, patch)
            .permute(0, 2, 4, 1, 3, 5).reshape(batch * tokens, 3L * patch * patch); // [B*G*G, 3*P*P]
        var table = PositionTable.For(_positions.Weight, _config.Grid, rows, columns); // [1 + G*G, W]
        var positions = table.narrow(0, 1, tokens); // [G*G, W]
        var kept = noise.KeptTokens(batch, tokens, patchDropout);
        if (kept is not null)
        {
            x = x.index_select(0, tensor(kept, device: x.device));
            positions = positions.index_select(0, tensor(Array.ConvertAll(kept, row => row % tokens), device: x.device))
                .view(batch, -1, _config.Width); // [B, K, W]
        }
        var weight = _patches.Weight.view(_config.Width, -1); // [W, 3*P*P]
        var patches = Precision.Product(x, weight).view(batch, -1, _config.Width).Plus(positions); // [B, G*G, W], fp32
        var first = _classToken.Plus(table.select(0, 0)).expand(batch, 1, _config.Width); // [B, 1, W]
        return cat([first, patches], 1).MoveToOuterDisposeScope();
    }

    public void Initialize(WeightInit init)
    {
        var scale = Math.Pow(_config.Width, -0.5);
        init.Normal(_classToken, scale);
        init.Normal(_positions.Weight, scale);
        init.TorchDefault(_patches.Weight, null);
    }

    public void InitializeMimetic() => MimeticInit.Positions(_positions.Weight, _config.Grid);
}

/// <summary>A parameter named <c>weight</c> one level down, where the published names want it.</summary>
internal sealed class WeightOnly : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public WeightOnly(long[] shape, Device device)
        : base(nameof(WeightOnly))
    {
        _weight = OwnedWeights.New(shape, device);
        RegisterComponents();
    }

    public Parameter Weight => _weight;

    public override Tensor forward(Tensor x) => x.Plus(_weight);
}
