using System.Buffers.Binary;

namespace Llm2Clip.Images;

/// <summary>
/// The marker segments of a JPEG's header, one after the other (ITU-T T.81, B.1.1), read without a decoder. They end where no marker
/// follows or the file does; what a segment declares is not checked.
/// </summary>
internal ref struct JpegSegments(ReadOnlySpan<byte> file)
{
    public const byte StartOfScan = 0xDA;

    private const byte Prefix = 0xFF;

    private readonly ReadOnlySpan<byte> _file = file;
    private int _next = 2; // behind the start of the image

    /// <summary>Second byte of the segment's marker.</summary>
    public byte Marker { get; private set; }

    /// <summary>What the segment says of its length, these two bytes included.</summary>
    public int Length { get; private set; }

    /// <summary>The file from the segment's length on, two bytes or more.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; }

    public bool MoveNext()
    {
        while (_next + 4 <= _file.Length && _file[_next] == Prefix)
        {
            Marker = _file[_next + 1];
            if (Marker == Prefix)
            {
                _next++; // any marker may be preceded by fill bytes
                continue;
            }
            Rest = _file[(_next + 2)..];
            Length = BinaryPrimitives.ReadUInt16BigEndian(Rest);
            _next += 2 + Length;
            return true;
        }
        return false;
    }
}
