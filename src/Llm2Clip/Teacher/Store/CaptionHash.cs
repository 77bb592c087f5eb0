using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// The key of a caption in an <see cref="EmbeddingStore"/>: XxHash128 (seed 0) of its UTF-8 text, exactly as the data set gives it.
/// The same as <c>xxhash.xxh128(text.encode()).digest()</c> in Python. At 128 bits, 30 million captions collide with a probability near
/// 1e-24.
/// </summary>
public readonly record struct CaptionHash(ulong High, ulong Low) : IComparable<CaptionHash>
{
    /// <summary>Bytes of a key on disk, most significant first, so that byte order is key order.</summary>
    public const int Size = 16;

    /// <summary>The key of a text.</summary>
    public static CaptionHash Of(ReadOnlySpan<char> text)
    {
        const int OnStack = 1024;
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        var rented = most > OnStack ? ArrayPool<byte>.Shared.Rent(most) : null;
        Span<byte> utf8 = rented ?? stackalloc byte[OnStack];
        try
        {
            var length = Encoding.UTF8.GetBytes(text, utf8);
            var hash = XxHash128.HashToUInt128(utf8[..length]);
            return new CaptionHash((ulong)(hash >> 64), (ulong)hash);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>Reads the first <see cref="Size"/> bytes of a span.</summary>
    public static CaptionHash Read(ReadOnlySpan<byte> from) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(from), BinaryPrimitives.ReadUInt64BigEndian(from[8..]));

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to, High);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], Low);
    }

    /// <summary>Reads the 32 hexadecimal digits that <see cref="ToString"/> writes; false where the text is something else.</summary>
    public static bool TryParse(string? text, out CaptionHash key)
    {
        key = default;
        if (text is not { Length: 32 } || !UInt128.TryParse(text, System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value))
        {
            return false;
        }
        key = new CaptionHash((ulong)(value >> 64), (ulong)value);
        return true;
    }

    /// <summary>Orders as unsigned 128-bit numbers.</summary>
    public int CompareTo(CaptionHash other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => $"{High:x16}{Low:x16}";
}
