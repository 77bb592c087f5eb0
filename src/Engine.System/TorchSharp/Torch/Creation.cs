using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>What the creating functions share. Arrays are always copied, so that a tensor never rests on managed memory.</summary>
    internal static class Creation
    {
        /// <summary>The dtype's number, the default dtype's where none is given.</summary>
        internal static int Code(ScalarType? dtype) => (int)(dtype ?? defaultDtype);

        /// <summary>The dtype of a tensor filled with a number: as the number is, reals in the default dtype.</summary>
        internal static int Code(ScalarType? dtype, Scalar value) =>
            (int)(dtype ?? (is_floating_point(value.Type) ? defaultDtype : value.Type));

        internal static int Type(Device device) => (int)(device ?? defaultDevice).type;

        internal static int Index(Device device) => (device ?? defaultDevice).index;

        internal static Tensor Grad(Tensor tensor, bool requiresGrad) => requiresGrad ? tensor.requires_grad_() : tensor;

        /// <summary>A copy of the elements in that shape.</summary>
        internal static Tensor Copy<T>(T[] array, ReadOnlySpan<long> shape, ScalarType? dtype, Device device, bool requiresGrad) =>
            Copy((ReadOnlySpan<T>)array, shape, dtype, device, requiresGrad);

        /// <inheritdoc cref="Copy{T}(T[], ReadOnlySpan{long}, ScalarType?, Device, bool)"/>
        internal static Tensor Copy<T>(ReadOnlySpan<T> elements, ReadOnlySpan<long> shape, ScalarType? dtype, Device device, bool requiresGrad)
        {
            var bytes = MemoryMarshal.CreateReadOnlySpan(
                ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(elements)), checked(elements.Length * Unsafe.SizeOf<T>()));
            return Finish(l2c_from_bytes(bytes, bytes.Length, shape, shape.Length, (int)ElementTypes.Of(typeof(T))), dtype, device, requiresGrad);
        }

        /// <summary>A copy of an array of any rank.</summary>
        internal static Tensor CopyAny(Array array, ScalarType? dtype, Device device, bool requiresGrad)
        {
            var type = ElementTypes.Of(array.GetType().GetElementType());
            var shape = new long[array.Rank];
            for (var i = 0; i < shape.Length; i++)
            {
                shape[i] = array.GetLongLength(i);
            }
            var bytes = MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(array), checked((int)(array.LongLength * type.ElementSize())));
            return Finish(l2c_from_bytes(bytes, bytes.Length, shape, shape.Length, (int)type), dtype, device, requiresGrad);
        }

        /// <summary>The memory of a list, without copying where it is an array or a <see cref="List{T}"/>.</summary>
        internal static ReadOnlySpan<T> Span<T>(IList<T> list) => list switch
        {
            T[] array => array,
            List<T> growing => CollectionsMarshal.AsSpan(growing),
            _ => list.ToArray(),
        };

        private static Tensor Finish(Tensor copy, ScalarType? dtype, Device device, bool requiresGrad)
        {
            var target = device ?? defaultDevice;
            if ((dtype is { } wanted && wanted != copy.dtype) || target.type != DeviceType.CPU)
            {
                copy = copy.to(dtype ?? copy.dtype, target, disposeAfter: true);
            }
            return Grad(copy, requiresGrad);
        }
    }
}
