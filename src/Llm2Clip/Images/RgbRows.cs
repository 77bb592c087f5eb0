using System.Runtime.InteropServices;

namespace Llm2Clip.Images;

/// <summary>
/// From the samples that libvips gives to RGB bytes, as Pillow's <c>convert("RGB")</c> does it: alpha is dropped, not blended; CMYK becomes
/// (255 - C)(255 - K) / 255; gray is repeated; 16-bit values keep their high byte (also for gray, where Pillow clips at 255: a bright image
/// would turn white).
/// </summary>
/// <param name="bands">Samples of a pixel, 1 or more.</param>
/// <param name="isWide">Samples have 16 bits, not 8.</param>
/// <param name="isCmyk">The first four samples are C, M, Y, K.</param>
/// <param name="background">R, G, B that transparent pixels are blended over; empty = alpha is dropped.</param>
internal sealed class RgbRows(int bands, bool isWide, bool isCmyk, IReadOnlyList<int> background)
{
    private readonly bool _blends = background.Count > 0 && bands is 2 or 4 && !isCmyk;

    /// <summary>Converts whole pixels; changes <paramref name="samples"/>; <paramref name="target"/> takes three bytes per pixel.</summary>
    public void Convert(Span<byte> samples, Span<byte> target)
    {
        if (isWide)
        {
            samples = KeepHighBytes(samples);
        }
        if (bands == 3)
        {
            samples.CopyTo(target);
        }
        else if (isCmyk)
        {
            FromCmyk(samples, target);
        }
        else
        {
            FromBands(samples, target);
        }
        if (_blends)
        {
            Blend(samples, target);
        }
    }

    private static Span<byte> KeepHighBytes(Span<byte> samples)
    {
        var wide = MemoryMarshal.Cast<byte, ushort>(samples);
        for (var i = 0; i < wide.Length; i++)
        {
            samples[i] = (byte)(wide[i] >> 8);
        }
        return samples[..wide.Length];
    }

    private void FromBands(ReadOnlySpan<byte> samples, Span<byte> target)
    {
        var (green, blue) = bands < 3 ? (0, 0) : (1, 2);
        for (int from = 0, to = 0; from < samples.Length; from += bands, to += 3)
        {
            (target[to], target[to + 1], target[to + 2]) = (samples[from], samples[from + green], samples[from + blue]);
        }
    }

    private void FromCmyk(ReadOnlySpan<byte> samples, Span<byte> target)
    {
        for (int from = 0, to = 0; from < samples.Length; from += bands, to += 3)
        {
            for (var c = 0; c < 3; c++)
            {
                target[to + c] = (byte)(((255 - samples[from + c]) * (255 - samples[from + 3]) + 127) / 255);
            }
        }
    }

    /// <summary>Takes the ground color where a pixel is transparent, and a mixture where it is partly so.</summary>
    private void Blend(ReadOnlySpan<byte> samples, Span<byte> target)
    {
        for (int from = 0, to = 0; from < samples.Length; from += bands, to += 3)
        {
            var alpha = samples[from + bands - 1];
            for (var c = 0; c < 3; c++)
            {
                target[to + c] = (byte)((target[to + c] * alpha + background[c] * (255 - alpha) + 127) / 255);
            }
        }
    }
}
