using System.IO.Hashing;
using Llm2Clip.Data;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Images;

namespace Llm2Clip.Search;

/// <summary>An image as an index takes it, but for its vector.</summary>
/// <param name="Row">Its fields, without the places in the files.</param>
/// <param name="Record">What is said of it.</param>
/// <param name="Thumbnail">WebP.</param>
/// <param name="Vector">The vector of an image with the same bytes; null where it is to be encoded.</param>
internal sealed record Photo(IndexRow Row, ImageRecord Record, byte[] Thumbnail, byte[]? Vector);

/// <summary>
/// Reads images for an index: decoded once, they give the model's input, the thumbnail and what they look like. Holds scratch memory: one
/// per thread.
/// </summary>
internal sealed class PhotoReader(ImageTransformConfig transform, DecodeOptions decode, int thumbnailSide)
{
    private readonly ImagePipeline _pipeline = new(transform, decode: decode);

    /// <summary>
    /// Reads an image and writes the model's input to <paramref name="pixels"/>. Throws <see cref="InputException"/>, naming it, where it
    /// cannot be read or decoded.
    /// </summary>
    /// <param name="row">What is known of it already.</param>
    /// <param name="record">The same.</param>
    /// <param name="encoded">The image.</param>
    /// <param name="pixels">[S, S, 3].</param>
    public Photo Read(IndexRow row, ImageRecord record, byte[] encoded, Span<byte> pixels)
    {
        var image = _pipeline.Decode(encoded, record.Path, forTraining: false);
        var facts = ImageFacts.Of(encoded, record.Path);
        _pipeline.Eval(image, pixels);
        var small = Shrink(image);
        if (!decode.Upright)
        {
            small = Orientation.Apply(small, facts.Orientation);
        }
        var looks = PerceptualHash.Of(small);
        return new Photo(
            row with
            {
                Taken = facts.Taken?.Ticks ?? 0,
                Coarse = looks.Coarse,
                Fine = looks.Fine,
                Latitude = (float)(facts.Latitude ?? double.NaN),
                Longitude = (float)(facts.Longitude ?? double.NaN),
                Width = facts.Width,
                Height = facts.Height,
            },
            record, ImageCodec.EncodeWebp(small), null);
    }

    /// <summary>Hash of an encoded image, by which equal ones are known.</summary>
    public static UInt128 ContentOf(byte[] encoded) => XxHash128.HashToUInt128(encoded);

    /// <summary>A small image is kept at its size.</summary>
    private RgbImage Shrink(RgbImage image)
    {
        var scale = (double)thumbnailSide / Math.Max(image.Width, image.Height);
        return scale >= 1
            ? image.Copy()
            : image.Resize(Math.Max(1, (int)Math.Round(image.Width * scale)), Math.Max(1, (int)Math.Round(image.Height * scale)));
    }
}
