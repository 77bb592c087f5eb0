using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Whether operations on this thread are recorded for backward.</summary>
    public static bool is_grad_enabled() => l2c_grad_enabled();

    /// <summary>Stops recording on this thread until disposed.</summary>
    public static IDisposable no_grad() => new GradMode(false);

    /// <summary>Records on this thread (or does not) until disposed.</summary>
    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    /// <inheritdoc cref="enable_grad"/>
    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    /// <summary>Makes tensors on this thread that never take part in autograd, until disposed.</summary>
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    /// <summary>Whether this thread is in inference mode.</summary>
    public static bool is_inference_mode_enabled() => l2c_inference_mode_enabled();

    private sealed class GradMode : IDisposable
    {
        private readonly bool before = l2c_grad_enabled();
        private bool done;

        public GradMode(bool enabled) => l2c_set_grad_enabled(enabled);

        public void Dispose()
        {
            if (!done)
            {
                done = true;
                l2c_set_grad_enabled(before);
            }
        }
    }

    private sealed class InferenceMode(bool enabled) : IDisposable
    {
        private nint guard = l2c_inference_mode_enter(enabled);

        public void Dispose()
        {
            if (guard != 0)
            {
                l2c_inference_mode_leave(guard);
                guard = 0;
            }
        }
    }

    /// <summary>Derivatives of recorded operations.</summary>
    public static class autograd
    {
        /// <summary>
        /// The gradients of the outputs' sum (weighted with <paramref name="grad_outputs"/>) by the inputs, without touching any
        /// <c>grad</c>. An input that no output depends on is an error, or null with <paramref name="allow_unused"/>.
        /// </summary>
        public static IList<Tensor> grad(
            IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor> grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            var (y, x, g) = (Listed(outputs), Listed(inputs), Listed(grad_outputs));
            var result = l2c_autograd_grad(
                Handles(y), y.Count, Handles(x), x.Count, Handles(g), g.Count, retain_graph || create_graph ? 1 : 0, create_graph, allow_unused);
            KeepAlive(y, x, g);
            return result;
        }

        /// <summary>Adds the gradients of the tensors' sum (weighted with <paramref name="grad_tensors"/>) to the <c>grad</c> of the leaves, or of <paramref name="inputs"/> alone.</summary>
        public static void backward(IList<Tensor> tensors, IList<Tensor> grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null)
        {
            var (y, g, x) = (Listed(tensors), Listed(grad_tensors), Listed(inputs));
            var retain = retain_graph is { } keep ? keep ? 1 : 0 : -1;
            l2c_backward(Handles(y), y.Count, Handles(g), g.Count, retain, create_graph, Handles(x), x.Count);
            KeepAlive(y, x, g);
        }

        /// <inheritdoc cref="backward(IList{Tensor}, IList{Tensor}, bool?, bool, IList{Tensor})"/>
        public static void backward(Tensor tensor, IList<Tensor> grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        /// <inheritdoc cref="backward(IList{Tensor}, IList{Tensor}, bool?, bool, IList{Tensor})"/>
        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false, IList<Tensor> inputs = null) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);

        internal static IReadOnlyList<Tensor> Listed(IList<Tensor> tensors) => tensors as IReadOnlyList<Tensor> ?? tensors?.ToArray() ?? [];

        private static void KeepAlive(object a, object b, object c)
        {
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
        }
    }

    public partial class Tensor
    {
        /// <summary>Whether operations on the tensor are recorded. Setting is for leaves.</summary>
        public bool requires_grad
        {
            get => l2c_requires_grad(this);
            set => l2c_set_requires_grad(this, value);
        }

        /// <summary>Sets <see cref="requires_grad"/> and returns the tensor.</summary>
        public Tensor requires_grad_(bool requires_grad = true) => Changed(l2c_set_requires_grad(this, requires_grad));

        /// <inheritdoc cref="requires_grad_"/>
        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        /// <summary>Whether the tensor was made by the user, not by a recorded operation.</summary>
        public bool is_leaf => l2c_is_leaf(this);

        /// <summary>Keeps the gradient of a tensor that is no leaf.</summary>
        public void retain_grad() => l2c_retain_grad(this);

        /// <summary>
        /// What backward has added up, or null. A preset gradient, such as a view of a flat buffer, is added into in place. Each read
        /// makes a new object for the same native tensor, owned by the current scope.
        /// </summary>
        public Tensor grad
        {
            get
            {
                nint result = 0;
                l2c_grad(this, new Span<nint>(ref result));
                return result == 0 ? null : new Tensor(result);
            }

            set => l2c_set_grad(this, value);
        }

        /// <summary>Adds the gradients of this scalar to the <c>grad</c> of the leaves it depends on.</summary>
        public void backward() => autograd.backward(this);

        /// <summary>Adds the gradients of this tensor, weighted with <paramref name="grad_tensors"/>, to the <c>grad</c> of the leaves or of <paramref name="inputs"/> alone.</summary>
        public void backward(IList<Tensor> grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor> inputs = null) =>
            autograd.backward(this, grad_tensors, retain_graph || create_graph, create_graph, inputs);
    }
}
