using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace TorchSharp;

/// <summary>Passes a tensor as its handle (null as 0) and keeps it alive over the call; takes over the handle that comes back.</summary>
[CustomMarshaller(typeof(torch.Tensor), MarshalMode.ManagedToUnmanagedIn, typeof(In))]
[CustomMarshaller(typeof(torch.Tensor), MarshalMode.ManagedToUnmanagedOut, typeof(Out))]
internal static class TensorMarshaller
{
    internal ref struct In
    {
        private torch.Tensor tensor;

        public void FromManaged(torch.Tensor managed) => tensor = managed;

        public readonly nint ToUnmanaged() => tensor is null ? 0 : tensor.Handle;

        // Without it the finalizer could free the handle of a temporary while native code works on it.
        public readonly void OnInvoked() => GC.KeepAlive(tensor);

        public readonly void Free()
        {
        }
    }

    internal static class Out
    {
        public static torch.Tensor ConvertToManaged(nint handle) =>
            handle != 0 ? new torch.Tensor(handle) : throw new ExternalException(NativeMethods.LastError());
    }
}

/// <summary>Takes over a native list of tensors; undefined ones become null.</summary>
[CustomMarshaller(typeof(torch.Tensor[]), MarshalMode.ManagedToUnmanagedOut, typeof(TensorListMarshaller))]
internal static class TensorListMarshaller
{
    public static torch.Tensor[] ConvertToManaged(nint list)
    {
        if (list == 0)
        {
            throw new ExternalException(NativeMethods.LastError());
        }
        var result = new torch.Tensor[NativeMethods.l2c_list_length(list)];
        for (var i = 0; i < result.Length; i++)
        {
            var handle = NativeMethods.l2c_list_get(list, i);
            result[i] = handle == 0 ? null : new torch.Tensor(handle);
        }
        NativeMethods.l2c_list_free(list);
        return result;
    }
}

/// <summary>Passes a generator as its handle, null as 0.</summary>
[CustomMarshaller(typeof(torch.Generator), MarshalMode.ManagedToUnmanagedIn, typeof(In))]
internal static class GeneratorMarshaller
{
    internal ref struct In
    {
        private torch.Generator generator;

        public void FromManaged(torch.Generator managed) => generator = managed;

        public readonly nint ToUnmanaged() => generator is null ? 0 : generator.Handle;

        public readonly void OnInvoked() => GC.KeepAlive(generator);

        public readonly void Free()
        {
        }
    }
}

/// <summary>What an entry without a result returns; a failure becomes an <see cref="ExternalException"/> with libtorch's text.</summary>
[NativeMarshalling(typeof(StatusMarshaller))]
internal readonly struct Status;

[CustomMarshaller(typeof(Status), MarshalMode.ManagedToUnmanagedOut, typeof(StatusMarshaller))]
internal static class StatusMarshaller
{
    public static Status ConvertToManaged(int status) => status == 0 ? default : throw new ExternalException(NativeMethods.LastError());
}

/// <summary>A number as the bridge takes it: <c>l2c::Number</c> in bridge.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ScalarValue
{
    /// <summary>0 none, 1 integer, 2 real, 3 bool, 4 complex.</summary>
    public long Kind;
    public long Integer;
    public double Real;
    public double Imaginary;
}

/// <summary>Passes a scalar by value, null as "none".</summary>
[CustomMarshaller(typeof(Scalar), MarshalMode.ManagedToUnmanagedIn, typeof(ScalarMarshaller))]
internal static class ScalarMarshaller
{
    public static ScalarValue ConvertToUnmanaged(Scalar scalar) => scalar?.Value ?? default;
}

/// <summary>One item of an index expression: <c>IndexItem</c> in shape.cpp.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TensorIndexValue
{
    /// <summary>0 None, 1 Ellipsis, 2 integer, 3 bool, 4 slice, 5 tensor.</summary>
    public long Kind;
    public long Start;
    public long Stop;
    public long Step;
    public nint Tensor;
}

/// <summary>A C++ bool: one byte, 0 or 1.</summary>
internal readonly struct Flag
{
    private readonly byte value;

    private Flag(bool value) => this.value = value ? (byte)1 : (byte)0;

    public static implicit operator Flag(bool value) => new(value);

    public static implicit operator bool(Flag flag) => flag.value != 0;
}
