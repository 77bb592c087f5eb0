// Own: TorchSharp has no safetensors, and what the reference implementation refuses must be refused here too.
using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using Llm2Clip.Files;
using static TorchSharp.torch;

namespace Llm2Clip.Weights;

/// <summary>
/// One safetensors file, memory-mapped: 8 bytes header length, JSON header, tensors. https://github.com/huggingface/safetensors#format
/// The header is checked as a whole on opening (<see cref="SafetensorsHeader"/>). The file must not change while it is open.
/// </summary>
internal sealed unsafe class SafetensorsFile : ISafetensors
{
    /// <summary>Tensors above this size are copied in slices, since a span holds at most 2 GB.</summary>
    private const long SliceBytes = 1L << 30;

    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly SafetensorsHeader _header;
    private byte* _data;

    private SafetensorsFile(string path, MemoryMappedFile map, MemoryMappedViewAccessor view, byte* start, long length)
    {
        (Path, _map, _view) = (path, map, view);
        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(start, sizeof(ulong)));
        if (headerBytes > (ulong)(length - sizeof(ulong)) || headerBytes > SafetensorsHeader.MaxHeaderBytes)
        {
            throw new InputException(
                $"{path}: not a safetensors file, or cut short (its header should have {headerBytes} bytes, the file has {length} in "
                + "all).");
        }
        _header = SafetensorsHeader.Parse(
            path, new ReadOnlySpan<byte>(start + sizeof(ulong), (int)headerBytes), length - sizeof(ulong) - (long)headerBytes);
        _data = start + sizeof(ulong) + headerBytes;
        Names = [.. _header.Tensors.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="InputException">It is missing, or not a whole and consistent safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        LfsPointer.Refuse(path);
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be opened ({error.Message}).", error);
        }
        var length = stream.Length;
        if (length < sizeof(ulong))
        {
            stream.Dispose();
            throw new InputException($"{path}: not a safetensors file, or cut short ({length} bytes).");
        }
        var map = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        var view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            return new SafetensorsFile(path, map, view, start, length);
        }
        catch
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            map.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool Contains(string name) => _header.Tensors.ContainsKey(name);

    /// <inheritdoc/>
    public SafetensorsInfo Info(string name) => _header.Tensors.TryGetValue(name, out var info)
        ? info
        : throw new InputException($"{Path}: there is no tensor '{name}' in it.");

    /// <summary>The bytes of a tensor in the map, valid until the file is disposed.</summary>
    /// <exception cref="InputException">There is none of that name, or it has more bytes than a span can hold.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var info = Info(name);
        return info.ByteCount <= int.MaxValue
            ? Slice(info.Offset, info.ByteCount)
            : throw new InputException($"{Path}: tensor '{name}' has {info.ByteCount} bytes, more than can be looked at in one piece.");
    }

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType? dtype = null)
    {
        var info = Info(name);
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        var tensor = empty([.. info.Shape], dtype: info.Type);
        Fill(tensor, info);
        var converted = dtype is { } wanted && wanted != info.Type ? tensor.to(wanted) : tensor;
        return converted.MoveToOuterDisposeScope();
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        if (_data is null)
        {
            return;
        }
        _data = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private void Fill(Tensor tensor, SafetensorsInfo info)
    {
        if (info.ByteCount == 0)
        {
            return;
        }
        if (info.ByteCount <= SliceBytes)
        {
            Slice(info.Offset, info.ByteCount).CopyTo(tensor.bytes);
            return;
        }
        // A flat view in slices.
        var flat = tensor.view(-1);
        var size = SafetensorsTypes.SizeOf(info.Type);
        for (var at = 0L; at < info.ByteCount; at += SliceBytes)
        {
            var bytes = Math.Min(SliceBytes, info.ByteCount - at);
            using var slice = flat.narrow(0, at / size, bytes / size);
            Slice(info.Offset + at, bytes).CopyTo(slice.bytes);
        }
    }

    private ReadOnlySpan<byte> Slice(long offset, long bytes)
    {
        ObjectDisposedException.ThrowIf(_data is null, this);
        return new ReadOnlySpan<byte>(_data + offset, (int)bytes);
    }
}
