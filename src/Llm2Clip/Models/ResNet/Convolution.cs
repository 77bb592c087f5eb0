using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// A convolution of square windows, in the chosen precision: casts input and weights itself, and gives the product's format. Images lie in
/// memory with their channels last, whatever the order of dimensions says, as oneDNN and cuDNN are fastest on them.
/// </summary>
internal sealed class Convolution : nn.Module<Tensor, Tensor>, IProducts
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight; // [out, in, side, side]

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias; // [out]

    private readonly long[] _stride;
    private readonly long[] _padding;

    /// <summary>Weights are zero until initialized or loaded. Padding is half the window, so that stride 1 keeps the size.</summary>
    public Convolution(int inputs, int outputs, int side, int stride, bool bias, Device device)
        : base(nameof(Convolution))
    {
        (_stride, _padding) = ([stride, stride], [side / 2, side / 2]);
        _weight = OwnedWeights.New([outputs, inputs, side, side], device);
        _bias = bias ? OwnedWeights.New([outputs], device) : null;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public Precision Precision { get; set; }

    /// <summary>[out, in, side, side], fp32.</summary>
    public Parameter Weight => _weight;

    /// <summary>[out], fp32; null where the layer has none.</summary>
    public Parameter? Bias => _bias;

    /// <summary>[B, in, H, W] to [B, out, H / stride, W / stride], rounded up.</summary>
    public override Tensor forward(Tensor x) => Convolve(x, _weight, _bias);

    /// <summary>The same with other weights and bias of the same shapes.</summary>
    public Tensor Convolve(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var isExact = bias is null || Precision == Precision.Fp32;
        var product = nn.functional.conv2d(
            x.ForProduct(Precision), weight.ForProduct(Precision), isExact ? bias : null, strides: _stride, padding: _padding);
        return (isExact ? product : WithBias(product, bias!)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// torchvision's initialization: normal with variance 2 / (out side^2) (He et al., https://arxiv.org/abs/1502.01852, equation 14).
    /// </summary>
    public void InitializeForRelu(WeightInit init) => init.Normal(_weight, Math.Sqrt(2.0 * _weight.shape[1] / _weight.numel()));

    /// <summary>
    /// A bf16 product plus an fp32 bias. libtorch's convolution would take the bias in bf16 only, which is the larger part of all error:
    /// the features of ImageNet's ResNet-18 would have a cosine of 0.9998 to fp32's, not 0.99996. A batch norm that changes nothing else
    /// reads and writes the product once.
    /// </summary>
    private static Tensor WithBias(Tensor product, Tensor bias) =>
        nn.functional.batch_norm(product, zeros_like(bias), ones_like(bias), null, bias, training: false, momentum: 0, eps: 0);

    /// <summary>torch's default initialization.</summary>
    public void Initialize(WeightInit init) => init.TorchDefault(_weight, _bias);
}
