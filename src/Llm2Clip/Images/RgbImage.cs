namespace Llm2Clip.Images;

/// <summary>A decoded picture: <paramref name="Pixels"/> is [Height, Width, 3], RGB, uint8, row-major.</summary>
public sealed record RgbImage(int Width, int Height, byte[] Pixels)
{
    /// <summary>Bicubic resize with antialias, as Pillow's; the aspect ratio is the caller's.</summary>
    public RgbImage Resize(int width, int height)
    {
        var pixels = new byte[checked(width * height * 3)];
        new Resampler().Resize(this, new CropBox(0, 0, Width, Height), width, height, new PixelArea(0, 0, width, height), mirror: false, pixels);
        return new RgbImage(width, height, pixels);
    }
}
