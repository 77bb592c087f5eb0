using System.Collections.Concurrent;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Loading;

/// <summary>A decoded image, shrunk or not, and the size that it was decoded at.</summary>
internal sealed record DecodedImage(RgbImage Image, int Width, int Height);

/// <summary>
/// Decoded images in memory up to a bound, first come first kept: every image comes once per epoch, so throwing any out for
/// another would gain nothing. What is kept never changes what an image looks like. Safe to use from several threads.
/// </summary>
internal sealed class ImageCache(long maxBytes)
{
    private readonly ConcurrentDictionary<string, DecodedImage> _images = new(StringComparer.Ordinal);
    private long _bytes;

    public DecodedImage? Find(string origin) => _images.GetValueOrDefault(origin);

    /// <summary>Keeps a copy of the image if it fits: its own memory is the decoder's, and is used again.</summary>
    public void Offer(string origin, DecodedImage image)
    {
        var bytes = image.Image.Width * image.Image.Height * 3;
        if (Interlocked.Add(ref _bytes, bytes) > maxBytes || !_images.TryAdd(origin, image with { Image = image.Image.Copy() }))
        {
            Interlocked.Add(ref _bytes, -bytes);
        }
    }
}
