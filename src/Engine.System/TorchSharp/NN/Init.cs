namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Fills tensors for a start. All work in place, outside autograd, and give back their tensor.</summary>
        public static partial class init
        {
            /// <summary>Which side of a weight sets the scale.</summary>
            public enum FanInOut
            {
                /// <summary>Inputs: keeps the variance of activations.</summary>
                FanIn,

                /// <summary>Outputs: keeps the variance of gradients.</summary>
                FanOut,
            }

            /// <summary>What follows the layer; sets the gain.</summary>
            public enum NonlinearityType
            {
                Linear = 0,
                Conv1D = 1,
                Conv2D = 2,
                Conv3D = 3,
                ConvTranspose1D = 4,
                ConvTranspose2D = 5,
                ConvTranspose3D = 6,
                Sigmoid = 7,
                Tanh = 8,
                ReLU = 9,
                LeakyReLU = 10,
            }

            public static Tensor ones_(Tensor tensor) => constant_(tensor, 1);

            public static Tensor zeros_(Tensor tensor) => constant_(tensor, 0);

            public static Tensor constant_(Tensor tensor, Scalar val) => Fill(tensor, each => each.fill_(val));

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator generator = null) =>
                Fill(tensor, each => each.uniform_(low, high, generator));

            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator generator = null) =>
                Fill(tensor, each => each.normal_(mean, std, generator));

            /// <summary>
            /// Normal, cut to [a, b] by inverting the distribution function, as torch.nn.init does: uniform between the cut's two probabilities,
            /// then the inverse error function.
            /// </summary>
            public static Tensor trunc_normal_(Tensor tensor, double mean = 0, double std = 1, double a = -2, double b = 2, Generator generator = null)
            {
                var (low, high) = (NormalDistribution((a - mean) / std), NormalDistribution((b - mean) / std));
                return Fill(tensor, each =>
                {
                    each.uniform_(2 * low - 1, 2 * high - 1, generator);
                    each.erfinv_();
                    each.mul_(std * Math.Sqrt(2));
                    each.add_(mean);
                    each.clamp_(a, b);
                });
            }

            /// <summary>Uniform in ±gain * sqrt(6 / (fan in + fan out)).</summary>
            public static Tensor xavier_uniform_(Tensor tensor, double gain = 1)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                var bound = gain * Math.Sqrt(6.0 / (fanIn + fanOut));
                return uniform_(tensor, -bound, bound);
            }

            /// <summary>Normal with deviation gain * sqrt(2 / (fan in + fan out)).</summary>
            public static Tensor xavier_normal_(Tensor tensor, double gain = 1)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                return normal_(tensor, 0, gain * Math.Sqrt(2.0 / (fanIn + fanOut)));
            }

            /// <summary>Uniform in ±gain * sqrt(3 / fan); <paramref name="a"/> is the slope of the leaky ReLU that follows.</summary>
            public static Tensor kaiming_uniform_(
                Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn, NonlinearityType nonlinearity = NonlinearityType.LeakyReLU)
            {
                var bound = Math.Sqrt(3) * calculate_gain(nonlinearity, a) / Math.Sqrt(Fan(tensor, mode));
                return uniform_(tensor, -bound, bound);
            }

            /// <summary>Normal with deviation gain / sqrt(fan).</summary>
            public static Tensor kaiming_normal_(
                Tensor tensor, double a = 0, FanInOut mode = FanInOut.FanIn, NonlinearityType nonlinearity = NonlinearityType.LeakyReLU) =>
                normal_(tensor, 0, calculate_gain(nonlinearity, a) / Math.Sqrt(Fan(tensor, mode)));

            /// <summary>The factor that keeps variance through a nonlinearity; <paramref name="param"/> is the slope of a leaky ReLU.</summary>
            public static double calculate_gain(NonlinearityType nonlinearity, double param = 0) => nonlinearity switch
            {
                NonlinearityType.Tanh => 5.0 / 3,
                NonlinearityType.ReLU => Math.Sqrt(2),
                NonlinearityType.LeakyReLU => Math.Sqrt(2 / (1 + param * param)),
                _ => 1,
            };

            /// <summary>Inputs and outputs of one unit of a weight [out, in, kernel...].</summary>
            public static (long fanIn, long fanOut) CalculateFanInAndFanOut(Tensor tensor)
            {
                var shape = tensor.shape;
                if (shape.Length < 2)
                {
                    throw new ArgumentException($"Fan in and fan out need a weight of at least 2 dimensions, but it has {shape.Length}.", nameof(tensor));
                }
                var kernel = shape.Skip(2).Aggregate(1L, (product, size) => product * size);
                return (shape[1] * kernel, shape[0] * kernel);
            }

            private static long Fan(Tensor tensor, FanInOut mode)
            {
                var (fanIn, fanOut) = CalculateFanInAndFanOut(tensor);
                return mode == FanInOut.FanIn ? fanIn : fanOut;
            }

            private static Tensor Fill(Tensor tensor, Action<Tensor> fill)
            {
                using var scope = NewDisposeScope();
                using var untracked = no_grad();
                fill(tensor);
                return tensor;
            }

            /// <summary>P(X &lt;= x) of a standard normal X. Abramowitz and Stegun 7.1.5 (series) and 7.1.14 (continued fraction) of erf.</summary>
            private static double NormalDistribution(double x)
            {
                var z = Math.Abs(x) / Math.Sqrt(2);
                var erf = z > 6 ? 1 : z < 2.5 ? ErfBySeries(z) : 1 - ErfcByFraction(z);
                return (1 + Math.Sign(x) * erf) / 2;
            }

            private static double ErfBySeries(double z)
            {
                var (term, sum) = (z, z);
                for (var n = 1; n < 100 && Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
                {
                    term *= -z * z / n;
                    sum += term / (2 * n + 1);
                }
                return 2 / Math.Sqrt(Math.PI) * sum;
            }

            private static double ErfcByFraction(double z)
            {
                var fraction = z;
                for (var k = 60; k > 0; k--)
                {
                    fraction = z + k / 2.0 / fraction;
                }
                return Math.Exp(-z * z) / (Math.Sqrt(Math.PI) * fraction);
            }
        }
    }
}
