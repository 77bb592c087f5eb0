using System.Buffers.Binary;
using System.Text;

namespace Llm2Clip.Tests.Search;

/// <summary>EXIF data made by hand (Exif 2.32, 4.6; TIFF 6.0), in an APP1 segment behind the start of a JPEG.</summary>
internal static class ExifBytes
{
    private const ushort Ascii = 2;
    private const ushort Short = 3;
    private const ushort Long = 4;
    private const ushort Rational = 5;

    /// <summary>The JPEG with orientation, date and place; what is null is left out.</summary>
    /// <param name="jpeg">Without EXIF data.</param>
    /// <param name="orientation">1 to 8.</param>
    /// <param name="date">Such as <c>2021:05:06 07:08:09</c>.</param>
    /// <param name="place">Hemispheres, and degrees, minutes and hundredths of seconds.</param>
    public static byte[] Into(
        byte[] jpeg, int orientation, string? date, (char NorthSouth, uint[] Latitude, char EastWest, uint[] Longitude)? place)
    {
        // IFD0 at 8: orientation and two pointers; the others and the values behind it, at fixed places.
        const int ExifDirectory = 8 + 2 + 3 * 12 + 4;
        const int GpsDirectory = ExifDirectory + 2 + 12 + 4;
        const int DateAt = GpsDirectory + 2 + 4 * 12 + 4;
        const int LatitudeAt = DateAt + 20;
        const int LongitudeAt = LatitudeAt + 24;
        var tiff = new byte[LongitudeAt + 24];
        Encoding.ASCII.GetBytes("II*\0").CopyTo(tiff, 0);
        Put(4, 8);
        Directory(8, (0x0112, Short, 1, (uint)orientation), (0x8769, Long, 1, ExifDirectory), (0x8825, Long, 1, GpsDirectory));
        Directory(ExifDirectory, date is null ? [] : [(0x9003, Ascii, 20, DateAt)]);
        Encoding.ASCII.GetBytes(date ?? "").CopyTo(tiff, DateAt);
        if (place is { } where)
        {
            Directory(
                GpsDirectory, (1, Ascii, 2, where.NorthSouth), (2, Rational, 3, LatitudeAt), (3, Ascii, 2, where.EastWest),
                (4, Rational, 3, LongitudeAt));
            Degrees(LatitudeAt, where.Latitude);
            Degrees(LongitudeAt, where.Longitude);
        }
        byte[] data = [.. "Exif\0\0"u8, .. tiff];
        return [0xFF, 0xD8, 0xFF, 0xE1, (byte)((data.Length + 2) >> 8), (byte)(data.Length + 2), .. data, .. jpeg[2..]];

        void Put(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(tiff.AsSpan(at), value);

        void Directory(int at, params (ushort Tag, ushort Type, uint Count, uint Value)[] entries)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(at), (ushort)entries.Length);
            foreach (var (i, entry) in entries.Index())
            {
                var start = at + 2 + 12 * i;
                BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(start), entry.Tag);
                BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(start + 2), entry.Type);
                Put(start + 4, entry.Count);
                Put(start + 8, entry.Value);
            }
        }

        void Degrees(int at, uint[] values)
        {
            foreach (var (i, value) in values.Index())
            {
                Put(at + 8 * i, value);
                Put(at + 8 * i + 4, i == 2 ? 100u : 1);
            }
        }
    }
}
