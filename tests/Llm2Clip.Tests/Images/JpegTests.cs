using Llm2Clip.Images;
using NetVips;

namespace Llm2Clip.Tests.Images;

/// <summary>Which library decodes a JPEG changes no pixel: libvips against libjpeg-turbo (Pillow's) where the system has it.</summary>
public sealed class JpegTests
{
    private static readonly DecodeOptions Plain = new();

    /// <summary>How libvips saves: with the colors at half the resolution and not, progressive and not, and in gray.</summary>
    private static readonly Func<Image, byte[]>[] Savers =
    [
        from => from.JpegsaveBuffer(q: 85, subsampleMode: Enums.ForeignSubsample.On),
        from => from.JpegsaveBuffer(q: 95, subsampleMode: Enums.ForeignSubsample.Off),
        from => from.JpegsaveBuffer(q: 60, subsampleMode: Enums.ForeignSubsample.On, interlace: true),
        from => from.JpegsaveBuffer(q: 100, subsampleMode: Enums.ForeignSubsample.Off, interlace: true, restartInterval: 2),
        from => from.ExtractBand(1).JpegsaveBuffer(q: 85),
    ];

    [Fact]
    [Trait("Category", "Golden")]
    public void BothLibrariesGiveTheSamePixels()
    {
        Assert.SkipUnless(TurboJpeg.IsAvailable, "libturbojpeg is not installed");
        var photos = Directory.GetFiles(SharedData.RequireGolden("images"), "*.jpg").Order(StringComparer.Ordinal).ToList();
        foreach (var photo in photos)
        {
            Compare(File.ReadAllBytes(photo), Path.GetFileName(photo));
        }
        var image = ImageCodec.Decode(File.ReadAllBytes(photos[0]), photos[0]);
        (int, int)[] sizes = [(1, 1), (2, 3), (7, 9), (8, 8), (15, 17), (16, 33), (31, 16), (33, 1), (101, 67), (250, 333)];
        foreach (var (width, height) in sizes)
        {
            var part = image.Resize(width, height);
            for (var i = 0; i < Savers.Length; i++)
            {
                Compare(ImageCodec.Encode(part, Savers[i]), $"{width} x {height}, saver {i}");
            }
        }
    }

    [Fact]
    public void CmykAndDamagedFilesAreLeftToLibvips()
    {
        Assert.SkipUnless(TurboJpeg.IsAvailable, "libturbojpeg is not installed");
        var image = Gradient(40, 24);
        var cmyk = ImageCodec.Encode(
            image, from => from.Bandjoin(from.ExtractBand(0)).Copy(interpretation: Enums.Interpretation.Cmyk).JpegsaveBuffer());
        Assert.Null(TurboJpeg.Decode(cmyk, Plain, 0, null));
        Assert.Equal(40, ImageCodec.Decode(cmyk, "cmyk").Width);

        var jpeg = ImageCodec.EncodeJpeg(image);
        Assert.NotNull(TurboJpeg.Decode(jpeg, Plain, 0, null));
        Assert.Null(TurboJpeg.Decode(jpeg.AsSpan(0, jpeg.Length - 20), Plain, 0, null));
        Assert.Null(TurboJpeg.Decode(jpeg.AsSpan(0, 30), Plain, 0, null));
        Assert.Null(TurboJpeg.Decode(jpeg, new DecodeOptions { MaxMegapixels = 0.0009 }, 0, null));
        var error = Assert.Throws<ImageException>(() => ImageCodec.Decode(jpeg.AsSpan(0, jpeg.Length - 20), "cut"));
        Assert.Equal("cut: the image cannot be decoded: VipsJpeg: premature end of JPEG image.", error.Message);
    }

    /// <summary>
    /// A decompressor that is used again reads a file without tables by those of the file before it, and after a bad header refuses good
    /// files.
    /// </summary>
    [Fact]
    public void AFileIsReadAsIfItWereTheOnlyOne()
    {
        var good = ImageCodec.EncodeJpeg(Gradient(40, 24));
        var expected = ImageCodec.Decode(good, "good").Pixels;
        var tables = good.AsSpan().IndexOf(new byte[] { 0xFF, 0xDB });
        byte[] without = [.. good[..tables], .. good[(tables + 2 + (good[tables + 2] << 8 | good[tables + 3]))..]];
        byte[] badHeader = [.. good];
        badHeader[tables + 2] = 0;
        badHeader[tables + 3] = 1; // a length below its own two bytes
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(expected, ImageCodec.Decode(good, "good").Pixels);
            var error = Assert.Throws<ImageException>(() => ImageCodec.Decode(without, "without tables"));
            Assert.Contains("Quantization table 0x00 was not defined", error.Message);
            Assert.Throws<ImageException>(() => ImageCodec.Decode(badHeader, "bad header"));
            Assert.True(!TurboJpeg.IsAvailable || TurboJpeg.Decode(good, Plain, 0, null) is not null);
        }
    }

    [Fact]
    public void ShrinkingStopsAboveTheBoundAndRoundsDown()
    {
        var jpeg = ImageCodec.EncodeJpeg(Gradient(101, 67));
        (int, int, int)[] cases = [(0, 101, 67), (34, 101, 67), (33, 50, 33), (17, 50, 33), (16, 25, 16), (8, 12, 8), (1, 12, 8)];
        foreach (var (atLeast, width, height) in cases)
        {
            foreach (var options in new[] { Plain, new DecodeOptions { Upright = true } }) // libvips alone decodes upright images
            {
                var image = ImageCodec.Decode(jpeg, "x", options, atLeast);
                Assert.Equal((width, height), (image.Width, image.Height));
                Assert.Equal(width * height * 3, image.Pixels.Length);
            }
        }
    }

    [Fact]
    public void TheSizeIsReadFromTheFrameHeader()
    {
        var jpeg = ImageCodec.EncodeJpeg(Gradient(101, 67));
        Assert.Equal((101, 67), JpegSize.Of(jpeg));
        // Fill bytes may precede a marker; other bytes may not, and libvips is asked for the size then.
        Assert.Equal((101, 67), JpegSize.Of([.. jpeg[..2], 0xFF, 0xFF, .. jpeg[2..]]));
        var second = 4 + (jpeg[4] << 8 | jpeg[5]);
        byte[] odd = [.. jpeg[..second], 0, .. jpeg[second..]];
        Assert.Null(JpegSize.Of(odd));
        Assert.Equal((50, 33), (ImageCodec.Decode(odd, "x", Plain, 33).Width, ImageCodec.Decode(odd, "x", Plain, 33).Height));
        var frame = jpeg.AsSpan().IndexOf(new byte[] { 0xFF, 0xC0 });
        for (var cut = 0; cut < jpeg.Length; cut++)
        {
            Assert.Equal(cut < frame + 9, JpegSize.Of(jpeg.AsSpan(0, cut)) is null);
        }
    }

    private static void Compare(byte[] jpeg, string name)
    {
        var (width, height) = JpegSize.Of(jpeg)!.Value;
        for (var shrink = 1; shrink <= 8 && Math.Min(width, height) >= shrink; shrink *= 2)
        {
            var bound = shrink == 1 ? 0 : Math.Min(width, height) / shrink;
            var turbo = TurboJpeg.Decode(jpeg, Plain, bound, null);
            var vips = VipsDecoder.Decode(ImageFormat.Jpeg, jpeg, name, Plain, bound, null);
            Assert.True(turbo is not null, name);
            Assert.Equal((name, shrink, vips.Width, vips.Height), (name, shrink, turbo.Width, turbo.Height));
            Assert.True(vips.Pixels.AsSpan().SequenceEqual(turbo.Pixels), $"{name}, shrunk by {shrink}: pixels differ");
        }
    }

    private static RgbImage Gradient(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(i * 7 % 256);
        }
        return new RgbImage(width, height, pixels);
    }
}
