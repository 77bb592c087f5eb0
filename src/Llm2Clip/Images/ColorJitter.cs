using Llm2Clip.Randomness;

namespace Llm2Clip.Images;

/// <summary>
/// Random brightness, contrast and saturation in one pass. With gray = 0.299 R + 0.587 G + 0.114 B and m its mean over the image,
/// brightness b, contrast c and saturation s in this order are v = s c b p + (1 - s) c b gray + (1 - c) b m, rounded and clipped
/// once (torchvision draws the order and rounds between the steps).
/// </summary>
internal static class ColorJitter
{
    /// <summary>Factors reach 8 (all three at 2) and pixels 255, so 16 bits behind the point leave room in an int.</summary>
    private const int FractionBits = 16;

    /// <summary>
    /// Changes [.., 3] RGB bytes in place. Draws three numbers whatever the settings, so that one setting does not move another's draws.
    /// </summary>
    public static void Apply(Span<byte> pixels, AugmentConfig augment, ref SeededRandom random)
    {
        var brightness = Draw(augment.Brightness, ref random);
        var contrast = Draw(augment.Contrast, ref random);
        var saturation = Draw(augment.Saturation, ref random);
        if (brightness == 1 && contrast == 1 && saturation == 1)
        {
            return;
        }
        var own = saturation * contrast * brightness;
        var gray = (1 - saturation) * contrast * brightness;
        var constant = contrast == 1 ? 0 : (1 - contrast) * brightness * MeanGray(pixels);
        var (r, g, b) = (Fixed(gray * 0.299f), Fixed(gray * 0.587f), Fixed(gray * 0.114f));
        var (scale, offset) = (Fixed(own), Fixed(constant) + (1 << (FractionBits - 1)));
        for (var i = 0; i + 2 < pixels.Length; i += 3)
        {
            int red = pixels[i], green = pixels[i + 1], blue = pixels[i + 2];
            var shared = r * red + g * green + b * blue + offset;
            pixels[i] = Clip(scale * red + shared);
            pixels[i + 1] = Clip(scale * green + shared);
            pixels[i + 2] = Clip(scale * blue + shared);
        }
    }

    private static int Fixed(float value) => (int)MathF.Round(value * (1 << FractionBits));

    private static float Draw(double range, ref SeededRandom random)
    {
        var factor = random.Uniform(1 - range, 1 + range);
        return range == 0 ? 1 : (float)factor;
    }

    private static float MeanGray(ReadOnlySpan<byte> pixels)
    {
        long red = 0, green = 0, blue = 0;
        for (var i = 0; i + 2 < pixels.Length; i += 3)
        {
            red += pixels[i];
            green += pixels[i + 1];
            blue += pixels[i + 2];
        }
        return (float)((0.299 * red + 0.587 * green + 0.114 * blue) / Math.Max(1, pixels.Length / 3));
    }

    private static byte Clip(int value)
    {
        value >>= FractionBits;
        return (uint)value <= 255 ? (byte)value : value < 0 ? (byte)0 : (byte)255;
    }
}
