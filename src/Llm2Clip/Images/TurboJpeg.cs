using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Llm2Clip.Images;

/// <summary>
/// JPEG through libjpeg-turbo's own interface (TurboJPEG 2, https://libjpeg-turbo.org/Documentation/Documentation), straight into the picture's
/// memory: twice as fast as the copy of it inside libvips, and what Pillow decodes with. It only says how good files look; whatever it is not
/// content with, libvips judges.
/// </summary>
internal static unsafe partial class TurboJpeg
{
    /// <summary>Name under which the loader knows it.</summary>
    public const string Library = "libturbojpeg.so.0";

    private const int Rgb = 0; // TJPF_RGB
    private const int Cmyk = 3; // TJCS_CMYK; YCCK follows
    private const int AccurateDct = 4096; // TJFLAG_ACCURATEDCT: the transform that Pillow and libvips take
    private const int LimitScans = 32768; // TJFLAG_LIMITSCANS: progressive files of more than 500 scans are refused

    private static readonly Lazy<bool> Loaded = new(() => NativeLibrary.TryLoad(Library, out _));

    /// <summary>Decompressors at rest; as many as threads that ever decoded at once.</summary>
    private static readonly ConcurrentBag<nint> Idle = [];

    /// <summary>Whether the library is installed.</summary>
    public static bool IsAvailable => Loaded.Value;

    /// <summary>Width and height as the file's header states them; null where the file is damaged or its colours are CMYK.</summary>
    public static (int Width, int Height)? Size(ReadOnlySpan<byte> encoded) => With(encoded, (decompressor, data, length) =>
        tjDecompressHeader3(decompressor, data, length, out var width, out var height, out _, out var colours) == 0 && colours < Cmyk ? (width, height) : default((int, int)?));

    /// <summary>
    /// The picture of a size that <see cref="Size"/> gave, its sides divided by <paramref name="shrink"/> (1, 2, 4, 8) and rounded up; null where
    /// anything about the file is not as it should be.
    /// </summary>
    public static RgbImage? Decode(ReadOnlySpan<byte> encoded, int width, int height, int shrink)
    {
        (width, height) = ((width + shrink - 1) / shrink, (height + shrink - 1) / shrink);
        var image = new RgbImage(width, height, GC.AllocateUninitializedArray<byte>(checked(width * height * 3)));
        return With(encoded, (decompressor, data, length) =>
        {
            fixed (byte* pixels = image.Pixels)
            {
                return tjDecompress2(decompressor, data, length, pixels, image.Width, image.Width * 3, image.Height, Rgb, AccurateDct | LimitScans) == 0 ? image : null;
            }
        });
    }

    private delegate T Work<T>(nint decompressor, byte* data, nuint length);

    private static T? With<T>(ReadOnlySpan<byte> encoded, Work<T?> work)
    {
        if (!Idle.TryTake(out var decompressor))
        {
            decompressor = tjInitDecompress();
        }
        fixed (byte* data = encoded)
        {
            var result = work(decompressor, data, (nuint)encoded.Length);
            Idle.Add(decompressor);
            return result;
        }
    }

    [LibraryImport(Library)]
    private static partial nint tjInitDecompress();

    [LibraryImport(Library)]
    private static partial int tjDecompressHeader3(nint handle, byte* data, nuint length, out int width, out int height, out int subsampling, out int colours);

    [LibraryImport(Library)]
    private static partial int tjDecompress2(nint handle, byte* data, nuint length, byte* target, int width, int pitch, int height, int format, int flags);
}
