using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Llm2Clip.Bench;

// The model of StudentStep as users of TorchSharp write it, with TorchSharp's own layers and operators; PlainSide runs it, and nothing of
// this library is used. TorchSharp has no autocast: in bf16, inputs and fp32 weights of each product are cast, and the rest is fp32. Its
// operators make temporary scalars, which this library does without (Layers/Scalars.cs says why); PlainSide says how it lives with them.

/// <summary>The sizes of the model and its batch.</summary>
internal sealed record PlainSizes(
    int Batch,
    int ImageSize,
    int PatchSize,
    int Width,
    int Heads,
    int Layers,
    int MlpWidth,
    int EmbedDim,
    int TeacherDim,
    int AdapterWidth,
    PlainResNetSizes? ResNet = null);

/// <summary>A residual network in the place of the transformer.</summary>
/// <param name="Blocks">Basic blocks of the four stages.</param>
/// <param name="FrozenNorms">Whether batch norms use running statistics.</param>
/// <param name="ChannelsLast">Whether images lie in memory with their channels last.</param>
internal sealed record PlainResNetSizes(IReadOnlyList<int> Blocks, bool FrozenNorms, bool ChannelsLast);

/// <summary>A layer's product, with casts in bf16.</summary>
internal static class Casting
{
    public static Tensor Apply(this Linear layer, Tensor x, bool bf16) =>
        bf16 ? functional.linear(x.to(bfloat16), layer.weight!.to(bfloat16), layer.bias?.to(bfloat16)) : layer.call(x);
}

internal sealed class PlainBlock : Module<Tensor, Tensor>
{
    private readonly LayerNorm _norm1, _norm2;
    private readonly Linear _qkv, _output, _up, _down;
    private readonly int _heads;
    private readonly bool _bf16, _isCausal;

    public PlainBlock(PlainSizes sizes, bool bf16, bool isCausal = false)
        : base(nameof(PlainBlock))
    {
        (_heads, _bf16, _isCausal) = (sizes.Heads, bf16, isCausal);
        _norm1 = LayerNorm(sizes.Width);
        _norm2 = LayerNorm(sizes.Width);
        _qkv = Linear(sizes.Width, 3 * sizes.Width);
        _output = Linear(sizes.Width, sizes.Width);
        _up = Linear(sizes.Width, sizes.MlpWidth);
        _down = Linear(sizes.MlpWidth, sizes.Width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2]);
        var heads = _qkv.Apply(_norm1.call(x), _bf16).view(batch, tokens, 3, _heads, width / _heads).permute(2, 0, 3, 1, 4).unbind(0);
        var mixed = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], is_casual: _isCausal);
        x = x + _output.Apply(mixed.transpose(1, 2).reshape(batch, tokens, width), _bf16);
        return x + _down.Apply(functional.gelu(_up.Apply(_norm2.call(x), _bf16)), _bf16);
    }
}

internal sealed class PlainVision : Module<Tensor, Tensor>
{
    private readonly Conv2d _patches;
    private readonly Parameter _cls, _positions;
    private readonly LayerNorm _before, _after;
    private readonly Sequential _blocks;
    private readonly Linear _projection;
    private readonly bool _bf16;

    public PlainVision(PlainSizes sizes, bool bf16)
        : base(nameof(PlainVision))
    {
        _bf16 = bf16;
        var grid = sizes.ImageSize / sizes.PatchSize;
        _patches = Conv2d(3, sizes.Width, sizes.PatchSize, stride: sizes.PatchSize, bias: false);
        _cls = Parameter(randn(sizes.Width) * 0.02);
        _positions = Parameter(randn(grid * grid + 1, sizes.Width) * 0.02);
        _before = LayerNorm(sizes.Width);
        _after = LayerNorm(sizes.Width);
        _blocks = Sequential(Enumerable.Range(0, sizes.Layers).Select(_ => (Module<Tensor, Tensor>)new PlainBlock(sizes, bf16)));
        _projection = Linear(sizes.Width, sizes.EmbedDim, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor pixels)
    {
        var side = _patches.kernel_size[0];
        var x = _bf16
            ? functional.conv2d(pixels.to(bfloat16), _patches.weight!.to(bfloat16), strides: [side, side])
            : _patches.call(pixels);
        x = x.flatten(2).transpose(1, 2);
        x = cat([_cls.expand(x.shape[0], 1, -1), x.to(float32)], 1) + _positions;
        return _projection.Apply(_after.call(_blocks.call(_before.call(x)).select(1, 0)), _bf16);
    }
}

internal sealed class PlainAdapter : Module<Tensor, Tensor>
{
    private readonly LayerNorm _norm, _last;
    private readonly Linear _up, _down, _projection;
    private readonly bool _bf16;

    public PlainAdapter(PlainSizes sizes, bool bf16)
        : base(nameof(PlainAdapter))
    {
        _bf16 = bf16;
        _norm = LayerNorm(sizes.TeacherDim);
        _up = Linear(sizes.TeacherDim, sizes.AdapterWidth);
        _down = Linear(sizes.AdapterWidth, sizes.TeacherDim);
        _last = LayerNorm(sizes.TeacherDim);
        _projection = Linear(sizes.TeacherDim, sizes.EmbedDim);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = functional.normalize(x, dim: -1);
        x = x + _down.Apply(functional.gelu(_up.Apply(_norm.call(x), _bf16)), _bf16);
        return _projection.Apply(_last.call(x), _bf16);
    }
}
