using Llm2Clip.Engine.Torch;
using static TorchSharp.NativeMethods;

namespace TorchSharp;

/// <summary>The functions of libtorch, with the names and signatures of the TorchSharp package.</summary>
public static partial class torch
{
    /// <summary>The version of libtorch.</summary>
    public static string __version__ => TorchBuild.Version;

    /// <summary>Opens a scope that owns the tensors made from now on, on this thread, until it is disposed.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.OfThread.NewScope();

    /// <summary>The innermost open scope of this thread, or null.</summary>
    public static DisposeScope CurrentDisposeScope => DisposeScopeManager.OfThread.Current;

    /// <summary>Runs the expression in a scope of its own and returns its result to the one around.</summary>
    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }

    /// <summary>Threads that one operation uses.</summary>
    public static void set_num_threads(int num) => l2c_set_num_threads(num);

    /// <inheritdoc cref="set_num_threads"/>
    public static int get_num_threads() => l2c_get_num_threads();

    /// <summary>Asks for operations that give the same bits each time, and for an error where there are none.</summary>
    public static IDisposable use_deterministic_algorithms(bool mode = true, bool warn_only = false)
    {
        var before = l2c_get_deterministic();
        l2c_set_deterministic(mode, warn_only);
        return new Restore(() => l2c_set_deterministic(before, warn_only));
    }

    /// <summary>Whether operations must give the same bits each time.</summary>
    public static bool are_deterministic_algorithms_enabled() => l2c_get_deterministic();

    /// <summary>GPUs.</summary>
    public static class cuda
    {
        /// <summary>Whether libtorch was built with CUDA and a GPU is there.</summary>
        public static bool is_available() => l2c_cuda_is_available() && l2c_cuda_device_count() > 0;

        /// <summary>Whether cuDNN is there.</summary>
        public static bool is_cudnn_available() => l2c_cudnn_is_available();

        /// <summary>Number of GPUs.</summary>
        public static int device_count() => l2c_cuda_is_available() ? l2c_cuda_device_count() : 0;

        /// <summary>Seeds the generators of the GPUs (and of the CPU).</summary>
        public static void manual_seed(long seed) => torch.manual_seed(seed);

        /// <inheritdoc cref="manual_seed"/>
        public static void manual_seed_all(long seed) => torch.manual_seed(seed);

        /// <summary>Waits until the GPU has done everything asked of it.</summary>
        public static void synchronize(Device device = null) => l2c_cuda_synchronize(device?.index ?? 0);
    }

    /// <summary>Settings of the libraries below libtorch.</summary>
    public static class backends
    {
        /// <summary>Settings of CUDA.</summary>
        public static class cuda
        {
            /// <summary>Settings of CUDA's matrix products.</summary>
            public static class matmul
            {
                /// <summary>Whether fp32 products may round their inputs to TF32.</summary>
                public static bool allow_tf32
                {
                    get => l2c_get_allow_tf32(true);
                    set => l2c_set_allow_tf32(true, value);
                }
            }
        }

        /// <summary>Settings of cuDNN.</summary>
        public static class cudnn
        {
            /// <summary>Whether fp32 convolutions may round their inputs to TF32.</summary>
            public static bool allow_tf32
            {
                get => l2c_get_allow_tf32(false);
                set => l2c_set_allow_tf32(false, value);
            }
        }
    }

    private sealed class Restore(Action action) : IDisposable
    {
        private Action pending = action;

        public void Dispose() => Interlocked.Exchange(ref pending, null)?.Invoke();
    }
}
