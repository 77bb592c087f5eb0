using Llm2Clip.Configuration;
using Llm2Clip.Randomness;

namespace Llm2Clip.Images;

/// <summary>
/// From encoded or decoded image to the model's square input, [S, S, 3] RGB bytes. Evaluation: the model's own transform, without
/// randomness, to the bit as Pillow and torchvision do it. Training: random crop, resize, flip, color. Holds scratch memory: one per
/// thread.
/// </summary>
public sealed class ImagePipeline
{
    private readonly ImageTransformConfig _transform;
    private readonly AugmentConfig _augment;
    private readonly DecodeOptions _decode;
    private readonly Resampler _resampler;
    private readonly PixelScratch _scratch = new();

    /// <summary>Throws <see cref="ConfigException"/> for values that cannot work.</summary>
    public ImagePipeline(ImageTransformConfig transform, AugmentConfig? augment = null, DecodeOptions? decode = null)
    {
        _transform = Checked.Require(transform);
        _augment = Checked.Require(augment ?? new AugmentConfig());
        _decode = Checked.Require(decode ?? new DecodeOptions());
        _resampler = new Resampler(filter: _transform.Filter);
    }

    /// <summary>Bytes of one result: S * S * 3.</summary>
    public int OutputBytes => _transform.ImageSize * _transform.ImageSize * 3;

    /// <summary>
    /// The evaluation transform of an encoded image. Throws <see cref="ImageException"/> naming <paramref name="origin"/> where it cannot
    /// be decoded.
    /// </summary>
    public byte[] Eval(ReadOnlySpan<byte> encoded, string origin)
    {
        var pixels = new byte[OutputBytes];
        Eval(Decode(encoded, origin, forTraining: false), pixels);
        return pixels;
    }

    /// <summary>The evaluation transform of a decoded image, written to <paramref name="into"/>.</summary>
    public void Eval(RgbImage image, Span<byte> into)
    {
        var size = _transform.ImageSize;
        var (width, height) = _transform.Resize == ResizeMode.Squash
            ? (size, size)
            : ImageGeometry.ShortSideTo(image.Width, image.Height, size);
        var window = new PixelArea(ImageGeometry.CenterOffset(width, size), ImageGeometry.CenterOffset(height, size), size, size);
        _resampler.Resize(image, new CropBox(0, 0, image.Width, image.Height), width, height, window, mirror: false, into);
    }

    /// <summary>The training transform of a decoded image, written to <paramref name="into"/>.</summary>
    public void Train(RgbImage image, ref SeededRandom random, Span<byte> into) =>
        Train(image, image.Width, image.Height, ref random, into);

    /// <summary>
    /// The same for an image that was shrunk (<see cref="Shrink"/>) from <paramref name="width"/> x <paramref name="height"/>: the crop
    /// is drawn on the original size and shows the same part of the scene.
    /// </summary>
    public void Train(RgbImage image, int width, int height, ref SeededRandom random, Span<byte> into)
    {
        var size = _transform.ImageSize;
        var flip = random.NextDouble() < _augment.Flip;
        var colors = random.Split();
        CropBox crop = ImageGeometry.RandomCrop(width, height, _augment, ref random);
        crop = crop.Scale((double)image.Width / width, (double)image.Height / height);
        _resampler.Resize(image, crop, size, size, new PixelArea(0, 0, size, size), flip, into);
        ColorJitter.Apply(into, _augment, ref colors);
    }

    /// <summary>
    /// Decodes an image for one of the transforms. With a reducing gap, at least that many times the size which the transform needs remain.
    /// The image lies in this pipeline's scratch memory: the next call overwrites it.
    /// </summary>
    public RgbImage Decode(ReadOnlySpan<byte> encoded, string origin, bool forTraining)
    {
        // A crop of a share of the area has that share's root of the side.
        var side = forTraining ? _transform.ImageSize / Math.Sqrt(_augment.CropScaleMin) : _transform.ImageSize;
        return ImageCodec.Decode(encoded, origin, _decode, (int)Math.Ceiling(_decode.JpegReducingGap * side), _scratch);
    }

    /// <summary>The image with its short side shrunk to <paramref name="side"/>; as it is where that is not smaller, or 0.</summary>
    public static RgbImage Shrink(RgbImage image, int side)
    {
        if (side == 0 || Math.Min(image.Width, image.Height) <= side)
        {
            return image;
        }
        var (width, height) = ImageGeometry.ShortSideTo(image.Width, image.Height, side);
        return image.Resize(width, height);
    }
}
