using Llm2Clip.Data.Inspection;
using Llm2Clip.Images;
using static System.Numerics.BitOperations;

namespace Llm2Clip.Tests.Inspection;

public sealed class PerceptualHashTests
{
    /// <summary>
    /// Debian's numpy 1.24.2 and Pillow 9.4.0: the image below by <c>Image.fromarray</c>, <c>resize((32, 32), BICUBIC).convert('L')</c>, K
    /// g K^T with
    /// K[k, i] = cos(pi (k + 1) (2 i + 1) / 64) for k = 0..15, bits by <c>numpy.median</c>. No coefficient lies nearer than 1 to its
    /// median.
    /// </summary>
    [Theory]
    [InlineData(32, 32, 0x6AD1B56992658B66, 0xCD605A7E7273C066)]
    [InlineData(50, 40, 0x9A952DCD99728678, 0xF41315E3479C33AA)]
    [InlineData(200, 333, 0x0307078F0F8F8F8F, 0x1F40FE07C0F0F1CD)]
    public void EqualsNumpyAndPillow(int width, int height, ulong coarse, ulong fine) =>
        Assert.Equal(new PerceptualHash(coarse, fine), PerceptualHash.Of(Image(width, height)));

    [Fact]
    public void SeesThroughSizeAndEncodingButNotThroughAMirror()
    {
        var image = Image(200, 333);
        var hash = PerceptualHash.Of(image);
        Assert.InRange(Distance(hash, PerceptualHash.Of(ImageCodec.Decode(ImageCodec.EncodeJpeg(image, 60), "x"))), 0, 8);
        Assert.InRange(Distance(hash, PerceptualHash.Of(image.Resize(64, 64))), 0, 8);
        var mirrored = new RgbImage(200, 333, new byte[image.Pixels.Length]);
        for (var i = 0; i < image.Pixels.Length / 3; i++)
        {
            image.Pixels.AsSpan(i * 3, 3).CopyTo(mirrored.Pixels.AsSpan((i / 200 * 200 + 199 - i % 200) * 3));
        }
        Assert.True(Distance(hash, PerceptualHash.Of(mirrored)) > 30);
    }

    [Fact]
    public void AnImageOfOneColorHasNone()
    {
        var flat = new RgbImage(10, 10, [.. Enumerable.Repeat((byte)200, 300)]);
        Assert.Equal(PerceptualHash.None, PerceptualHash.Of(flat));
        flat.Pixels[150] = 199;
        Assert.Equal(PerceptualHash.None, PerceptualHash.Of(flat));
    }

    internal static RgbImage Image(int width, int height) => new(width, height, [.. Enumerable.Range(0, width * height * 3).Select(i =>
    {
        var (x, y, c) = (i / 3 % width, i / 3 / width, i % 3);
        return (byte)((x * (c + 3) + y * (5 - c) + x * y / 7) % 256);
    })]);

    private static int Distance(PerceptualHash a, PerceptualHash b) => PopCount(a.Coarse ^ b.Coarse) + PopCount(a.Fine ^ b.Fine);
}
