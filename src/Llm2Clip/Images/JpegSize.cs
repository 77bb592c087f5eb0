using System.Buffers.Binary;

namespace Llm2Clip.Images;

/// <summary>
/// The size that a JPEG's frame header declares (ITU-T T.81, B.1 and B.2.2), read without a decoder: how far a file may be shrunk while it
/// is decoded must be known before libvips opens it, and opening it twice would take 0.1 ms.
/// </summary>
internal static class JpegSize
{
    private const byte EndOfImage = 0xD9;

    /// <summary>Width and height; null where anything before the frame header is not as it should be.</summary>
    public static (int Width, int Height)? Of(ReadOnlySpan<byte> file)
    {
        var segments = new JpegSegments(file);
        while (segments.MoveNext())
        {
            var marker = segments.Marker;
            if (marker is < 0xC0 or (>= 0xD0 and <= EndOfImage) or JpegSegments.StartOfScan)
            {
                return null;
            }
            // Frame headers are C0 to CF but for three: Huffman tables, the reserved C8, arithmetic conditioning.
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                var frame = segments.Rest;
                return segments.Length >= 7 && frame.Length >= 7
                    ? (BinaryPrimitives.ReadUInt16BigEndian(frame[5..]), BinaryPrimitives.ReadUInt16BigEndian(frame[3..]))
                    : null;
            }
        }
        return null;
    }

    /// <summary>
    /// By what a JPEG of a size is shrunk while it is decoded, 1, 2, 4 or 8, so that both sides stay at or above
    /// <paramref name="atLeast"/>; 0 = never.
    /// </summary>
    public static int Shrink(int width, int height, int atLeast)
    {
        var shrink = 1;
        while (atLeast > 0 && shrink < 8 && Math.Min(width, height) / (shrink * 2) >= atLeast)
        {
            shrink *= 2;
        }
        return shrink;
    }
}
