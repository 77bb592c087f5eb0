using TorchSharp.Utils;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp.Modules
{
    /// <summary>Normalises over the trailing dimensions to mean 0 and variance 1, then scales and shifts. Weights start at 1, biases at 0.</summary>
    public sealed class LayerNorm : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = nameof(weight))]
        private Parameter _weight;

        [ComponentName(Name = nameof(bias))]
        private Parameter _bias;

        internal LayerNorm(long[] normalized_shape, double eps, bool elementwise_affine, bool bias, Device device, ScalarType? dtype)
            : base(nameof(LayerNorm))
        {
            (this.normalized_shape, this.eps, this.elementwise_affine) = (normalized_shape, eps, elementwise_affine);
            if (elementwise_affine)
            {
                weight = new Parameter(empty(normalized_shape, dtype: dtype, device: device));
                this.bias = bias ? new Parameter(empty(normalized_shape, dtype: dtype, device: device)) : null;
            }
            reset_parameters();
        }

        public long[] normalized_shape { get; set; }

        public double eps { get; set; }

        public bool elementwise_affine { get; set; }

        public Parameter weight
        {
            get => _weight;
            set => ConditionallyRegisterParameter(nameof(weight), LayerParameter.Replace(ref _weight, value));
        }

        public Parameter bias
        {
            get => _bias;
            set => ConditionallyRegisterParameter(nameof(bias), LayerParameter.Replace(ref _bias, value));
        }

        public void reset_parameters()
        {
            if (_weight is not null)
            {
                nn.init.ones_(_weight);
            }
            if (_bias is not null)
            {
                nn.init.zeros_(_bias);
            }
        }

        public override Tensor forward(Tensor tensor) => F.layer_norm(tensor, normalized_shape, _weight, _bias, eps);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.LayerNorm LayerNorm(
                long[] normalized_shape, double eps = 1E-05, bool elementwise_affine = true, bool bias = true, Device device = null, ScalarType? dtype = null) =>
                new(normalized_shape, eps, elementwise_affine, bias, device, dtype);

            public static Modules.LayerNorm LayerNorm(
                long normalized_shape, double eps = 1E-05, bool elementwise_affine = true, bool bias = true, Device device = null, ScalarType? dtype = null) =>
                new([normalized_shape], eps, elementwise_affine, bias, device, dtype);
        }
    }
}
