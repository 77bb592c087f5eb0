using Llm2Clip.Randomness;

namespace Llm2Clip.Images;

/// <summary>Sizes and crops of the image transforms, rounded as torchvision does (0.29, transforms/functional.py, transforms.py).</summary>
internal static class ImageGeometry
{
    /// <summary>Size after the short side became <paramref name="target"/>: the long side is cut to a whole number, not rounded.</summary>
    public static (int Width, int Height) ShortSideTo(int width, int height, int target) => width <= height
        ? (target, (int)((long)target * height / width))
        : ((int)((long)target * width / height), target);

    /// <summary>Offset of a center crop: (size - crop) / 2, halves to the even neighbour as Python's round does.</summary>
    public static int CenterOffset(int size, int crop) => (int)Math.Round((size - crop) / 2.0, MidpointRounding.ToEven);

    /// <summary>RandomResizedCrop's choice: ten draws of area and ratio, else the largest central crop within the ratios.</summary>
    public static PixelArea RandomCrop(int width, int height, AugmentConfig augment, ref SeededRandom random)
    {
        var (logLow, logHigh) = (Math.Log(augment.RatioMin), Math.Log(augment.RatioMax));
        for (var attempt = 0; attempt < 10; attempt++)
        {
            var area = (double)width * height * random.Uniform(augment.CropScaleMin, augment.CropScaleMax);
            var ratio = Math.Exp(random.Uniform(logLow, logHigh));
            var w = (int)Math.Round(Math.Sqrt(area * ratio), MidpointRounding.ToEven);
            var h = (int)Math.Round(Math.Sqrt(area / ratio), MidpointRounding.ToEven);
            if (w > 0 && w <= width && h > 0 && h <= height)
            {
                var y = random.NextInt32(height - h + 1);
                var x = random.NextInt32(width - w + 1);
                return new PixelArea(x, y, w, h);
            }
        }
        var whole = (double)width / height;
        var (cropWidth, cropHeight) = whole < augment.RatioMin ? (width, (int)Math.Round(width / augment.RatioMin, MidpointRounding.ToEven))
            : whole > augment.RatioMax ? ((int)Math.Round(height * augment.RatioMax, MidpointRounding.ToEven), height)
            : (width, height);
        // An image of one pixel's width would round to a crop beyond itself.
        (cropWidth, cropHeight) = (Math.Clamp(cropWidth, 1, width), Math.Clamp(cropHeight, 1, height));
        return new PixelArea((width - cropWidth) / 2, (height - cropHeight) / 2, cropWidth, cropHeight);
    }
}
