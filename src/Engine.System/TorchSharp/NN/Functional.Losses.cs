namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>What becomes of the losses of a batch.</summary>
        public enum Reduction
        {
            /// <summary>They stay apart.</summary>
            None = 0,

            /// <summary>Their mean.</summary>
            Mean = 1,

            /// <summary>Their sum.</summary>
            Sum = 2,
        }

        public static partial class functional
        {
            /// <summary>-log softmax(input)[target] for logits [N, C, ...] and class indices [N, ...], or probabilities of input's shape.</summary>
            public static Tensor cross_entropy(
                Tensor input, Tensor target, Tensor weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0) =>
                NativeMethods.l2c_cross_entropy(input, target, weight, (long)reduction, ignore_index, label_smoothing);

            /// <summary>-input[target] for log probabilities [N, C, ...].</summary>
            public static Tensor nll_loss(Tensor input, Tensor target, Tensor weight = null, Reduction reduction = Reduction.Mean) =>
                NativeMethods.l2c_nll_loss(input, target, weight, (long)reduction, -100);

            /// <summary>Two-class cross entropy of probabilities.</summary>
            public static Tensor binary_cross_entropy(Tensor input, Tensor target, Tensor weight = null, Reduction reduction = Reduction.Mean) =>
                NativeMethods.l2c_binary_cross_entropy(input, target, weight, (long)reduction);

            /// <summary>Two-class cross entropy of logits.</summary>
            public static Tensor binary_cross_entropy_with_logits(
                Tensor input, Tensor target, Tensor weight = null, Reduction reduction = Reduction.Mean, Tensor pos_weights = null) =>
                NativeMethods.l2c_binary_cross_entropy_with_logits(input, target, weight, pos_weights, (long)reduction);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                NativeMethods.l2c_mse_loss(input, target, (long)reduction);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                NativeMethods.l2c_l1_loss(input, target, (long)reduction);

            /// <summary>Quadratic below <paramref name="beta"/>, linear above.</summary>
            public static Tensor smooth_l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1) =>
                NativeMethods.l2c_smooth_l1_loss(input, target, (long)reduction, beta);

            /// <summary>target * (log target - input) for log probabilities <paramref name="input"/>.</summary>
            public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean) =>
                NativeMethods.l2c_kl_div(input, target, (long)reduction, log_target);
        }
    }
}
