namespace Llm2Clip.Images;

/// <summary>
/// A decoded image: <paramref name="Pixels"/> is [Height, Width, 3], RGB, uint8, row-major; bytes behind that are none of its pixels.
/// </summary>
public sealed record RgbImage(int Width, int Height, byte[] Pixels)
{
    /// <summary>The same image in memory of its own, as long as it needs.</summary>
    internal RgbImage Copy() => this with { Pixels = Pixels[..(Width * Height * 3)] };

    /// <summary>Bicubic resize with antialias, as Pillow's; the aspect ratio is the caller's.</summary>
    public RgbImage Resize(int width, int height)
    {
        var pixels = new byte[checked(width * height * 3)];
        var all = new CropBox(0, 0, Width, Height);
        new Resampler().Resize(this, all, width, height, new PixelArea(0, 0, width, height), mirror: false, pixels);
        return new RgbImage(width, height, pixels);
    }
}
