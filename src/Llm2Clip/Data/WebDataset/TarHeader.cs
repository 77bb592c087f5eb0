using System.Globalization;
using System.Text;

namespace Llm2Clip.Data.WebDataset;

/// <summary>
/// Headers of tar members that are the same whoever writes them, whenever: owner 0, time 0, mode 0644. ustar, with a PAX header in front
/// where a name has more than 100 bytes or is not ASCII (POSIX.1-2017, pax). .NET's own TarWriter puts its process id into PAX headers.
/// </summary>
internal static class TarHeader
{
    private const int Block = 512;
    private const int NameBytes = 100;

    /// <summary>Writes a member whole: headers, content, zeros up to a full block.</summary>
    public static void WriteMember(Stream stream, string name, ReadOnlySpan<byte> content)
    {
        var fits = Encoding.UTF8.GetByteCount(name) <= NameBytes && Ascii.IsValid(name);
        var shortName = fits ? name : ShortName(name);
        if (!fits)
        {
            var record = PathRecord(name);
            WriteHeader(stream, ShortName("PaxHeaders/" + name), record.Length, 'x');
            WriteContent(stream, record);
        }
        WriteHeader(stream, shortName, content.Length, '0');
        WriteContent(stream, content);
    }

    /// <summary>Writes the two empty blocks that end an archive.</summary>
    public static void WriteEnd(Stream stream) => stream.Write(new byte[2 * Block]);

    private static void WriteHeader(Stream stream, string name, long size, char type)
    {
        var header = new byte[Block];
        Encoding.ASCII.GetBytes(name, header);
        "0000644\0"u8.CopyTo(header.AsSpan(100)); // mode
        "0000000\0"u8.CopyTo(header.AsSpan(108)); // user
        "0000000\0"u8.CopyTo(header.AsSpan(116)); // group
        Octal(size, 11).CopyTo(header.AsSpan(124));
        "00000000000\0"u8.CopyTo(header.AsSpan(136)); // time
        header.AsSpan(148, 8).Fill((byte)' ');
        header[156] = (byte)type;
        "ustar\000"u8.CopyTo(header.AsSpan(257));
        "0000000\0"u8.CopyTo(header.AsSpan(329)); // device numbers
        "0000000\0"u8.CopyTo(header.AsSpan(337));
        var sum = 0;
        foreach (var value in header)
        {
            sum += value;
        }
        Octal(sum, 6).CopyTo(header.AsSpan(148));
        header[154] = 0;
        stream.Write(header);
    }

    private static void WriteContent(Stream stream, ReadOnlySpan<byte> content)
    {
        stream.Write(content);
        var beyond = content.Length % Block;
        if (beyond > 0)
        {
            stream.Write(new byte[Block - beyond]);
        }
    }

    /// <summary>What readers without PAX see.</summary>
    private static string ShortName(string name)
    {
        var ascii = string.Concat(name.Select(c => char.IsAscii(c) ? c : '_'));
        return ascii.Length <= NameBytes ? ascii : ascii[..NameBytes];
    }

    /// <summary>"LENGTH path=NAME\n", the length counting the whole record in bytes, its own digits included.</summary>
    private static byte[] PathRecord(string name)
    {
        var rest = Encoding.UTF8.GetBytes($" path={name}\n");
        var length = rest.Length;
        while (length != rest.Length + Digits(length))
        {
            length = rest.Length + Digits(length);
        }
        return [.. Encoding.ASCII.GetBytes(length.ToString(CultureInfo.InvariantCulture)), .. rest];
    }

    private static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    private static byte[] Octal(long number, int digits) => Encoding.ASCII.GetBytes(Convert.ToString(number, 8).PadLeft(digits, '0'));
}
