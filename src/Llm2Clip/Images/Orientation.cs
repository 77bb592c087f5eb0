namespace Llm2Clip.Images;

/// <summary>
/// Turns and mirrors images by EXIF orientation (Exif 2.32, tag 0x0112): 1 is upright, 2 to 8 say where row 0 and column 0 are.
/// </summary>
internal static class Orientation
{
    /// <summary>The upright image; the same one where it is upright already or the value is unknown.</summary>
    public static RgbImage Apply(RgbImage image, int orientation)
    {
        if (orientation is < 2 or > 8)
        {
            return image;
        }
        var swaps = orientation >= 5;
        var (width, height) = swaps ? (image.Height, image.Width) : (image.Width, image.Height);
        var pixels = GC.AllocateUninitializedArray<byte>(width * height * 3);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (u, v) = Source(orientation, x, y, width - 1, height - 1);
                image.Pixels.AsSpan((v * image.Width + u) * 3, 3).CopyTo(pixels.AsSpan((y * width + x) * 3));
            }
        }
        return new RgbImage(width, height, pixels);
    }

    /// <summary>Where the upright pixel (x, y) is in the stored image; right and bottom are the last ones of the upright image.</summary>
    private static (int X, int Y) Source(int orientation, int x, int y, int right, int bottom) => orientation switch
    {
        2 => (right - x, y),          // mirrored left to right
        3 => (right - x, bottom - y), // turned by 180 degrees
        4 => (x, bottom - y),         // mirrored top to bottom
        5 => (y, x),                  // transposed
        6 => (y, right - x),          // to be turned by 90 degrees clockwise
        7 => (bottom - y, right - x), // transposed over the other diagonal
        _ => (bottom - y, x),         // to be turned by 90 degrees counter-clockwise
    };
}
