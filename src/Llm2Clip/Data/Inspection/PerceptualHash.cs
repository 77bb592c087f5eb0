using System.Numerics.Tensors;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Inspection;

/// <summary>
/// 128 bits of what an image looks like: alike images differ in few of them. <see cref="Coarse"/> is the DCT hash of pHash (C. Zauner,
/// Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, 3.2.1; <c>ph_dct_imagehash</c> in
/// https://github.com/aetilius/pHash): gray, 32 x 32, DCT-II, the coefficients of rows and columns 1 to 8, a bit for each that is above
/// their median. Unlike there, the image is shrunk by the bicubic antialias resize that all images here go through, and not by a mean
/// filter and picking of pixels. <see cref="Fine"/> is the same of the next 64 coefficients, by rising frequency. Coarse hashes are what
/// images are looked up by; in millions of them, some are alike by chance, and their fine ones are not. Sees through scaling, other
/// encodings and slight changes of color and light; a crop, a turned or a mirrored image is another one to it.
/// </summary>
/// <param name="Coarse">Bit 8 (v - 1) + u - 1 stands for row v and column u of the DCT.</param>
/// <param name="Fine">Rows and columns 1 to 16 without the former, in the order of v + u, then of v.</param>
internal readonly record struct PerceptualHash(ulong Coarse, ulong Fine)
{
    /// <summary>Stands for an image without structure, of which a hash would be noise.</summary>
    public static readonly PerceptualHash None;

    private const int Side = 32;
    private const int Low = 8;
    private const int Kept = 16;
    private const int Bits = 64;

    /// <summary>Standard deviation of the 32 x 32 gray levels, of 255, below which an image has no structure.</summary>
    private const double FlatBelow = 2;

    private static readonly double[] Cosines =
    [
        .. Enumerable.Range(0, Kept * Side)
            .Select(i => Math.Cos(Math.PI * (i / Side + 1) * (2 * (i % Side) + 1) / (2 * Side))),
    ];

    private static readonly int[] CoarsePlaces = [.. Enumerable.Range(0, Kept * Kept).Where(i => i / Kept < Low && i % Kept < Low)];

    private static readonly int[] FinePlaces =
        [.. Enumerable.Range(0, Kept * Kept).Except(CoarsePlaces).OrderBy(i => i / Kept + i % Kept).ThenBy(i => i / Kept).Take(Bits)];

    /// <summary>The hash; <see cref="None"/> for an image of one color.</summary>
    public static PerceptualHash Of(RgbImage image)
    {
        var small = (image.Width, image.Height) == (Side, Side) ? image : image.Resize(Side, Side);
        Span<double> gray = stackalloc double[Side * Side];
        double sum = 0, squares = 0;
        for (var i = 0; i < gray.Length; i++)
        {
            gray[i] = Gray(small.Pixels, i * 3);
            sum += gray[i];
            squares += gray[i] * gray[i];
        }
        var mean = sum / gray.Length;
        if (squares / gray.Length - mean * mean < FlatBelow * FlatBelow)
        {
            return None;
        }
        Span<double> transform = stackalloc double[Kept * Kept];
        Transform(gray, transform);
        return new PerceptualHash(AboveMedian(transform, CoarsePlaces), AboveMedian(transform, FinePlaces));
    }

    /// <summary>ITU-R 601 luma as Pillow's <c>convert("L")</c> rounds it (src/libImaging/Convert.c, L24).</summary>
    private static int Gray(byte[] pixels, int at) => (pixels[at] * 19595 + pixels[at + 1] * 38470 + pixels[at + 2] * 7471 + 0x8000) >> 16;

    /// <summary>Rows and columns 1 to 16 of the DCT-II, not normalized: [v, u].</summary>
    private static void Transform(ReadOnlySpan<double> gray, Span<double> into)
    {
        Span<double> rows = stackalloc double[Kept * Side]; // [u, y]
        for (var u = 0; u < Kept; u++)
        {
            for (var y = 0; y < Side; y++)
            {
                rows[u * Side + y] = TensorPrimitives.Dot(gray.Slice(y * Side, Side), Cosines.AsSpan(u * Side, Side));
            }
        }
        for (var v = 0; v < Kept; v++)
        {
            for (var u = 0; u < Kept; u++)
            {
                into[v * Kept + u] = TensorPrimitives.Dot<double>(rows.Slice(u * Side, Side), Cosines.AsSpan(v * Side, Side));
            }
        }
    }

    private static ulong AboveMedian(ReadOnlySpan<double> transform, int[] places)
    {
        Span<double> sorted = stackalloc double[Bits];
        for (var i = 0; i < Bits; i++)
        {
            sorted[i] = transform[places[i]];
        }
        sorted.Sort();
        var median = (sorted[Bits / 2 - 1] + sorted[Bits / 2]) / 2;
        ulong bits = 0;
        for (var i = 0; i < Bits; i++)
        {
            bits |= transform[places[i]] > median ? 1UL << i : 0;
        }
        return bits;
    }
}
