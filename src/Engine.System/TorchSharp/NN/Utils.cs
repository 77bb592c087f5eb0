using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Work on all gradients or parameters of a model at once.</summary>
        public static partial class utils
        {
            /// <summary>
            /// Scales the gradients of all parameters in place so that their joint norm is at most <paramref name="max_norm"/>, and gives back the norm
            /// that they had. Parameters without a gradient do not count.
            /// </summary>
            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2)
            {
                using var scope = NewDisposeScope();
                using var untracked = no_grad();
                var gradients = tensors.Select(parameter => parameter.grad).Where(gradient => gradient is not null).ToList();
                if (gradients.Count == 0)
                {
                    return 0;
                }
                // Norms are taken in fp32 whatever the gradients are: a half-precision sum of squares overflows.
                var norms = gradients.Select(gradient => gradient.to(ScalarType.Float32).norm((float)norm_type).to(gradients[0].device)).ToArray();
                var total = (double.IsPositiveInfinity(norm_type) ? stack(norms).max() : stack(norms).norm((float)norm_type)).ToDouble();
                var factor = max_norm / (total + 1e-6);
                if (factor < 1)
                {
                    foreach (var gradient in gradients)
                    {
                        gradient.mul_(factor);
                    }
                }
                return total;
            }

            /// <summary>Clamps every gradient element to ±<paramref name="clip_value"/> in place.</summary>
            public static void clip_grad_value_(IEnumerable<Parameter> tensors, double clip_value)
            {
                using var scope = NewDisposeScope();
                using var untracked = no_grad();
                foreach (var parameter in tensors)
                {
                    parameter.grad?.clamp_(-clip_value, clip_value);
                }
            }
        }
    }
}
