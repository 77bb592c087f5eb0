using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Inspection;

/// <summary>
/// What is kept of every image and caption to find duplicates: 36 bytes per image, 37 bytes per caption. Images and captions of all data
/// sets are numbered through in the order of the data; those of broken samples have hash 0.
/// </summary>
internal sealed class InspectionTables
{
    private const int MostLanguages = 255;

    private readonly ConcurrentDictionary<string, byte> _languages = new(StringComparer.Ordinal);

    /// <summary>Hash of the record's key; of broken samples too.</summary>
    public GrowingArray<ulong> Keys { get; } = new();

    /// <summary>Hash of size and decoded pixels.</summary>
    public GrowingArray<ulong> Pixels { get; } = new();

    /// <summary><see cref="PerceptualHash"/>.</summary>
    public GrowingArray<PerceptualHash> Perceptual { get; } = new();

    /// <summary>Hash of the encoded image, which needs to tell only images of equal pixels apart.</summary>
    public GrowingArray<uint> Encoded { get; } = new();

    /// <summary>Hash of the normalized text.</summary>
    public GrowingArray<ulong> Texts { get; } = new();

    public GrowingArray<MinHash> Signatures { get; } = new();

    /// <summary>Number of the caption's image.</summary>
    public GrowingArray<int> CaptionImages { get; } = new();

    /// <summary>Number of the caption's language.</summary>
    public GrowingArray<byte> CaptionLanguages { get; } = new();

    public int ImageCount { get; private set; }

    public int CaptionCount { get; private set; }

    /// <summary>Names of the languages by their numbers; the 256th and all after it share the last number.</summary>
    public IReadOnlyList<string> Languages =>
        [.. _languages.GroupBy(pair => pair.Value).OrderBy(group => group.Key).Select(group => group.Min(pair => pair.Key)!)];

    /// <summary>Numbers of a sample's image and of its first caption. Called by one thread.</summary>
    public (int Image, int Caption) Append(Sample sample)
    {
        if ((long)CaptionCount + sample.Captions.Count > int.MaxValue)
        {
            throw new InputException($"{sample.Origin}: more than {int.MaxValue:N0} captions; inspect the data set in parts.");
        }
        var place = (ImageCount, CaptionCount);
        ImageCount++;
        CaptionCount += sample.Captions.Count;
        Keys.Grow(ImageCount);
        Pixels.Grow(ImageCount);
        Perceptual.Grow(ImageCount);
        Encoded.Grow(ImageCount);
        Texts.Grow(CaptionCount);
        Signatures.Grow(CaptionCount);
        CaptionImages.Grow(CaptionCount);
        CaptionLanguages.Grow(CaptionCount);
        Keys[place.ImageCount] = Math.Max(1, XxHash3.HashToUInt64(MemoryMarshal.AsBytes(sample.Key.AsSpan())));
        return place;
    }

    /// <summary>Sets an image's hashes; returns the perceptual one.</summary>
    public PerceptualHash SetImage(int number, ReadOnlySpan<byte> encoded, RgbImage image)
    {
        Pixels[number] = Math.Max(1, XxHash3.HashToUInt64(image.Pixels, (long)image.Width << 32 | (uint)image.Height));
        Encoded[number] = (uint)XxHash3.HashToUInt64(encoded);
        return Perceptual[number] = PerceptualHash.Of(image);
    }

    /// <summary>Sets what is kept of a caption.</summary>
    public void SetCaption(int caption, int image, Caption content, ref ulong[] scratch)
    {
        var text = CaptionText.Normalize(content.Text);
        Texts[caption] = CaptionText.Hash(text);
        Signatures[caption] = MinHash.Of(text, ref scratch);
        CaptionImages[caption] = image;
        CaptionLanguages[caption] = Number(content.Language);
    }

    private byte Number(string language)
    {
        if (!_languages.TryGetValue(language, out var number))
        {
            lock (_languages)
            {
                number = _languages.GetOrAdd(language, (byte)Math.Min(_languages.Count, MostLanguages));
            }
        }
        return number;
    }
}
