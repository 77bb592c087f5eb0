using System.Runtime.InteropServices;
using Llm2Clip.Data;

namespace Llm2Clip.Images;

/// <summary>Runs one libvips operation: set its arguments, run it, take an output. Throws <see cref="VipsException"/> with libvips' own words.</summary>
internal sealed unsafe class VipsOperation : IDisposable
{
    private readonly string _name;
    private VipsObject _operation;

    public VipsOperation(string name)
    {
        VipsNative.Start();
        _name = name;
        _operation = VipsNative.OperationNew(name);
        if (_operation.IsInvalid)
        {
            throw new VipsException($"this libvips has no {name}: {VipsNative.TakeError()}");
        }
    }

    /// <summary>Whether this libvips has an operation.</summary>
    public static bool Exists(string name)
    {
        VipsNative.Start();
        using var operation = VipsNative.OperationNew(name);
        VipsNative.TakeError();
        return !operation.IsInvalid;
    }

    /// <summary>Sets an argument from its text form: numbers, <c>true</c>, names of enum values.</summary>
    public VipsOperation Set(string name, string value)
    {
        if (VipsNative.SetArgument(_operation, name, value) != 0)
        {
            throw new VipsException($"{_name} does not take {name}={value}: {VipsNative.TakeError()}");
        }
        return this;
    }

    /// <summary>Sets an argument to bytes that are not copied: they must stay where they are until the last output is released.</summary>
    public VipsOperation Set(string name, byte* data, int length)
    {
        var blob = VipsNative.BlobNew(0, data, (nuint)length);
        var value = default(VipsNative.Value);
        VipsNative.ValueInit(ref value, VipsNative.BlobType());
        VipsNative.ValueSetBoxed(ref value, blob);
        VipsNative.SetProperty(_operation, name, ref value);
        VipsNative.ValueUnset(ref value);
        VipsNative.AreaUnref(blob);
        return this;
    }

    /// <summary>Sets an argument to an image.</summary>
    public VipsOperation Set(string name, VipsObject image)
    {
        var value = default(VipsNative.Value);
        VipsNative.ValueInit(ref value, VipsNative.ImageType());
        VipsNative.ValueSetObject(ref value, image.DangerousGetHandle());
        VipsNative.SetProperty(_operation, name, ref value);
        VipsNative.ValueUnset(ref value);
        GC.KeepAlive(image);
        return this;
    }

    /// <summary>Builds the operation; pixels are computed when they are asked for.</summary>
    public VipsOperation Run()
    {
        // Building may swap the operation for another, and takes over the reference either way.
        var raw = _operation.DangerousGetHandle();
        if (VipsNative.OperationBuild(ref raw) != 0)
        {
            throw new VipsException(VipsNative.TakeError());
        }
        if (raw != _operation.DangerousGetHandle())
        {
            _operation.SetHandleAsInvalid();
            _operation = new VipsObject(raw);
        }
        return this;
    }

    /// <summary>An output image, as a reference of its own.</summary>
    public VipsObject Image(string name)
    {
        var value = default(VipsNative.Value);
        VipsNative.ValueInit(ref value, VipsNative.ImageType());
        VipsNative.GetProperty(_operation, name, ref value);
        var image = new VipsObject(VipsNative.ValueDupObject(ref value));
        VipsNative.ValueUnset(ref value);
        return image;
    }

    /// <summary>A copy of an output blob.</summary>
    public byte[] Bytes(string name)
    {
        var value = default(VipsNative.Value);
        VipsNative.ValueInit(ref value, VipsNative.BlobType());
        VipsNative.GetProperty(_operation, name, ref value);
        var data = VipsNative.BlobGet(VipsNative.ValueGetBoxed(ref value), out var length);
        var copy = new Span<byte>(data, checked((int)length)).ToArray();
        VipsNative.ValueUnset(ref value);
        return copy;
    }

    public void Dispose()
    {
        if (!_operation.IsInvalid && !_operation.IsClosed)
        {
            // Exactly once, built or failed: it takes a reference off each output.
            VipsNative.UnrefOutputs(_operation.DangerousGetHandle());
        }
        _operation.Dispose();
    }
}

/// <summary>libvips refused, and the message is its own; or the picture is refused before libvips reads its pixels.</summary>
internal sealed class VipsException(string message, BadSampleCause cause = BadSampleCause.DamagedPicture) : Exception(message)
{
    public BadSampleCause Cause { get; } = cause;
}
