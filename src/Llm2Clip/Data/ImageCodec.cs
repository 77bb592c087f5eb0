namespace Llm2Clip.Data;

/// <summary>Decodes and encodes pictures through libvips.</summary>
public static class ImageCodec
{
    /// <summary>Decodes jpg, png, webp or gif (first frame) to RGB as Pillow's <c>convert("RGB")</c> does. Throws <see cref="InputException"/> naming <paramref name="origin"/>.</summary>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, string origin, double maxMegapixels = 178) => throw new NotSupportedException(origin);

    /// <summary>JPEG of a picture; <paramref name="quality"/> 1..100.</summary>
    public static byte[] EncodeJpeg(RgbImage image, int quality = 90) => throw new NotSupportedException();

    /// <summary>PNG of a picture.</summary>
    public static byte[] EncodePng(RgbImage image) => throw new NotSupportedException();
}
