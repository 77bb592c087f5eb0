using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// A tensor of libtorch. The object owns one native handle; it is registered with the thread's current
    /// <see cref="DisposeScope"/> and disposed with it. Operations that end in an underscore change the tensor and return it.
    /// A failed operation throws <see cref="ExternalException"/> with libtorch's text.
    /// </summary>
    /// <remarks>Not safe for concurrent changes; different threads may read one tensor. Dispose a tensor on the thread of its scope.</remarks>
    [NativeMarshalling(typeof(TensorMarshaller))]
    public partial class Tensor : IDisposable
    {
        private static long total;
        private static long peak;
        private nint handle;

        internal DisposeScope OwningScope;
        internal int ScopeIndex;

        /// <summary>Takes over a native handle.</summary>
        internal Tensor(nint handle)
        {
            this.handle = handle;
            var now = Interlocked.Increment(ref total);
            if (now > peak)
            {
                peak = now;
            }
            DisposeScopeManager.OfThread.Register(this);
        }

        ~Tensor() => Dispose(false);

        /// <summary>Tensor objects alive in this process.</summary>
        public static long TotalCount => Interlocked.Read(ref total);

        /// <summary>The most there ever were.</summary>
        public static long PeakCount => Interlocked.Read(ref peak);

        /// <summary>The native handle. Throws <see cref="InvalidOperationException"/> once disposed.</summary>
        public IntPtr Handle => handle != 0 ? handle : Disposed();

        /// <summary>Whether the tensor has been disposed.</summary>
        public bool IsInvalid => handle == 0;

        /// <summary>Gives the native handle away: the caller frees it, and this object is as disposed.</summary>
        public IntPtr DecoupleFromNativeHandle()
        {
            var given = Handle;
            OwningScope?.Remove(this);
            handle = 0;
            Interlocked.Decrement(ref total);
            GC.SuppressFinalize(this);
            return given;
        }

        /// <summary>Takes over a native handle that somebody gave away.</summary>
        public static Tensor UnsafeCreateTensor(IntPtr handle) => new(handle);

        /// <summary>Frees the native handle now. A second call does nothing.</summary>
        public void Dispose()
        {
            if (handle == 0)
            {
                return;
            }
            var statistics = DisposeScopeManager.Statistics.TensorStatistics;
            statistics.DisposedOutside++;
            OwningScope?.Remove(this);
            DisposeFromScope();
        }

        /// <summary>Frees the native handle; from the finalizer where <paramref name="disposing"/> is false.</summary>
        protected virtual void Dispose(bool disposing)
        {
            var freed = Interlocked.Exchange(ref handle, 0);
            if (freed != 0)
            {
                Interlocked.Decrement(ref total);
                l2c_free(freed);
            }
        }

        internal void DisposeFromScope()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Hands the tensor to the scope around the one that owns it (or to nobody, where there is none).</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningScope?.MoveToOuter(this);
            return this;
        }

        /// <summary>Takes the tensor out of its scope: it lives until it is disposed.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningScope?.Detach(this);
            return this;
        }

        /// <summary>Hands the tensor to another scope; null detaches it.</summary>
        public Tensor MoveToOtherDisposeScope(DisposeScope other)
        {
            if (OwningScope is { } owner)
            {
                owner.MoveToOther(other, this);
            }
            else
            {
                other?.Attach(this);
            }
            return this;
        }

        /// <summary>Hands the tensor to the scope of another tensor.</summary>
        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningScope);

        public override bool Equals(object obj) => obj is Tensor other && Equals(other);

        /// <summary>Whether both have the same shape and the same elements.</summary>
        public bool Equals(Tensor target)
        {
            l2c_equal(this, target, out var result);
            return result != 0;
        }

        public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

        // What an operation in place returns.
        private Tensor Changed(Status _) => this;

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static nint Disposed() => throw new InvalidOperationException("Tensor invalid -- empty handle. It has been disposed, by its scope perhaps.");
    }
}
