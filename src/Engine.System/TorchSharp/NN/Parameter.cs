using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A tensor that a module trains. It takes over the tensor that it is made from, which must not be used afterwards.</summary>
    public sealed class Parameter : Tensor
    {
        public Parameter(Tensor data, bool requires_grad = true)
            : base(Take(data, requires_grad))
        {
        }

        // A result of tracked operations becomes a leaf of its own: the optimizer can change nothing else.
        private static IntPtr Take(Tensor data, bool requires_grad)
        {
            if (!data.is_leaf)
            {
                var leaf = data.detach();
                data.Dispose();
                data = leaf;
            }
            data.requires_grad = requires_grad;
            return data.DecoupleFromNativeHandle();
        }
    }
}

namespace TorchSharp
{
    public static partial class TensorExtensionMethods
    {
        /// <summary>Makes a parameter out of a tensor, which must not be used afterwards.</summary>
        public static Modules.Parameter AsParameter(this torch.Tensor tensor) => new(tensor);
    }

    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>Makes a parameter out of a tensor, which must not be used afterwards.</summary>
            public static Modules.Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}
