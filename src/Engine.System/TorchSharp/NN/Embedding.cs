using TorchSharp.Utils;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp.Modules
{
    /// <summary>A table of vectors looked up by index. Weight [count, dimension] starts standard normal, the padding row at 0.</summary>
    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        private readonly long? _paddingIndex;

        [ComponentName(Name = nameof(weight))]
        private Parameter _weight;

        internal Embedding(Parameter weight, long? paddingIndex)
            : base(nameof(Embedding))
        {
            _paddingIndex = paddingIndex;
            this.weight = weight;
        }

        public Parameter weight
        {
            get => _weight;
            set => ConditionallyRegisterParameter(nameof(weight), LayerParameter.Replace(ref _weight, value));
        }

        public override Tensor forward(Tensor input) => F.embedding(input, _weight, _paddingIndex);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>An embedding with fresh weights. Norm limits and sparse gradients are not provided.</summary>
            public static Modules.Embedding Embedding(
                long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2,
                bool scale_grad_by_freq = false, bool sparse = false, Device device = null, ScalarType? dtype = null)
            {
                RefuseUnsupported(max_norm, scale_grad_by_freq, sparse);
                var weight = new Modules.Parameter(empty([num_embeddings, embedding_dims], dtype: dtype, device: device));
                init.normal_(weight);
                if (padding_idx is { } padding)
                {
                    using var scope = NewDisposeScope();
                    using var untracked = no_grad();
                    weight[padding].zero_();
                }
                return new Modules.Embedding(weight, padding_idx);
            }

            /// <summary>An embedding over a given table [count, dimension].</summary>
            public static Modules.Embedding Embedding_from_pretrained(
                Tensor embeddings, bool freeze = true, long? padding_idx = null, double? max_norm = null, double norm_type = 2,
                bool scale_grad_by_freq = false, bool sparse = false, Device device = null, ScalarType? dtype = null)
            {
                RefuseUnsupported(max_norm, scale_grad_by_freq, sparse);
                var table = embeddings.detach().to(dtype ?? embeddings.dtype, device ?? embeddings.device);
                return new Modules.Embedding(new Modules.Parameter(table, !freeze), padding_idx);
            }

            private static void RefuseUnsupported(double? max_norm, bool scale_grad_by_freq, bool sparse)
            {
                if (max_norm is not null || scale_grad_by_freq || sparse)
                {
                    throw new NotSupportedException("Embedding: max_norm, scale_grad_by_freq and sparse are not part of this engine.");
                }
            }
        }
    }
}
