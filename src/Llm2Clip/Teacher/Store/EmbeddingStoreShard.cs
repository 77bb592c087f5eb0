using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Llm2Clip.Files;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// One shard opened for reading: <c>vectors-N.bin</c> holds rows of equal width and nothing else (numpy reads it with <c>fromfile</c>),
/// <c>keys-N.bin</c> 24 bytes per row: the caption's key and XxHash3 of the vector's bytes seeded with the key. The row checksum is what
/// lets a shard that was being written be recovered to the row.
/// </summary>
internal sealed class EmbeddingStoreShard : IDisposable
{
    public const int KeyRowSize = CaptionHash.Size + 8;

    private readonly MappedFile _vectors;
    private readonly int _rowBytes;
    private readonly VectorType _type;

    public EmbeddingStoreShard(string folder, EmbeddingStoreManifest manifest, ShardEntry entry)
    {
        Entry = entry;
        (_rowBytes, _type) = (manifest.RowBytes, manifest.Dtype);
        var path = Path.Combine(folder, ShardEntry.VectorFile(entry.Number));
        var length = (long)entry.Rows * _rowBytes;
        StoreFiles.RequireLength(path, length, exact: false);
        _vectors = new MappedFile(path, length);
    }

    public ShardEntry Entry { get; }

    /// <summary>Copies a row as fp32.</summary>
    public void Read(int row, Span<float> into) => ToSingle(_vectors.Slice((long)row * _rowBytes, _rowBytes), _type, into);

    /// <summary>A stored row as fp32.</summary>
    public static void ToSingle(ReadOnlySpan<byte> row, VectorType type, Span<float> into)
    {
        if (type == VectorType.Fp32)
        {
            MemoryMarshal.Cast<byte, float>(row).CopyTo(into);
        }
        else
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(row), into);
        }
    }

    /// <summary>Keys of the first <paramref name="rows"/> rows in row order, read from the key file.</summary>
    public static IEnumerable<CaptionHash> Keys(string folder, int number, int rows)
    {
        var path = Path.Combine(folder, ShardEntry.KeyFile(number));
        StoreFiles.RequireLength(path, (long)rows * KeyRowSize, exact: false);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
        var buffer = new byte[KeyRowSize];
        for (var row = 0; row < rows; row++)
        {
            stream.ReadExactly(buffer);
            yield return CaptionHash.Read(buffer);
        }
    }

    /// <summary>Writes the key row of a vector.</summary>
    public static void WriteKeyRow(CaptionHash key, ReadOnlySpan<byte> vector, Span<byte> to)
    {
        key.Write(to);
        BinaryPrimitives.WriteUInt64LittleEndian(to[CaptionHash.Size..], RowChecksum(key, vector));
    }

    /// <summary>Whether a key row belongs to the vector beside it.</summary>
    public static bool Agrees(ReadOnlySpan<byte> keyRow, ReadOnlySpan<byte> vector) =>
        BinaryPrimitives.ReadUInt64LittleEndian(keyRow[CaptionHash.Size..]) == RowChecksum(CaptionHash.Read(keyRow), vector);

    public void Dispose() => _vectors.Dispose();

    private static ulong RowChecksum(CaptionHash key, ReadOnlySpan<byte> vector) =>
        XxHash3.HashToUInt64(vector, unchecked((long)(key.Low ^ (key.High * 31) ^ 0x9e3779b97f4a7c15)));
}
