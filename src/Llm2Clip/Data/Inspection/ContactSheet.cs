using System.IO.Hashing;
using System.Runtime.InteropServices;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Inspection;

/// <summary>
/// A random sample of images, drawn while they go by: those with the smallest hashes of seed and key. It depends on neither their order
/// nor the workers.
/// </summary>
internal sealed class SheetSample(int size)
{
    // The largest rank leaves first.
    private readonly PriorityQueue<RgbImage, (ulong Hash, int Ordinal)> _drawn = new(
        Comparer<(ulong, int)>.Create((a, b) => b.CompareTo(a)));

    /// <summary>Offers an image; it is shrunk only where it is drawn.</summary>
    public void Offer(long seed, string key, int ordinal, RgbImage image)
    {
        var rank = (XxHash3.HashToUInt64(MemoryMarshal.AsBytes(key.AsSpan()), seed), ordinal);
        if (IsDrawn(rank))
        {
            Keep(rank, ContactSheet.Thumbnail(image, ContactSheet.Tile));
        }
    }

    /// <summary>Adds the sample of another worker.</summary>
    public void Add(SheetSample other)
    {
        foreach (var (image, rank) in other._drawn.UnorderedItems)
        {
            if (IsDrawn(rank))
            {
                Keep(rank, image);
            }
        }
    }

    /// <summary>The sample in the order of the data.</summary>
    public IReadOnlyList<RgbImage> InOrder() =>
        [.. _drawn.UnorderedItems.OrderBy(item => item.Priority.Ordinal).Select(item => item.Element)];

    private bool IsDrawn((ulong, int) rank) => _drawn.Count < size || (_drawn.TryPeek(out _, out var last) && rank.CompareTo(last) < 0);

    private void Keep((ulong, int) rank, RgbImage image)
    {
        _drawn.Enqueue(image, rank);
        if (_drawn.Count > size)
        {
            _drawn.Dequeue();
        }
    }
}

/// <summary>Small images side by side on one.</summary>
internal static class ContactSheet
{
    /// <summary>Side of the square that an image is fitted into, pixels.</summary>
    public const int Tile = 120;

    private const int Gap = 4;
    private const int Columns = 10;

    /// <summary>The image with its long side shrunk to <paramref name="side"/>; as it is where it is not larger.</summary>
    public static RgbImage Thumbnail(RgbImage image, int side)
    {
        var longest = Math.Max(image.Width, image.Height);
        return longest <= side
            ? image
            : image.Resize(Math.Max(1, image.Width * side / longest), Math.Max(1, image.Height * side / longest));
    }

    /// <summary>Rows of ten images, each in the middle of its tile, over gray.</summary>
    public static RgbImage Arrange(IReadOnlyList<RgbImage> images)
    {
        var columns = Math.Clamp(images.Count, 1, Columns);
        var rows = Math.Max(1, (images.Count + Columns - 1) / Columns);
        var sheet = new RgbImage(columns * (Tile + Gap) + Gap, rows * (Tile + Gap) + Gap,
            new byte[(columns * (Tile + Gap) + Gap) * (rows * (Tile + Gap) + Gap) * 3]);
        sheet.Pixels.AsSpan().Fill(0x80);
        for (var i = 0; i < images.Count; i++)
        {
            var left = Gap + i % Columns * (Tile + Gap) + (Tile - images[i].Width) / 2;
            var top = Gap + i / Columns * (Tile + Gap) + (Tile - images[i].Height) / 2;
            Paste(images[i], sheet, left, top);
        }
        return sheet;
    }

    private static void Paste(RgbImage image, RgbImage onto, int left, int top)
    {
        var row = image.Width * 3;
        for (var y = 0; y < image.Height; y++)
        {
            image.Pixels.AsSpan(y * row, row).CopyTo(onto.Pixels.AsSpan(((top + y) * onto.Width + left) * 3));
        }
    }
}
