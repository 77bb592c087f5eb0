using System.Buffers.Binary;

namespace Llm2Clip.Images;

/// <summary>
/// The sizes that an AVIF or HEIF file declares for its images, tiles and previews (<c>ispe</c> properties, ISO/IEC 23008-12, 6.5.3), read
/// before libheif sees the file: a size that libvips cannot hold keeps its loader busy for minutes, with a width of 1.
/// </summary>
internal static class HeifSizes
{
    /// <summary>The largest of them, by pixels; (0, 0) where none is found.</summary>
    public static (uint Width, uint Height) Largest(ReadOnlySpan<byte> file)
    {
        (uint Width, uint Height) largest = default;
        var meta = Find(file, "meta"u8);
        // meta is a full box: version and flags come before the boxes in it.
        var properties = meta.Length < 4 ? default : Find(Find(meta[4..], "iprp"u8), "ipco"u8);
        for (int at = 0, header, size; (size = Box(properties[at..], out header)) > 0; at += size)
        {
            var content = properties[(at + header)..(at + size)];
            if (properties.Slice(at + 4, 4).SequenceEqual("ispe"u8) && content.Length >= 12)
            {
                var width = BinaryPrimitives.ReadUInt32BigEndian(content[4..]);
                var height = BinaryPrimitives.ReadUInt32BigEndian(content[8..]);
                largest = (ulong)width * height > (ulong)largest.Width * largest.Height ? (width, height) : largest;
            }
        }
        return largest;
    }

    /// <summary>Content of the first box of a type; empty where there is none.</summary>
    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> boxes, ReadOnlySpan<byte> type)
    {
        for (int at = 0, header, size; (size = Box(boxes[at..], out header)) > 0; at += size)
        {
            if (boxes.Slice(at + 4, 4).SequenceEqual(type))
            {
                return boxes[(at + header)..(at + size)];
            }
        }
        return default;
    }

    /// <summary>Bytes of the first box, its header included; 0 where no whole one is there.</summary>
    private static int Box(ReadOnlySpan<byte> boxes, out int header)
    {
        header = 8;
        if (boxes.Length < header)
        {
            return 0;
        }
        ulong size = BinaryPrimitives.ReadUInt32BigEndian(boxes);
        if (size == 1 && boxes.Length >= 16) // a 64-bit size follows the type
        {
            size = BinaryPrimitives.ReadUInt64BigEndian(boxes[8..]);
            header = 16;
        }
        size = size == 0 ? (ulong)boxes.Length : size; // 0: to the end
        return size >= (ulong)header && size <= (ulong)boxes.Length ? (int)size : 0;
    }
}
