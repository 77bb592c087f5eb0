using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>The convolution that makes tokens of patches, computed as one product: patches of side P do not overlap.</summary>
internal sealed class PatchEmbedding : nn.Module<Tensor, Tensor>, IProducts
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight; // [W, 3, P, P]

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias; // [W]

    private readonly int _width;
    private readonly int _patch;
    private readonly bool _cutsEdge;

    /// <summary>
    /// Weights are zero until initialized or loaded. With <paramref name="cutsEdge"/> what is left at the right and lower edge, where the
    /// patch does not divide the side, counts for nothing, as in torch's convolution; else such sides are refused.
    /// </summary>
    public PatchEmbedding(int width, int patch, bool bias, Device device, bool cutsEdge = false)
        : base(nameof(PatchEmbedding))
    {
        (_width, _patch, _cutsEdge) = (width, patch, cutsEdge);
        _weight = OwnedWeights.New([width, 3, patch, patch], device);
        _bias = bias ? OwnedWeights.New([width], device) : null;
        RegisterComponents();
    }

    public Precision Precision { get; set; }

    /// <summary>Rows and columns of patches in pixels [B, 3, H, W].</summary>
    /// <exception cref="ArgumentException">The shape is another, or the patch does not divide height or width.</exception>
    public (long Rows, long Columns) Grid(Tensor pixels)
    {
        if (pixels.shape is not [_, 3, var height, var width] || height < _patch || width < _patch
            || (!_cutsEdge && (height % _patch != 0 || width % _patch != 0)))
        {
            throw new ArgumentException(
                $"Pixels are [{string.Join(", ", pixels.shape)}]; expected [B, 3, H, W] with H and W multiples of "
                + $"{_patch}.", nameof(pixels));
        }
        return (height / _patch, width / _patch);
    }

    /// <summary>[B, 3, H, W] to [B, G*G, W] without positions.</summary>
    public override Tensor forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return Precision.Product(Rows(pixels), _weight.view(_width, -1), _bias).view(pixels.shape[0], -1, _width).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Patches plus their <paramref name="positions"/> [G*G, W]: [B, 3, H, W] to [B, K, W], fp32, with K of the G*G patches:
    /// <paramref name="kept"/>, [B * K] rows of the flattened [B * G*G] as <see cref="TrainingNoise.KeptTokens"/> gives them; null for all.
    /// Only those are multiplied at all.
    /// </summary>
    public Tensor Embed(Tensor pixels, Tensor positions, long[]? kept)
    {
        using var scope = NewDisposeScope();
        var (batch, tokens) = (pixels.shape[0], positions.shape[0]);
        var x = Rows(pixels);
        if (kept is not null)
        {
            x = x.index_select(0, tensor(kept, device: x.device));
            positions = positions.index_select(0, tensor(Array.ConvertAll(kept, row => row % tokens), device: x.device))
                .view(batch, -1, _width); // [B, K, W]
        }
        return Precision.Product(x, _weight.view(_width, -1), _bias).view(batch, -1, _width).Plus(positions).MoveToOuterDisposeScope();
    }

    public void Initialize(WeightInit init) => init.TorchDefault(_weight, _bias);

    /// <summary>[B, 3, H, W] to a row per patch, [B*G*G, 3*P*P], in the product's format.</summary>
    private Tensor Rows(Tensor pixels)
    {
        var (rows, columns) = Grid(pixels);
        if (_cutsEdge)
        {
            pixels = pixels.narrow(2, 0, rows * _patch).narrow(3, 0, columns * _patch);
        }
        return pixels.ForProduct(Precision).reshape(pixels.shape[0], 3, rows, _patch, columns, _patch)
            .permute(0, 2, 4, 1, 3, 5).reshape(pixels.shape[0] * rows * columns, 3L * _patch * _patch);
    }
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
