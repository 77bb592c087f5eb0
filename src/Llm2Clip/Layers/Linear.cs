using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// y = x W^T + b with the product in the chosen precision. Unlike <c>nn.Linear</c> it casts weights and input itself and returns the
/// product's own format, bf16 or fp32; who adds it to an fp32 stream gets fp32.
/// </summary>
internal sealed class Linear : nn.Module<Tensor, Tensor>, IProducts
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight; // [out, in]

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias; // [out]

    /// <summary>
    /// Weights are zero until initialized or loaded. Frozen ones may be bf16 where the product is, which saves half their memory and the
    /// cast.
    /// </summary>
    public Linear(long inputs, long outputs, bool bias, Device device, ScalarType dtype = ScalarType.Float32)
        : base(nameof(Linear))
    {
        _weight = OwnedWeights.New([outputs, inputs], device, dtype: dtype);
        _bias = bias ? OwnedWeights.New([outputs], device, dtype: dtype) : null;
        RegisterComponents();
    }

    /// <summary>Format of the product.</summary>
    public Precision Precision { get; set; }

    /// <summary>[out, in].</summary>
    public Parameter Weight => _weight;

    /// <summary>[out]; null where the layer has none.</summary>
    public Parameter? Bias => _bias;

    /// <summary>A trained change of the weight, where the layer has been adapted.</summary>
    public Lora? Lora { get; private set; }

    /// <summary>x: [..., in] to [..., out].</summary>
    public override Tensor forward(Tensor x)
    {
        if (Lora is null)
        {
            return Precision.Product(x, _weight, _bias);
        }
        using var scope = NewDisposeScope();
        var input = x.ForProduct(Precision); // cast once for both
        return Lora.AddTo(Precision.Product(input, _weight, _bias), input).MoveToOuterDisposeScope();
    }

    /// <summary>Puts a low-rank change beside the weight, which starts at zero.</summary>
    internal void Adapt(LoraShape shape, WeightInit init, TrainingNoise noise)
    {
        Lora = new Lora(_weight.shape[1], _weight.shape[0], shape, init, noise, _weight.device);
        (Lora.Down.Precision, Lora.Up.Precision) = (Precision, Precision);
        register_module(Lora.DownName, Lora.Down);
        register_module(Lora.UpName, Lora.Up);
    }
}
