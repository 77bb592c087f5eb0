using TorchSharp.Utils;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp.Modules
{
    /// <summary>What convolutions share: weight [out, in/groups, kernel...] and bias [out], both uniform in ±1/sqrt(fan in) at the start.</summary>
    public abstract class Convolution : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = nameof(weight))]
        protected Parameter _weight;

        [ComponentName(Name = nameof(bias))]
        protected Parameter _bias;

        private protected Convolution(string name, long in_channels, long out_channels, long[] kernel_size, ConvolutionForm form, bool bias, Device device, ScalarType? dtype)
            : base(name)
        {
            (this.in_channels, this.out_channels, this.kernel_size) = (in_channels, out_channels, kernel_size);
            (stride, padding, dilation, groups) = (form.Stride, form.Padding, form.Dilation, form.Groups);
            weight = new Parameter(empty([out_channels, in_channels / groups, .. kernel_size], dtype: dtype, device: device));
            this.bias = bias ? new Parameter(empty([out_channels], dtype: dtype, device: device)) : null;
            reset_parameters();
        }

        public long in_channels { get; }

        public long out_channels { get; }

        public long[] kernel_size { get; set; }

        public long[] stride { get; set; }

        public long[] padding { get; }

        public long[] dilation { get; set; }

        public long groups { get; set; }

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
            nn.init.kaiming_uniform_(_weight, Math.Sqrt(5));
            if (_bias is not null)
            {
                var bound = 1 / Math.Sqrt(nn.init.CalculateFanInAndFanOut(_weight).fanIn);
                nn.init.uniform_(_bias, -bound, bound);
            }
        }
    }

    /// <summary>Strides, padding and dilation of a convolution, one value a spatial dimension.</summary>
    internal sealed record ConvolutionForm(long[] Stride, long[] Padding, long[] Dilation, long Groups);

    /// <summary>Convolution over images [batch, channel, height, width].</summary>
    public sealed class Conv2d : Convolution
    {
        internal Conv2d(long in_channels, long out_channels, long[] kernel_size, ConvolutionForm form, bool bias, Device device, ScalarType? dtype)
            : base(nameof(Conv2d), in_channels, out_channels, kernel_size, form, bias, device, dtype)
        {
        }

        public override Tensor forward(Tensor input) => F.conv2d(input, _weight, _bias, stride, padding, dilation, groups);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>A convolution with a square kernel. Only zero padding is provided.</summary>
            public static Modules.Conv2d Conv2d(
                long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device device = null, ScalarType? dtype = null) =>
                Conv2d(
                    in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (padding, padding), (dilation, dilation), padding_mode, groups, bias, device, dtype);

            /// <summary>A convolution with a kernel of (height, width). Only zero padding is provided.</summary>
            public static Modules.Conv2d Conv2d(
                long in_channels, long out_channels, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device device = null, ScalarType? dtype = null)
            {
                if (padding_mode != PaddingModes.Zeros)
                {
                    throw new NotSupportedException($"Conv2d: padding mode {padding_mode} is not part of this engine.");
                }
                var form = new Modules.ConvolutionForm(Pair(stride ?? (1, 1)), Pair(padding ?? (0, 0)), Pair(dilation ?? (1, 1)), groups);
                return new Modules.Conv2d(in_channels, out_channels, Pair(kernel_size), form, bias, device, dtype);
            }

            private static long[] Pair((long, long) size) => [size.Item1, size.Item2];
        }
    }
}
