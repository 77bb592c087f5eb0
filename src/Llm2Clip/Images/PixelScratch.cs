namespace Llm2Clip.Images;

/// <summary>
/// Memory that one thread decodes into again and again: new memory for each image costs a tenth of the time of decoding a photo of 500
/// pixels, as the system clears its pages and the garbage collector takes them back.
/// </summary>
internal sealed class PixelScratch
{
    /// <summary>Larger images get memory of their own, or the largest of a data set would keep it for good.</summary>
    private const int MostBytes = 48 << 20;

    private byte[] _pixels = [];

    /// <summary>At least <paramref name="bytes"/> bytes of any content, the same ones in the next call.</summary>
    public byte[] Take(int bytes)
    {
        if (bytes > MostBytes)
        {
            return GC.AllocateUninitializedArray<byte>(bytes);
        }
        if (_pixels.Length < bytes)
        {
            _pixels = GC.AllocateUninitializedArray<byte>(Math.Min(MostBytes, bytes + bytes / 2));
        }
        return _pixels;
    }
}
