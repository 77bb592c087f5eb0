using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Llm2Clip.Configuration;
using Llm2Clip.Images;
using NetVips;

namespace Llm2Clip.Tests.Images;

/// <summary>
/// Formats, orientations, transparency and hostile headers; files are built by hand, byte by byte, unless golden ones are named.
/// </summary>
public sealed class OddImageTests
{
    private const int Width = 5;
    private const int Height = 3;

    /// <summary>
    /// Where each orientation puts the stored pixel (column, row) of an image whose last column and row are (right, bottom).
    /// </summary>
    public static TheoryData<int> Orientations => [1, 2, 3, 4, 5, 6, 7, 8];

    [Theory]
    [MemberData(nameof(Orientations))]
    public void UprightTurnsByTheExifTag(int orientation)
    {
        var jpeg = ImageCodec.EncodeJpeg(Gradient(40, 24), 95);
        var stored = ImageCodec.Decode(jpeg, "x");
        var tagged = WithOrientation(jpeg, orientation);
        Assert.Equal(stored.Pixels, ImageCodec.Decode(tagged, "x").Pixels);

        var upright = ImageCodec.Decode(tagged, "x", new DecodeOptions { Upright = true });
        Assert.Equal(orientation >= 5 ? (24, 40) : (40, 24), (upright.Width, upright.Height));
        for (var v = 0; v < stored.Height; v++)
        {
            for (var u = 0; u < stored.Width; u++)
            {
                // Exif 2.32, 4.6.4 A: 0th row and 0th column of the stored image are the visual ... of it.
                var (x, y) = orientation switch
                {
                    1 => (u, v),           // top, left
                    2 => (39 - u, v),      // top, right
                    3 => (39 - u, 23 - v), // bottom, right
                    4 => (u, 23 - v),      // bottom, left
                    5 => (v, u),           // left, top
                    6 => (23 - v, u),      // right, top
                    7 => (23 - v, 39 - u), // right, bottom
                    _ => (v, 39 - u),      // left, bottom
                };
                Assert.Equal(Pixel(stored, u, v), Pixel(upright, x, y));
            }
        }
    }

    [Fact]
    public void UprightWorksWithShrinkingAndInThePipeline()
    {
        var jpeg = ImageCodec.EncodeJpeg(Gradient(160, 80), 95);
        var options = new DecodeOptions { Upright = true, JpegReducingGap = 2 };
        var shrunk = ImageCodec.Decode(WithOrientation(jpeg, 6), "x", options, shrinkAbove: 40);
        Assert.Equal((40, 80), (shrunk.Width, shrunk.Height));
        var transform = new ImageTransformConfig { ImageSize = 20 };
        var (flat, turned) = (new ImagePipeline(transform).Eval(WithOrientation(jpeg, 6), "x"),
            new ImagePipeline(transform, decode: options).Eval(WithOrientation(jpeg, 6), "x"));
        Assert.NotEqual(flat, turned);
    }

    [Fact]
    public void UprightAgreesWithTheGoldenFile()
    {
        var folder = SharedData.RequireGolden("pixels", "odd");
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        var cases = expected.RootElement.EnumerateObject().Where(file => file.Value.TryGetProperty("rgb_rotated", out _)).ToList();
        Assert.NotEmpty(cases);
        foreach (var file in cases)
        {
            var reference = ImageCodec.Decode(File.ReadAllBytes(Path.Combine(folder, file.Value.GetProperty("rgb_rotated").GetString()!)),
                "reference");
            var upright = ImageCodec.Decode(File.ReadAllBytes(Path.Combine(folder, file.Name)), file.Name,
                new DecodeOptions { Upright = true });
            Assert.Equal((reference.Width, reference.Height), (upright.Width, upright.Height));
            // Lossy: the README allows 2 levels
            Assert.True(reference.Pixels.Zip(upright.Pixels, (a, b) => Math.Abs(a - b)).Max() <= 2, file.Name);
        }
    }

    [Fact]
    public void AlphaIsDroppedOrBlendedOverAGround()
    {
        // One row: opaque, half, invisible; RGBA and gray with alpha.
        var rgba = Png(3, 1, colorType: 6, [0, 200, 100, 50, 255, 200, 100, 50, 128, 200, 100, 50, 0]);
        var gray = Png(3, 1, colorType: 4, [0, 200, 255, 200, 128, 200, 0]);
        Assert.Equal([200, 100, 50, 200, 100, 50, 200, 100, 50], ImageCodec.Decode(rgba, "x").Pixels);
        Assert.Equal([200, 200, 200, 200, 200, 200, 200, 200, 200], ImageCodec.Decode(gray, "x").Pixels);

        var white = new DecodeOptions { Background = [255, 255, 255] };
        // (200 * 128 + 255 * 127) / 255 = 227.4; (100 * 128 + 255 * 127) / 255 = 177.2; (50 * 128 + 255 * 127) / 255 = 152.1
        Assert.Equal([200, 100, 50, 227, 177, 152, 255, 255, 255], ImageCodec.Decode(rgba, "x", white).Pixels);
        Assert.Equal([200, 200, 200, 227, 227, 227, 255, 255, 255], ImageCodec.Decode(gray, "x", white).Pixels);
        Assert.Equal([200, 100, 50, 100, 50, 25, 0, 0, 0],
            ImageCodec.Decode(rgba, "x", new DecodeOptions { Background = [0, 0, 0] }).Pixels);
        var photo = ImageCodec.EncodePng(Gradient(8, 8));
        Assert.Equal(ImageCodec.Decode(photo, "x").Pixels, ImageCodec.Decode(photo, "x", white).Pixels);

        Assert.Contains("background is [1, 2]",
            Assert.Throws<ConfigException>(() => Checked.Require(new DecodeOptions { Background = [1, 2] })).Message);
        Assert.Contains("background is [0, 0, 256]",
            Assert.Throws<ConfigException>(() => Checked.Require(new DecodeOptions { Background = [0, 0, 256] })).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TiffIsRead(bool bigEndian)
    {
        var image = Gradient(Width, Height);
        var tiff = Tiff(bigEndian, Width, Height, image.Pixels);
        var decoded = ImageCodec.Decode(tiff, "x");
        Assert.Equal((Width, Height), (decoded.Width, decoded.Height));
        Assert.Equal(image.Pixels, decoded.Pixels);
        for (var cut = 8; cut < tiff.Length; cut += 7)
        {
            var error = Record.Exception(() => ImageCodec.Decode(tiff.AsSpan(0, cut), "cut.tiff"));
            Assert.StartsWith("cut.tiff: the image cannot be decoded: ", Assert.IsType<ImageException>(error).Message);
        }
    }

    [Fact]
    public void AvifIsRead()
    {
        var image = Gradient(64, 48);
        var avif = ImageCodec.Encode(image, from =>
            from.HeifsaveBuffer(compression: Enums.ForeignHeifCompression.Av1, lossless: true, effort: 0));
        Assert.Equal("ftyp", Encoding.ASCII.GetString(avif, 4, 4));
        var decoded = ImageCodec.Decode(avif, "x");
        Assert.Equal((64, 48), (decoded.Width, decoded.Height));
        // Lossless but for the rounding of YCbCr.
        Assert.InRange(image.Pixels.Zip(decoded.Pixels, (a, b) => Math.Abs(a - b)).Max(), 0, 3);
        Assert.Equal(ImageProblem.Damaged,
            Assert.Throws<ImageException>(() => ImageCodec.Decode(avif.AsSpan(0, avif.Length / 2), "x")).Problem);
    }

    /// <summary>Every other loader of libvips stays out of reach, whatever a file looks like.</summary>
    [Theory]
    [InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>")]
    [InlineData("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj")]
    [InlineData("P6\n1 1\n255\nabc")]
    [InlineData("1 1\n0.5\n")]
    [InlineData("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\nabcd")]
    [InlineData("BM aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("SIMPLE  =                    T")]
    public void OnlyTheNamedFormatsReachNativeCode(string content)
    {
        var error = Assert.Throws<ImageException>(() => ImageCodec.Decode(Encoding.ASCII.GetBytes(content), "shard.tar: a.jpg"));
        Assert.Equal("shard.tar: a.jpg: not a jpg, png, webp, gif, tiff or avif image.", error.Message);
        Assert.Equal(ImageProblem.NotAnImage, error.Problem);
    }

    public static TheoryData<string> Bombs => ["png", "gif", "jpg", "tiff", "webp"];

    /// <summary>A few bytes that claim gigapixels: refused by what the header says, before anything of that size is allocated.</summary>
    [Theory]
    [MemberData(nameof(Bombs))]
    public void BombsAreRefusedByTheirHeaders(string format)
    {
        var bomb = Bomb(format);
        ImageCodec.Decode(ImageCodec.EncodePng(Gradient(4, 4)), "warm up");
        var managed = GC.GetAllocatedBytesForCurrentThread();
        var peak = PeakMemory();
        var error = Assert.Throws<ImageException>(() => ImageCodec.Decode(bomb, "bomb"));
        Assert.True(error.Problem == ImageProblem.TooLarge, error.Message);
        Assert.Contains("more than max_megapixels 178 allows", error.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - managed, 0, 1_000_000);
        Assert.InRange(PeakMemory() - peak, 0, 300_000_000); // other tests run beside this one; the smallest bomb would need 800 MB
    }

    private static byte[] Bomb(string format)
    {
        switch (format)
        {
            case "png":
                return Png(60_000, 60_000, colorType: 2, [0]);
            case "gif":
                var gif = new byte[] { (byte)'G', (byte)'I', (byte)'F', (byte)'8', (byte)'9', (byte)'a', 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0,
                    0, 0, 0, 0, 255, 255, 255,
                    0x2C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 2, 2, 0x44, 1, 0, 0x3B };
                return gif;
            case "jpg":
                var jpeg = ImageCodec.EncodeJpeg(Gradient(16, 16), 90);
                var frame = jpeg.AsSpan().IndexOf(new byte[] { 0xFF, 0xC0 });
                BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), 60_000);
                BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), 60_000);
                return jpeg;
            case "tiff":
                return Tiff(bigEndian: false, 60_000, 60_000, [1, 2, 3]);
            default:
                var webp = ImageCodec.Encode(Gradient(16, 16), from => from.WebpsaveBuffer(lossless: true));
                // VP8L: a signature byte, then 14 bits for each side less one.
                var size = webp.AsSpan().IndexOf("VP8L"u8) + 9;
                BinaryPrimitives.WriteUInt32LittleEndian(webp.AsSpan(size),
                    (BinaryPrimitives.ReadUInt32LittleEndian(webp.AsSpan(size)) & 0xF000_0000) | 16_382 | 11_999 << 14);
                if (webp.AsSpan().IndexOf("VP8X"u8) is >= 0 and var extended)
                {
                    new byte[] { 0xFE, 0x3F, 0, 0xDF, 0x2E, 0 }.CopyTo(webp, extended + 12); // the canvas: 24 bits for each side less one
                }
                return webp;
        }
    }

    private static long PeakMemory() =>
        long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) * 1024;

    private static RgbImage Gradient(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
        {
            (pixels[i * 3], pixels[i * 3 + 1], pixels[i * 3 + 2]) =
                ((byte)(i % width * 255 / width), (byte)(i / width * 255 / height), (byte)(i * 7 % 64));
        }
        return new RgbImage(width, height, pixels);
    }

    private static (byte, byte, byte) Pixel(RgbImage image, int x, int y)
    {
        var at = (y * image.Width + x) * 3;
        return (image.Pixels[at], image.Pixels[at + 1], image.Pixels[at + 2]);
    }

    /// <summary>The JPEG with an Exif segment that holds the orientation alone, behind its first marker.</summary>
    private static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, (byte)'E', (byte)'x', (byte)'i', (byte)'f', 0, 0, (byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8,
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0,
        ];
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }

    /// <summary>A baseline TIFF (TIFF 6.0, section 6): one strip, RGB, no compression.</summary>
    private static byte[] Tiff(bool bigEndian, int width, int height, byte[] pixels)
    {
        const int Entries = 10;
        var bits = 8 + 2 + Entries * 12 + 4;
        var strip = bits + 6;
        var file = new byte[strip + pixels.Length];
        (file[0], file[1]) = bigEndian ? ((byte)'M', (byte)'M') : ((byte)'I', (byte)'I');
        Short(2, 42);
        Int(4, 8);
        Short(8, Entries);
        (int Tag, int Type, int Count, int Value)[] entries =
        [
            (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, bits), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, strip), (277, 3, 1, 3),
            (278, 4, 1, height), (279, 4, 1, pixels.Length), (284, 3, 1, 1),
        ];
        for (var i = 0; i < Entries; i++)
        {
            var at = 10 + i * 12;
            Short(at, entries[i].Tag);
            Short(at + 2, entries[i].Type);
            Int(at + 4, entries[i].Count);
            if (entries[i] is { Type: 3, Count: 1 })
            {
                Short(at + 8, entries[i].Value);
            }
            else
            {
                Int(at + 8, entries[i].Value);
            }
        }
        for (var c = 0; c < 3; c++)
        {
            Short(bits + c * 2, 8);
        }
        pixels.CopyTo(file, strip);
        return file;

        void Short(int at, int value)
        {
            (file[at], file[at + 1]) = bigEndian ? ((byte)(value >> 8), (byte)value) : ((byte)value, (byte)(value >> 8));
        }

        void Int(int at, int value)
        {
            if (bigEndian)
            {
                BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(at), value);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
            }
        }
    }

    /// <summary>A PNG of 8 bits (W3C PNG specification); rows begin with their filter byte.</summary>
    private static byte[] Png(int width, int height, byte colorType, byte[] rows)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, colorType);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(rows);
        }
        return [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, .. Chunk("IHDR", header), .. Chunk("IDAT", packed.ToArray()),
            .. Chunk("IEND", [])];

        static byte[] Chunk(string type, byte[] content)
        {
            byte[] typed = [.. Encoding.ASCII.GetBytes(type), .. content];
            var chunk = new byte[typed.Length + 8];
            BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
            typed.CopyTo(chunk, 4);
            BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(typed.Length + 4), Crc32.HashToUInt32(typed));
            return chunk;
        }
    }
}
