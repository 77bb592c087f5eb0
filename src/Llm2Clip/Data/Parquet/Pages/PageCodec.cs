using System.IO.Compression;
using K4os.Compression.LZ4;
using Parquet.Meta;
using Snappier;
using ZstdSharp;

namespace Llm2Clip.Data.Parquet.Pages;

/// <summary>
/// Unpacks pages into memory of ours. Parquet.Net unpacks too, but copies a page three times on the way, believes sizes up to 2 GB, and
/// does not look at whether LZ4 and Brotli gave what they should. What unpacks is the same: .NET, and the packages that Parquet.Net comes
/// with.
/// </summary>
internal sealed class PageCodec : IDisposable
{
    /// <summary>
    /// Pages of up to this size may unfold from nothing; larger ones are believed up to <see cref="MostRatio"/>. Writers make pages of 1
    /// MB, or whole columns.
    /// </summary>
    private const int FreeBytes = 16 << 20;

    private const long MostRatio = 1024;

    private Decompressor? _zstd;

    /// <summary>Throws <see cref="InvalidDataException"/> where a page claims more bytes than its packed ones can hold.</summary>
    public static void CheckSize(CompressionCodec codec, long packed, long unpacked)
    {
        if (codec == CompressionCodec.UNCOMPRESSED ? packed != unpacked : unpacked > Math.Max(FreeBytes, packed * MostRatio))
        {
            throw new InvalidDataException($"it has a page of {packed:N0} bytes that claims to hold {unpacked:N0}");
        }
    }

    /// <summary>
    /// Fills <paramref name="into"/>. Throws <see cref="InvalidDataException"/>, or what the codec throws, where the bytes do not give
    /// exactly that much.
    /// </summary>
    public void Unpack(CompressionCodec codec, byte[] from, int offset, int length, Span<byte> into)
    {
        var packed = from.AsSpan(offset, length);
        var given = codec switch
        {
            CompressionCodec.UNCOMPRESSED => Copy(packed, into),
            CompressionCodec.SNAPPY => Snappy.GetUncompressedLength(packed) == into.Length ? Snappy.Decompress(packed, into) : -1,
            CompressionCodec.GZIP => Gzip(new MemoryStream(from, offset, length), into),
            CompressionCodec.BROTLI => BrotliDecoder.TryDecompress(packed, into, out var written) ? written : -1,
            CompressionCodec.ZSTD => (_zstd ??= new Decompressor()).Unwrap(packed, into),
            CompressionCodec.LZ4 or CompressionCodec.LZ4_RAW => LZ4Codec.Decode(packed, into),
            _ => throw new InvalidDataException($"it is compressed by {codec}, which is not read"),
        };
        if (given != into.Length)
        {
            throw new InvalidDataException($"it has a page whose {codec} data does not give the {into.Length:N0} bytes that it states");
        }
    }

    public void Dispose() => _zstd?.Dispose();

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> into)
    {
        from.CopyTo(into);
        return from.Length;
    }

    private static int Gzip(MemoryStream packed, Span<byte> into)
    {
        using var gzip = new GZipStream(packed, CompressionMode.Decompress);
        return gzip.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
    }
}
