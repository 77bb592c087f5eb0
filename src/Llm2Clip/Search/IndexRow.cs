using System.IO.Hashing;
using System.Runtime.InteropServices;
using Llm2Clip.Data.Inspection;

namespace Llm2Clip.Search;

/// <summary>
/// One image of an index, in the fixed-width file of its segment: little-endian and without gaps, as here. What has no fixed width, its
/// record and its thumbnail, lies in files of its own.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal record struct IndexRow
{
    /// <summary>Size of a row in the file.</summary>
    public const int Bytes = 136;

    /// <summary>XxHash128 of the name that the image has in the index.</summary>
    public UInt128 Identity;

    /// <summary>XxHash128 of the encoded image.</summary>
    public UInt128 Content;

    /// <summary>XxHash64 of the captions as they are written in the record.</summary>
    public ulong Captions;

    /// <summary>Bytes of the file that the image is, or lies in; 0 where there is none that can be asked.</summary>
    public long Size;

    /// <summary>When that file was changed, UTC, in .NET's ticks; 0 where there is none.</summary>
    public long Modified;

    /// <summary>When the photo was taken by its EXIF data, the camera's own time, in .NET's ticks; 0 where they do not say.</summary>
    public long Taken;

    /// <summary><see cref="PerceptualHash.Coarse"/> of the thumbnail.</summary>
    public ulong Coarse;

    /// <summary><see cref="PerceptualHash.Fine"/> of the thumbnail.</summary>
    public ulong Fine;

    /// <summary>Degrees north by the EXIF data; NaN where they do not say.</summary>
    public float Latitude;

    /// <summary>Degrees east; NaN where they do not say.</summary>
    public float Longitude;

    /// <summary>Pixels, upright.</summary>
    public int Width;

    /// <summary>Pixels, upright.</summary>
    public int Height;

    /// <summary>First byte of the record.</summary>
    public long RecordOffset;

    /// <summary>First byte of the thumbnail.</summary>
    public long ThumbnailOffset;

    public int RecordLength;

    public int ThumbnailLength;

    /// <summary>Number of the source in the manifest.</summary>
    public int Source;

    /// <summary>0.</summary>
    public int Reserved;

    /// <summary>XxHash3 of the fields before, the vector, the record and the thumbnail.</summary>
    public ulong Checksum;

    /// <summary>What the image looks like.</summary>
    public readonly PerceptualHash Looks => new(Coarse, Fine);

    /// <summary>Where the photo was taken; null where that is not known.</summary>
    public readonly ImagePlace? Place => float.IsNaN(Latitude) ? null : new ImagePlace(Latitude, Longitude);

    /// <summary>When the photo was taken; null where it is not known, or a damaged row has no date.</summary>
    public readonly DateTime? TakenDate => Taken > 0 ? DateOf(Taken) : null;

    /// <summary>The date that filters go by: of the photo, else of its file; null where neither is known.</summary>
    public readonly DateTime? Date => TakenDate ?? (Modified > 0 ? DateOf(Modified) : null);

    private static DateTime? DateOf(long ticks) =>
        ticks <= DateTime.MaxValue.Ticks ? new DateTime(ticks, DateTimeKind.Unspecified) : null;

    /// <summary>What <see cref="Checksum"/> has to be.</summary>
    public readonly ulong ChecksumWith(ReadOnlySpan<byte> vector, ReadOnlySpan<byte> record, ReadOnlySpan<byte> thumbnail)
    {
        var row = this;
        var hash = new XxHash3();
        hash.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<IndexRow>(in row))[..^sizeof(ulong)]);
        hash.Append(vector);
        hash.Append(record);
        hash.Append(thumbnail);
        return hash.GetCurrentHashAsUInt64();
    }
}
