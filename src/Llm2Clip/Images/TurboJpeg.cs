using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Llm2Clip.Images;

/// <summary>
/// JPEG through libjpeg-turbo's own interface (TurboJPEG 2, https://libjpeg-turbo.org/Documentation/Documentation) where the system has it: straight into
/// the image's memory, and what Pillow decodes with. Used for well-formed files only: on any warning libvips decodes and judges. It changes no pixel,
/// only the time, so nothing needs it. No package has it. Processor time of a JPEG to a tensor, Pillow's and numpy's divided by ours
/// (bench/run jpeg), exact and shrinking:
/// <code>
/// libturbojpeg                    2.4    5.1
/// NetVips alone                   1.65   4.0
/// </code>
/// and of decoding a photo of 500 pixels alone, divided by libturbojpeg's: NetVips 1.4 to 1.5, SkiaSharp (any version; its build of
/// libjpeg-turbo has no SIMD) 1.5 to 1.65, Magick.NET 1.75. OpenCvSharp needs GTK. All of them give the same pixels, so no other package is worth its bytes.
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

    /// <summary>Width and height as the file's header states them; null where the file is damaged or its colors are CMYK.</summary>
    public static (int Width, int Height)? Size(ReadOnlySpan<byte> encoded)
    {
        var (width, height, colors) = With(encoded, (decompressor, data, length) =>
            tjDecompressHeader3(decompressor, data, length, out var width, out var height, out _, out var colors) == 0 ? (width, height, colors) : default);
        return width > 0 && colors < Cmyk ? (width, height) : null; // a file of tables alone is read without complaint, as of no size
    }

    /// <summary>
    /// The image of a size that <see cref="Size"/> gave, its sides divided by <paramref name="shrink"/> (1, 2, 4, 8) and rounded down, as libvips rounds
    /// them; null where anything about the file is not as it should be.
    /// </summary>
    public static RgbImage? Decode(ReadOnlySpan<byte> encoded, int width, int height, int shrink, PixelScratch? scratch)
    {
        // libjpeg-turbo rounds up: its last column and row cover less than a whole block of the original.
        var (decodedWidth, decodedHeight) = ((width + shrink - 1) / shrink, (height + shrink - 1) / shrink);
        var bytes = checked(decodedWidth * decodedHeight * 3);
        var pixels = scratch?.Take(bytes) ?? GC.AllocateUninitializedArray<byte>(bytes);
        var decoded = With(encoded, (decompressor, data, length) =>
        {
            fixed (byte* target = pixels)
            {
                var (pitch, flags) = (decodedWidth * 3, AccurateDct | LimitScans);
                return tjDecompress2(decompressor, data, length, target, decodedWidth, pitch, decodedHeight, Rgb, flags) == 0;
            }
        });
        if (!decoded)
        {
            return null;
        }
        var image = Cut(new RgbImage(decodedWidth, decodedHeight, pixels), width / shrink, height / shrink);
        return scratch is not null || image.Width * image.Height * 3 == bytes ? image : image.Copy();
    }

    /// <summary>The upper left part of an image, in the same memory.</summary>
    private static RgbImage Cut(RgbImage image, int width, int height)
    {
        for (var y = 1; y < height && width < image.Width; y++)
        {
            image.Pixels.AsSpan(y * image.Width * 3, width * 3).CopyTo(image.Pixels.AsSpan(y * width * 3));
        }
        return image with { Width = width, Height = height };
    }

    private delegate T Work<T>(nint decompressor, byte* data, nuint length);

    private static T With<T>(ReadOnlySpan<byte> encoded, Work<T> work)
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
    private static partial int tjDecompressHeader3(nint handle, byte* data, nuint length, out int width, out int height, out int subsampling, out int colors);

    [LibraryImport(Library)]
    private static partial int tjDecompress2(nint handle, byte* data, nuint length, byte* target, int width, int pitch, int height, int format, int flags);
}
