namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Layers as functions of input and weights.</summary>
        public static partial class functional
        {
            /// <summary>x W^T + b: input [..., in], weights [out, in], bias [out].</summary>
            public static Tensor linear(Tensor input, Tensor weights, Tensor bias = null) => NativeMethods.l2c_linear(input, weights, bias);

            /// <summary>Normalises over the trailing dimensions <paramref name="normalized_shape"/>.</summary>
            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor weight = null, Tensor bias = null, double eps = 1E-05) =>
                NativeMethods.l2c_layer_norm(input, normalized_shape, normalized_shape.Length, weight, bias, eps);

            /// <summary>Rows of <paramref name="weights"/> [count, dimension] at the indices <paramref name="x"/> (int64).</summary>
            internal static Tensor embedding(Tensor x, Tensor weights, long? paddingIndex) => NativeMethods.l2c_embedding(weights, x, paddingIndex ?? -1);

            public static Tensor gelu(Tensor x) => gelu(x, Modules.GELU.Approximate.none);

            public static Tensor gelu(Tensor x, bool inplace) => gelu(x, Modules.GELU.Approximate.none, inplace);

            /// <summary>x times the Gaussian's distribution function at x.</summary>
            public static Tensor gelu(Tensor x, Modules.GELU.Approximate approximate, bool inplace = false)
            {
                if (!inplace)
                {
                    return NativeMethods.l2c_gelu(x, approximate == Modules.GELU.Approximate.tanh);
                }
                using var result = NativeMethods.l2c_gelu(x, approximate == Modules.GELU.Approximate.tanh);
                return x.copy_(result);
            }

            /// <summary>x * sigmoid(x).</summary>
            public static Tensor silu(Tensor x, bool inplace = false) => inplace ? x.silu_() : x.silu();

            /// <summary>max(x, 0).</summary>
            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_() : x.relu();

            public static Tensor sigmoid(Tensor x) => x.sigmoid();

            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? x.tanh_() : x.tanh();

            /// <summary>Softmax along a dimension; <paramref name="dtype"/> converts the input before.</summary>
            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

            public static Tensor logsigmoid(Tensor x) => NativeMethods.l2c_log_sigmoid(x);

            /// <summary>log(1 + exp(beta x)) / beta, the identity above the threshold.</summary>
            public static Tensor softplus(Tensor x, double beta = 1, double threshold = 20) => NativeMethods.l2c_softplus(x, beta, threshold);

            /// <summary>Zeroes elements with probability <paramref name="p"/> and scales the others by 1/(1-p). Note that it trains unless told otherwise.</summary>
            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
            {
                if (!inplace)
                {
                    return NativeMethods.l2c_dropout(input, p, training);
                }
                NativeMethods.l2c_dropout_(input, p, training);
                return input;
            }

            /// <summary>x / max(|x|, eps) along a dimension, with the p-norm.</summary>
            public static Tensor normalize(Tensor input, double p = 2, long dim = 1, double eps = 1E-12) => NativeMethods.l2c_normalize(input, p, dim, eps);

            /// <summary>x·y / (|x| |y|) along a dimension.</summary>
            public static Tensor cosine_similarity(Tensor x1, Tensor x2, long dim = 1, double eps = 1E-08) =>
                NativeMethods.l2c_cosine_similarity(x1, x2, dim, eps);

            /// <summary>Indices (int64) as rows with a single 1; -1 takes the largest index plus one as number of classes.</summary>
            public static Tensor one_hot(Tensor x, long num_classes = -1) => NativeMethods.l2c_one_hot(x, num_classes);

            /// <summary>
            /// softmax(q k^T / sqrt(d) + mask) v for inputs [..., length, d]. A boolean mask keeps what is true, any other is added;
            /// <paramref name="is_casual"/> (the package's spelling) lets each position see itself and what is before. Dropout acts whenever p is above 0.
            /// </summary>
            public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor attn_mask = null, double p = 0, bool is_casual = false) =>
                NativeMethods.l2c_scaled_dot_product_attention(query, key, value, attn_mask, p, is_casual);
        }
    }
}
