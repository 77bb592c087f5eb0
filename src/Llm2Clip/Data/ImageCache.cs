using System.Collections.Concurrent;
using Llm2Clip.Images;

namespace Llm2Clip.Data;

/// <summary>A decoded picture, shrunk or not, and the size that it was decoded at.</summary>
internal sealed record DecodedPicture(RgbImage Image, int Width, int Height);

/// <summary>
/// Decoded pictures in memory up to a bound, first come first kept: every picture comes once an epoch, so throwing any out for
/// another would gain nothing. What is kept never changes what a picture looks like. Safe to use from several threads.
/// </summary>
internal sealed class ImageCache(long maxBytes)
{
    private readonly ConcurrentDictionary<string, DecodedPicture> _images = new(StringComparer.Ordinal);
    private long _bytes;

    /// <summary>Bytes of pixels held.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Pictures held.</summary>
    public int Count => _images.Count;

    public DecodedPicture? Find(string origin) => _images.GetValueOrDefault(origin);

    /// <summary>Keeps the picture if it fits.</summary>
    public void Offer(string origin, DecodedPicture picture)
    {
        if (Interlocked.Add(ref _bytes, picture.Image.Pixels.Length) > maxBytes || !_images.TryAdd(origin, picture))
        {
            Interlocked.Add(ref _bytes, -picture.Image.Pixels.Length);
        }
    }
}
