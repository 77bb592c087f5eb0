namespace Llm2Clip.Data.Loading;

/// <summary>
/// Images and records of one step. Dispose it to give its pixel buffer back to the loader. Where the images were encoded before, it holds
/// their features in place of pixels.
/// </summary>
internal sealed class SampleBatch : IDisposable
{
    private Action<byte[]>? _giveBack;

    internal SampleBatch(long index, IReadOnlyList<Sample> samples, byte[] pixels, int imageSize, Action<byte[]> giveBack)
    {
        Index = index;
        Samples = samples;
        Pixels = pixels;
        ImageSize = imageSize;
        _giveBack = giveBack;
    }

    /// <summary>A batch of images that were encoded before. <paramref name="features"/>: row-major, one row per sample.</summary>
    internal static SampleBatch OfFeatures(long index, IReadOnlyList<Sample> samples, float[] features, IReadOnlyList<int> passes) =>
        new(index, samples, [], 0, _ => { }) { Features = features, Passes = passes };

    /// <summary>
    /// Position within the epoch's plan. A run that stopped after this batch resumes with <c>skipBatches = Index + 1</c>.
    /// Consecutive but for batches of which no image could be read.
    /// </summary>
    public long Index { get; }

    /// <summary>Number of images; less than the batch size in an epoch's last batch, and where an image was bad.</summary>
    public int Count => Samples.Count;

    /// <summary>The records, in the order of <see cref="Pixels"/>.</summary>
    public IReadOnlyList<Sample> Samples { get; }

    /// <summary>
    /// How often each record's data set was drawn through before, in the order of <see cref="Samples"/>: what is drawn for a record follows
    /// from it. Null where the epoch says it for all.
    /// </summary>
    public IReadOnlyList<int>? Passes { get; init; }

    /// <summary>Features of the images, row-major, one row per record; null where the batch holds pixels.</summary>
    public float[]? Features { get; private init; }

    /// <summary>Side of each image, pixels.</summary>
    public int ImageSize { get; }

    /// <summary>
    /// Images as [<see cref="Count"/>, S, S, 3], RGB, uint8, row-major; pinned. The array is pooled and may be longer than the
    /// <see cref="PixelBytes"/> that count. Normalize on the device: (pixel / 255 - mean) / std.
    /// </summary>
    public byte[] Pixels { get; private set; }

    /// <summary>Bytes of <see cref="Pixels"/> that belong to this batch.</summary>
    public int PixelBytes => Count * ImageSize * ImageSize * 3;

    /// <summary>Gives the pixel buffer back; <see cref="Pixels"/> is empty from then on.</summary>
    public void Dispose()
    {
        var pixels = Pixels;
        Pixels = [];
        Interlocked.Exchange(ref _giveBack, null)?.Invoke(pixels);
    }
}
