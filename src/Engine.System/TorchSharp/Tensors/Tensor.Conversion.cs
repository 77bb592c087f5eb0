using static TorchSharp.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The tensor with another dtype or on another device; itself where nothing changes and no copy is asked for.</summary>
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(l2c_to(this, (int)type, -1, -1, copy, non_blocking), disposeAfter);

        /// <summary>The tensor with another dtype or on another device; itself where nothing changes and no copy is asked for.</summary>
        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(type, copy, disposeAfter, non_blocking);

        /// <summary>The tensor with another dtype or on another device; itself where nothing changes and no copy is asked for.</summary>
        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(l2c_to(this, -1, (int)device.type, device.index, copy, non_blocking), disposeAfter);

        /// <summary>The tensor with another dtype or on another device; itself where nothing changes and no copy is asked for.</summary>
        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Converted(l2c_to(this, (int)type, (int)device.type, device.index, copy, non_blocking), disposeAfter);

        /// <summary>The tensor with another dtype or on another device; itself where nothing changes and no copy is asked for.</summary>
        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        /// <summary>The tensor with another dtype or on another device; itself where nothing changes and no copy is asked for.</summary>
        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(device), copy, disposeAfter, non_blocking);

        /// <summary>The tensor with another dtype or on another device; itself where nothing changes and no copy is asked for.</summary>
        public Tensor to(Tensor other, bool non_blocking = false) =>
            l2c_to(this, (int)other.dtype, (int)other.device_type, other.device_index, false, non_blocking);

        /// <summary>The tensor with another dtype.</summary>
        public Tensor type(ScalarType dtype) => to(dtype);

        /// <summary>The tensor with another dtype.</summary>
        public Tensor type_as(Tensor tensor) => to(tensor.dtype);

        /// <summary>The tensor on the CPU.</summary>
        public Tensor cpu() => to(CPU);

        /// <summary>The tensor on a GPU.</summary>
        public Tensor cuda(Device device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        /// <summary>The tensor as 32-bit reals.</summary>
        public Tensor @float() => to(ScalarType.Float32);

        /// <summary>The tensor as 64-bit reals.</summary>
        public Tensor @double() => to(ScalarType.Float64);

        /// <summary>The tensor as 16-bit reals.</summary>
        public Tensor half() => to(ScalarType.Float16);

        /// <summary>The tensor as bfloat16.</summary>
        public Tensor bfloat16() => to(ScalarType.BFloat16);

        /// <summary>The tensor as 64-bit integers.</summary>
        public Tensor @long() => to(ScalarType.Int64);

        /// <summary>The tensor as 32-bit integers.</summary>
        public Tensor @int() => to(ScalarType.Int32);

        /// <summary>The tensor as 16-bit integers.</summary>
        public Tensor @short() => to(ScalarType.Int16);

        /// <summary>The tensor as bytes.</summary>
        public Tensor @byte() => to(ScalarType.Byte);

        /// <summary>The tensor as 8-bit integers.</summary>
        public Tensor @char() => to(ScalarType.Int8);

        /// <summary>Whether each element is not zero.</summary>
        public Tensor @bool() => to(ScalarType.Bool);

        /// <summary>Zeros in this shape.</summary>
        public Tensor zeros_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_zeros(shape, Dimensions, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);

        /// <summary>Ones in this shape.</summary>
        public Tensor ones_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_ones(shape, Dimensions, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);

        /// <summary>Uninitialised memory in this shape.</summary>
        public Tensor empty_like(ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_empty(shape, Dimensions, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);

        /// <summary>A value in this shape.</summary>
        public Tensor full_like(Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_full(shape, Dimensions, value, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);

        /// <summary>Zeros of another shape, with this dtype and device.</summary>
        public Tensor new_zeros(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_zeros(size, size.Length, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);

        /// <summary>Uninitialised memory of another shape, with this dtype and device.</summary>
        public Tensor new_empty(long[] size, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_empty(size, size.Length, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);

        /// <summary>A value in another shape, with this dtype and device.</summary>
        public Tensor new_full(long[] size, Scalar value, ScalarType? dtype = null, Device device = null, bool requires_grad = false) =>
            Creation.Grad(l2c_full(size, size.Length, value, (int)(dtype ?? this.dtype), Type(device), Index(device)), requires_grad);
    }
}
