using System.Buffers.Binary;
using System.Text;

namespace Llm2Clip.Tests.Runtime;

/// <summary>
/// Reads versions and bindings of an ELF file as readelf does: by its section headers, a road that the library does not take. Assumes a
/// sound file.
/// </summary>
internal sealed class ElfSections
{
    private readonly byte[] _file;
    private readonly Dictionary<string, (int At, int Bytes)> _sections = [];

    public ElfSections(byte[] file)
    {
        _file = file;
        var table = (int)U64(40);
        var (count, names) = (U16(60), U16(62));
        var namesAt = (int)U64(table + (names * 64) + 24);
        for (var i = 0; i < count; i++)
        {
            var header = table + (i * 64);
            _sections[Text(namesAt + (int)U32(header))] = ((int)U64(header + 24), (int)U64(header + 32));
        }
    }

    /// <summary>Needed versions of a library: name to the place of its flags, and its number.</summary>
    public Dictionary<string, (int FlagsAt, int Index)> Needs(string library)
    {
        var needs = new Dictionary<string, (int, int)>();
        var strings = _sections[".dynstr"].At;
        for (int at = _sections[".gnu.version_r"].At, step = -1; step != 0; at += step)
        {
            if (Text(strings + (int)U32(at + 4)) == library)
            {
                var entry = at + (int)U32(at + 8);
                for (var i = 0; i < U16(at + 2); i++)
                {
                    needs[Text(strings + (int)U32(entry + 8))] = (entry + 4, U16(entry + 6));
                    entry += (int)U32(entry + 12);
                }
            }
            step = (int)U32(at + 12);
        }
        return needs;
    }

    /// <summary>Places of the info byte of each symbol of that name.</summary>
    public IEnumerable<int> InfoOf(string symbol)
    {
        var (at, bytes) = _sections[".dynsym"];
        return Enumerable.Range(0, bytes / 24).Select(i => at + (24 * i))
            .Where(entry => Text(_sections[".dynstr"].At + (int)U32(entry)) == symbol).Select(entry => entry + 4);
    }

    private int U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_file.AsSpan(at));

    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(_file.AsSpan(at));

    private string Text(int at) => Encoding.UTF8.GetString(_file, at, Array.IndexOf(_file, (byte)0, at) - at);
}
