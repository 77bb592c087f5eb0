// Own: .NET's TarReader allocates what a long name's header claims (1.9 GB for a 1.5 KB file), and its errors name no offset.
using System.Text;

namespace Llm2Clip.Data.WebDataset;

/// <summary>
/// A regular file inside a tar: its bytes are <paramref name="Size"/> bytes at <paramref name="Offset"/> of the archive, and, where they
/// cannot be fetched from there later, <paramref name="Content"/>.
/// </summary>
internal readonly record struct TarEntry(string Name, long Offset, long Size, byte[]? Content = null)
{
    public TarEntry WithoutContent() => this with { Content = null };
}

/// <summary>A tar as <see cref="TarIndex"/> reads it: ever further on, so that a stream will do.</summary>
internal interface ITarBytes
{
    /// <summary>Name of the archive, for messages.</summary>
    string Path { get; }

    /// <summary>
    /// Bytes from <paramref name="offset"/> to the end, at most <paramref name="wanted"/>; below 0 where the end lies before the offset. A
    /// stream, which cannot know, promises what is wanted.
    /// </summary>
    long Left(long offset, long wanted);

    /// <summary>Reads exactly <paramref name="into"/>. Throws <see cref="InputException"/> where that fails.</summary>
    void Read(long offset, Span<byte> into);

    /// <summary>
    /// Looks at all that follows the end of the archive, which lies at <paramref name="offset"/>. Throws <see cref="InputException"/>
    /// where that is more than zeros, which would be lost.
    /// </summary>
    void RequireEnd(long offset);

    /// <summary>What <see cref="RequireEnd"/> throws.</summary>
    InputException NotTheEnd(long offset) => new($"{Path}: data follows the end of the archive (near byte {offset}) and would not be read. "
        + "Tars cannot be joined with cat: name them one by one, such as {a,b}.tar, or pipe:cat {a,b}.tar, which are two shards each.");
}

/// <summary>
/// Lists the members of a tar by reading headers only, so that large members cost nothing: ustar, GNU long names and large
/// sizes, PAX path and size (POSIX.1-2017 pax; GNU tar manual, "Basic Tar Format").
/// </summary>
internal sealed class TarIndex(ITarBytes bytes)
{
    private const int Block = 512;

    /// <summary>Names and headers beyond this are not read: an archive that claims more is damaged or hostile.</summary>
    private const int MaxHeaderText = 1 << 20;

    private readonly byte[] _header = new byte[Block];
    private string? _longName;
    private long? _longSize;

    /// <summary>
    /// Regular members in stored order. <paramref name="remark"/> receives what is odd but harmless (links, a missing end marker).
    /// Throws <see cref="InputException"/> with archive and byte offset where it is damaged or cut short.
    /// </summary>
    public IEnumerable<TarEntry> Entries(Action<string> remark)
    {
        long at = 0, member = 0, memberEnd = 0;
        while (bytes.Left(at, Block) is var left && (left > 0 || at + left < memberEnd))
        {
            if (at + left < memberEnd)
            {
                throw Damaged(member, "the file is cut short inside this member");
            }
            if (left < Block)
            {
                throw Damaged(at, $"a header needs {Block} bytes, but only {left} are left; the file is cut short");
            }
            bytes.Read(at, _header);
            if (_header.AsSpan().IndexOfAnyExcept((byte)0) < 0)
            {
                bytes.RequireEnd(at);
                yield break;
            }
            CheckSum(at);
            var size = TakeSize(at);
            var data = at + Block;
            if (bytes.Left(data, size) is var held && held < size)
            {
                throw Damaged(at, $"member '{Name()}' has {size} bytes, but only {held} are left; the file is cut short");
            }
            (member, memberEnd) = (at, data + size);
            if (TakeMember(at, data, size, remark) is { } entry)
            {
                yield return entry;
            }
            at = data + (size + Block - 1) / Block * Block;
        }
        remark("the end-of-archive blocks are missing; the file may be cut short");
    }

    private TarEntry? TakeMember(long at, long data, long size, Action<string> remark)
    {
        switch ((char)_header[156])
        {
            case 'L':
                _longName = Encoding.UTF8.GetString(HeaderText(at, data, size)).TrimEnd('\0');
                return null;
            case 'x':
                ReadPax(at, HeaderText(at, data, size));
                return null;
            case 'g' or 'K' or '5' or 'V':
                return ForgetLongName(); // global attributes, long link names, folders, labels: nothing to read
            case '0' or '\0' or '7':
                var entry = new TarEntry(Name(), data, size);
                ForgetLongName();
                return entry;
            case var type:
                remark($"member '{Name()}' is not a regular file (type '{type}') and is left out");
                return ForgetLongName();
        }
    }

    private TarEntry? ForgetLongName()
    {
        // 'g' and 'K' may stand between a long name and its member, so they keep it.
        if ((char)_header[156] is not ('g' or 'K'))
        {
            _longName = null;
        }
        return null;
    }

    private string Name()
    {
        if (_longName is not null)
        {
            return _longName;
        }
        var name = Field(0, 100);
        var isUstar = _header.AsSpan(257, 6).SequenceEqual("ustar\0"u8); // GNU writes "ustar  " and other things at 345
        var prefix = isUstar ? Field(345, 155) : "";
        return prefix.Length > 0 ? prefix + "/" + name : name;
    }

    private string Field(int offset, int length)
    {
        var field = _header.AsSpan(offset, length);
        var end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    private long TakeSize(long at)
    {
        // A PAX size belongs to the next member that is not itself a header.
        var isHeader = (char)_header[156] is 'x' or 'g' or 'L' or 'K';
        if (!isHeader && _longSize is { } known)
        {
            _longSize = null;
            return known;
        }
        return Number(at, _header.AsSpan(124, 12));
    }

    private long Number(long at, ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0) // GNU: big-endian binary
        {
            long value = 0;
            if (field[0] != 0x80 || field[1] != 0 || field[2] != 0 || field[3] != 0 || (field[4] & 0x80) != 0)
            {
                throw Damaged(at, "the size field is out of range");
            }
            foreach (var digit in field[4..])
            {
                value = (value << 8) | digit;
            }
            return value;
        }
        return Octal(field) ?? throw Damaged(at, "a number in the header is not octal");
    }

    private static long? Octal(ReadOnlySpan<byte> field)
    {
        long value = 0;
        foreach (var digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return null;
            }
            value = (value << 3) | (uint)(digit - '0');
        }
        return value;
    }

    private void CheckSum(long at)
    {
        long unsigned = 0, signed = 0;
        for (var i = 0; i < Block; i++)
        {
            var value = i is >= 148 and < 156 ? (byte)' ' : _header[i];
            unsigned += value;
            signed += (sbyte)value; // some old writers summed signed bytes
        }
        var stated = Octal(_header.AsSpan(148, 8));
        if (stated != unsigned && stated != signed)
        {
            if (at == 0 && _header.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            {
                throw new InputException(
                    $"{bytes.Path}: this is gzip data. Name the file .tar.gz, or unpack it on the way: pipe:COMMAND | gunzip -c.");
            }
            throw Damaged(
                at, at == 0 ? "this is not a tar file (the checksum of its first header is wrong)" : "the header's checksum is wrong");
        }
    }

    private byte[] HeaderText(long at, long data, long size)
    {
        if (size > MaxHeaderText)
        {
            throw Damaged(at, $"a name or extended header claims {size} bytes");
        }
        var text = new byte[size];
        bytes.Read(data, text);
        return text;
    }

    /// <summary>Records are "LENGTH KEY=VALUE\n", the length counting the whole record in bytes.</summary>
    private void ReadPax(long at, ReadOnlySpan<byte> rest)
    {
        while (rest.Length > 0 && rest[0] != 0)
        {
            var space = rest.IndexOf((byte)' ');
            if (space <= 0 || !int.TryParse(rest[..space], out var length) || length <= space + 1 || length > rest.Length)
            {
                throw Damaged(at, "an extended header is malformed");
            }
            var record = Encoding.UTF8.GetString(rest[(space + 1)..(length - 1)]);
            if (record.StartsWith("path=", StringComparison.Ordinal))
            {
                _longName = record["path=".Length..];
            }
            else if (record.StartsWith("size=", StringComparison.Ordinal))
            {
                _longSize = long.TryParse(record.AsSpan("size=".Length), out var size) && size >= 0
                    ? size
                    : throw Damaged(at, "an extended header's size is not a number");
            }
            rest = rest[length..];
        }
    }

    private InputException Damaged(long at, string what) =>
        new($"{bytes.Path}: damaged tar at byte {at}: {what}. Fetch or pack this shard again, or leave it out of the pattern.");
}
