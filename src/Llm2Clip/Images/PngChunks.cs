using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Llm2Clip.Images;

/// <summary>
/// Checks a PNG's chunks (W3C PNG specification, 5.3): libvips passes over a damaged chunk that it does not need for the pixels,
/// and a file with one rotten byte has often got more. Pillow refuses such files too.
/// </summary>
internal static class PngChunks
{
    private const int LengthAndType = 8;
    private const int Checksum = 4;

    /// <summary>5.2: each byte betrays one way in which a transfer as text damages files.</summary>
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>What is wrong with the file, or null.</summary>
    public static string? Problem(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Signature))
        {
            return "its signature is damaged";
        }
        var at = Signature.Length;
        while (file.Length - at >= LengthAndType + Checksum)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            var type = Encoding.Latin1.GetString(file.Slice(at + 4, 4));
            if (length > file.Length - at - LengthAndType - Checksum)
            {
                return $"it is cut short in the chunk {type} at byte {at}";
            }
            var content = file.Slice(at + 4, 4 + (int)length);
            at += LengthAndType + (int)length;
            if (Crc32.HashToUInt32(content) != BinaryPrimitives.ReadUInt32BigEndian(file[at..]))
            {
                return $"the checksum of its chunk {type} is wrong";
            }
            if (type == "IEND")
            {
                return null;
            }
            at += Checksum;
        }
        return "it ends without an end chunk";
    }
}
