using System.Runtime.InteropServices;

namespace Llm2Clip.Images;

/// <summary>
/// JPEG through libjpeg-turbo's own interface (TurboJPEG 2, https://libjpeg-turbo.org/Documentation/Documentation) where the system has it,
/// straight into the image's memory. Used for well-formed files only: on any warning libvips decodes and judges. It changes no pixel, only
/// the time, so nothing needs it. Processor time of a JPEG to a tensor, Pillow's and numpy's divided by ours, as in bench/run jpeg:
/// <code>
///                    exact           shrinking
/// libturbojpeg       2.4 to 2.6      5.0 to 5.4
/// NetVips alone      1.65 to 1.7     3.5 to 4.0
/// </code>
/// No package has this speed. Decoding alone takes, of libturbojpeg's time: NetVips 1.4 to 1.5, SkiaSharp 1.5 to 1.7 (2.88 to 4.155:
/// libjpeg-turbo built without SIMD), Magick.NET 1.8; OpenCvSharp needs GTK. SkiaSharp's pixels are the same ones, so it would cost bytes
/// and gain nothing.
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

    /// <summary>Whether the library is installed.</summary>
    public static bool IsAvailable => Loaded.Value;

    /// <summary>
    /// The image, shrunk until its sides would fall below <paramref name="shrinkAbove"/> (0 = never) and rounded down as libvips does; null
    /// where anything about the file is not as it should be, where it is larger than allowed, and for CMYK.
    /// </summary>
    public static RgbImage? Decode(ReadOnlySpan<byte> encoded, DecodeOptions options, int shrinkAbove, PixelScratch? scratch)
    {
        // A decompressor that is used again keeps the tables of the last file, with which one that lacks its own would be read, and after
        // an error in a header it refuses all that follow. A new one takes microseconds.
        var decompressor = tjInitDecompress();
        try
        {
            fixed (byte* data = encoded)
            {
                var length = (nuint)encoded.Length;
                return tjDecompressHeader3(decompressor, data, length, out var width, out var height, out _, out var colors) == 0
                    && width > 0 // a file of tables alone has no size and is no error
                    && colors < Cmyk
                    && ImageLimits.Excess(width, height, 1, options) is null
                    ? Decode(decompressor, data, length, width, height, JpegSize.Shrink(width, height, shrinkAbove), scratch)
                    : null;
            }
        }
        finally
        {
            _ = tjDestroy(decompressor);
        }
    }

    private static RgbImage? Decode(nint decompressor, byte* data, nuint length, int width, int height, int shrink, PixelScratch? scratch)
    {
        // libjpeg-turbo rounds up: its last column and row cover less than a whole block of the original.
        var (decodedWidth, decodedHeight) = ((width + shrink - 1) / shrink, (height + shrink - 1) / shrink);
        var bytes = checked(decodedWidth * decodedHeight * 3);
        var pixels = scratch?.Take(bytes) ?? GC.AllocateUninitializedArray<byte>(bytes);
        fixed (byte* target = pixels)
        {
            var (pitch, flags) = (decodedWidth * 3, AccurateDct | LimitScans);
            if (tjDecompress2(decompressor, data, length, target, decodedWidth, pitch, decodedHeight, Rgb, flags) != 0)
            {
                return null;
            }
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

    [LibraryImport(Library)]
    private static partial nint tjInitDecompress();

    [LibraryImport(Library)]
    private static partial int tjDestroy(nint handle);

    [LibraryImport(Library)]
    private static partial int tjDecompressHeader3(
        nint handle, byte* data, nuint length, out int width, out int height, out int subsampling, out int colors);

    [LibraryImport(Library)]
    private static partial int tjDecompress2(
        nint handle, byte* data, nuint length, byte* target, int width, int pitch, int height, int format, int flags);
}
