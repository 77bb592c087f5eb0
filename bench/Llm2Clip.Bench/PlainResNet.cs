using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Llm2Clip.Bench;

// torchvision's residual network of basic blocks as users of TorchSharp write it: see PlainModel.cs. The features are the spatial means of
// the last stage.

internal sealed class PlainConvolution : Module<Tensor, Tensor>
{
    private readonly Conv2d _convolution;
    private readonly BatchNorm2d _norm;
    private readonly bool _bf16;

    public PlainConvolution(int inputs, int outputs, int side, int stride, bool bf16)
        : base(nameof(PlainConvolution))
    {
        _bf16 = bf16;
        _convolution = Conv2d(inputs, outputs, side, stride: stride, padding: side / 2, bias: false);
        _norm = BatchNorm2d(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var (stride, padding) = (_convolution.stride, _convolution.padding);
        var y = _bf16
            ? functional.conv2d(x.to(bfloat16), _convolution.weight!.to(bfloat16), strides: stride, padding: padding)
            : _convolution.call(x);
        return _norm.call(y);
    }
}

internal sealed class PlainBasicBlock : Module<Tensor, Tensor>
{
    private readonly PlainConvolution _first, _second;
    private readonly PlainConvolution? _shortcut;

    public PlainBasicBlock(int inputs, int width, int stride, bool bf16)
        : base(nameof(PlainBasicBlock))
    {
        _first = new PlainConvolution(inputs, width, 3, stride, bf16);
        _second = new PlainConvolution(width, width, 3, 1, bf16);
        _shortcut = stride > 1 || inputs != width ? new PlainConvolution(inputs, width, 1, stride, bf16) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var branch = _second.call(functional.relu(_first.call(x), inplace: true));
        return functional.relu(branch + (_shortcut is null ? x : _shortcut.call(x)), inplace: true);
    }
}

internal sealed class PlainResNet : Module<Tensor, Tensor>
{
    private readonly PlainConvolution _stem;
    private readonly Sequential _blocks;
    private readonly bool _channelsLast;

    public PlainResNet(PlainResNetSizes sizes, bool bf16)
        : base(nameof(PlainResNet))
    {
        _channelsLast = sizes.ChannelsLast;
        _stem = new PlainConvolution(3, 64, 7, 2, bf16);
        var blocks = new List<Module<Tensor, Tensor>>();
        var inputs = 64;
        for (var stage = 0; stage < sizes.Blocks.Count; stage++)
        {
            for (var i = 0; i < sizes.Blocks[stage]; i++)
            {
                blocks.Add(new PlainBasicBlock(inputs, 64 << stage, i == 0 && stage > 0 ? 2 : 1, bf16));
                inputs = 64 << stage;
            }
        }
        _blocks = Sequential(blocks);
        RegisterComponents();
        train(!sizes.FrozenNorms);
    }

    public override Tensor forward(Tensor pixels)
    {
        // The pixels are a view of decoded images, whose channels are last; a copy makes them first.
        var x = _channelsLast ? pixels : pixels.contiguous();
        x = functional.max_pool2d(functional.relu(_stem.call(x), inplace: true), 3, 2, 1);
        return _blocks.call(x).mean([2, 3]);
    }
}
