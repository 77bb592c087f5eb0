using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp.Utils;
using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>
        /// The elements as memory of type <typeparamref name="T"/>, which must be the dtype's own. The accessor reads and writes the
        /// tensor's memory and is valid while the tensor is. Throws <see cref="InvalidOperationException"/> for a tensor that is not on the CPU.
        /// </summary>
        public TensorAccessor<T> data<T>()
            where T : unmanaged
        {
            ElementTypes.Check<T>(dtype);
            return new TensorAccessor<T>(this);
        }

        /// <summary>
        /// The bytes of the elements in their order. Setting copies into the tensor; the length must fit. For a contiguous CPU tensor
        /// the span is its memory, for a GPU tensor a copy. Throws <see cref="NotImplementedException"/> where the tensor is not contiguous.
        /// </summary>
        public unsafe Span<byte> bytes
        {
            get
            {
                if (!is_contiguous())
                {
                    throw new NotImplementedException("bytes: the tensor is not contiguous.");
                }
                if (!is_cpu())
                {
                    using var local = cpu();
                    return local.bytes.ToArray();
                }
                return new Span<byte>((void*)l2c_data_ptr(this), checked((int)(numel() * element_size())));
            }

            set
            {
                if (value.Length != numel() * element_size())
                {
                    throw new ArgumentException($"The tensor holds {numel() * element_size()} bytes, {value.Length} were given.", nameof(value));
                }
                if (is_cpu() && is_contiguous())
                {
                    value.CopyTo(bytes);
                    return;
                }
                using var local = l2c_from_bytes(value, value.Length, shape, Dimensions, (int)dtype);
                using var quiet = no_grad();
                copy_(local);
            }
        }

        /// <summary>The only element. Throws <see cref="ArgumentException"/> where there are more or <typeparamref name="T"/> is not the dtype's type.</summary>
        public T item<T>()
            where T : unmanaged
        {
            if (numel() != 1)
            {
                throw new ArgumentException("only one element tensors can be converted to scalars");
            }
            ElementTypes.Check<T>(dtype);
            if (is_cpu())
            {
                unsafe
                {
                    var value = *(T*)l2c_data_ptr(this);
                    GC.KeepAlive(this);
                    return value;
                }
            }
            using var local = cpu();
            return local.item<T>();
        }

        /// <summary>The only element, whatever its dtype.</summary>
        public Scalar ToScalar()
        {
            l2c_item(this, out var value);
            return Scalar.From(value);
        }

        public static explicit operator float(Tensor value) => value.ToSingle();

        public static explicit operator double(Tensor value) => value.ToDouble();

        public static explicit operator sbyte(Tensor value) => value.ToSByte();

        public static explicit operator byte(Tensor value) => value.ToByte();

        public static explicit operator short(Tensor value) => value.ToInt16();

        public static explicit operator int(Tensor value) => value.ToInt32();

        public static explicit operator long(Tensor value) => value.ToInt64();

        public static explicit operator bool(Tensor value) => value.ToBoolean();

        public static implicit operator Tensor(byte value) => tensor(value);

        public static implicit operator Tensor(sbyte value) => tensor(value);

        public static implicit operator Tensor(short value) => tensor(value);

        public static implicit operator Tensor(int value) => tensor(value);

        public static implicit operator Tensor(long value) => tensor(value);

        public static implicit operator Tensor(float value) => tensor(value);

        public static implicit operator Tensor(double value) => tensor(value);

        public static implicit operator Tensor(bool value) => tensor(value);

        public static implicit operator Tensor(byte[] value) => tensor(value);

        public static implicit operator Tensor(short[] value) => tensor(value);

        public static implicit operator Tensor(int[] value) => tensor(value);

        public static implicit operator Tensor(long[] value) => tensor(value);

        public static implicit operator Tensor(float[] value) => tensor(value);

        public static implicit operator Tensor(double[] value) => tensor(value);

        public static implicit operator Tensor(bool[] value) => tensor(value);

        public static implicit operator Tensor(Scalar scalar) => l2c_full([], 0, scalar, (int)scalar.Type, (int)DeviceType.CPU, -1);

        public override string ToString() => ToString(TensorStringStyle.Metadata);

        /// <summary>Shape, dtype and device, or with any other style than metadata libtorch's print of the elements.</summary>
        public string ToString(TensorStringStyle style, string fltFormat = null, int? width = null, System.Globalization.CultureInfo cultureInfo = null, string newLine = null)
        {
            if (style == TensorStringStyle.Metadata)
            {
                return $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";
            }
            var text = l2c_print(this);
            if (text == 0)
            {
                throw new ExternalException(LastError());
            }
            try
            {
                return Marshal.PtrToStringUTF8(text);
            }
            finally
            {
                l2c_free_text(text);
            }
        }
    }

    /// <summary>The C# type of each dtype.</summary>
    internal static class ElementTypes
    {
        internal static ScalarType Of(Type type) => type switch
        {
            _ when type == typeof(float) => ScalarType.Float32,
            _ when type == typeof(double) => ScalarType.Float64,
            _ when type == typeof(long) => ScalarType.Int64,
            _ when type == typeof(int) => ScalarType.Int32,
            _ when type == typeof(short) => ScalarType.Int16,
            _ when type == typeof(sbyte) => ScalarType.Int8,
            _ when type == typeof(byte) => ScalarType.Byte,
            _ when type == typeof(bool) => ScalarType.Bool,
            _ when type == typeof(Half) => ScalarType.Float16,
            _ when type == typeof(BFloat16) => ScalarType.BFloat16,
            _ when type == typeof((float, float)) => ScalarType.ComplexFloat32,
            _ when type == typeof(Complex) => ScalarType.ComplexFloat64,
            _ => throw new ArgumentException($"No dtype stands for {type}."),
        };

        internal static void Check<T>(ScalarType dtype)
        {
            if (Of(typeof(T)) != dtype)
            {
                throw new ArgumentException($"Tensor of type {dtype} is not compatible with type {typeof(T).Name}");
            }
        }
    }
}
