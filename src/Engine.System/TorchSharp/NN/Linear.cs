using TorchSharp.Utils;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp.Modules
{
    /// <summary>x W^T + b over the last dimension. Weight [out, in] and bias [out] start uniform in ±1/sqrt(in).</summary>
    public sealed class Linear : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = nameof(weight))]
        private Parameter _weight;

        [ComponentName(Name = nameof(bias))]
        private Parameter _bias;

        internal Linear(Parameter weight, Parameter bias)
            : base(nameof(Linear))
        {
            (in_features, out_features) = (weight.shape[1], weight.shape[0]);
            this.weight = weight;
            this.bias = bias;
        }

        internal Linear(long inputSize, long outputSize, bool hasBias, Device device, ScalarType? dtype)
            : base(nameof(Linear))
        {
            (in_features, out_features) = (inputSize, outputSize);
            var bound = inputSize > 0 ? 1 / Math.Sqrt(inputSize) : 0;
            weight = new Parameter(empty([outputSize, inputSize], dtype: dtype, device: device));
            nn.init.uniform_(_weight, -bound, bound);
            if (hasBias)
            {
                bias = new Parameter(empty([outputSize], dtype: dtype, device: device));
                nn.init.uniform_(_bias, -bound, bound);
            }
        }

        public long in_features { get; set; }

        public long out_features { get; set; }

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

        public override Tensor forward(Tensor tensor) => F.linear(tensor, _weight, _bias);
    }

    /// <summary>What all layers do when a parameter is assigned.</summary>
    internal static class LayerParameter
    {
        /// <summary>Puts a parameter, freed from any dispose scope, in the place of another, which is disposed.</summary>
        internal static Parameter Replace(ref Parameter place, Parameter value)
        {
            if (!ReferenceEquals(place, value))
            {
                place?.Dispose();
                value?.DetachFromDisposeScope();
                place = value;
            }
            return value;
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>A linear layer with fresh weights.</summary>
            public static Modules.Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device device = null, ScalarType? dtype = null) =>
                new(inputSize, outputSize, hasBias, device, dtype);

            /// <summary>A linear layer over given weights [out, in] and bias [out].</summary>
            public static Modules.Linear Linear(Modules.Parameter weight, Modules.Parameter bias = null) => new(weight, bias);
        }
    }
}
