using System.Buffers.Binary;

namespace Llm2Clip.Images;

/// <summary>
/// Whether a JPEG may have to be turned, read without a decoder: libjpeg-turbo, which is four times as fast as libvips, does not say.
/// </summary>
internal static class JpegOrientation
{
    private const byte App1 = 0xE1;
    private const ushort Tag = 0x0112;
    private const int EntryBytes = 12;

    /// <summary>
    /// True where the image is upright for certain: no EXIF data precede its pixels, or they state orientation 1 or none (Exif 2.32, 4.6.2
    /// and 4.7.2).
    /// </summary>
    public static bool IsUpright(ReadOnlySpan<byte> file)
    {
        var segments = new JpegSegments(file);
        while (segments.MoveNext())
        {
            if (segments.Marker == JpegSegments.StartOfScan)
            {
                return true;
            }
            if (segments.Length < 2 || segments.Length > segments.Rest.Length)
            {
                return false;
            }
            var data = segments.Rest[2..segments.Length];
            if (segments.Marker == App1 && data.StartsWith("Exif\0\0"u8) && !StatesUpright(data[6..]))
            {
                return false;
            }
        }
        return false;
    }

    /// <summary>Whether TIFF data state orientation 1, or none; false also for what cannot be followed.</summary>
    private static bool StatesUpright(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8 || !(tiff.StartsWith("II"u8) || tiff.StartsWith("MM"u8)))
        {
            return false;
        }
        var isLittle = tiff[0] == 'I';
        var directory = isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2)
        {
            return false;
        }
        var entries = tiff[(int)directory..];
        var count = Short(entries, isLittle);
        if (entries.Length < 2 + count * EntryBytes)
        {
            return false;
        }
        for (var i = 0; i < count; i++)
        {
            var entry = entries.Slice(2 + i * EntryBytes, EntryBytes);
            if (Short(entry, isLittle) == Tag)
            {
                return Short(entry[8..], isLittle) == 1;
            }
        }
        return true;
    }

    private static ushort Short(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
