using System.Buffers.Binary;
using System.Text;

namespace Llm2Clip.Runtime;

/// <summary>A version of another library that a file needs.</summary>
/// <param name="Library">SONAME of the library, such as <c>libstdc++.so.6</c>.</param>
/// <param name="Version">Such as <c>GLIBCXX_3.4.32</c>.</param>
/// <param name="Index">Number by which the file's symbols refer to it.</param>
/// <param name="FlagsAt">Where in the file its 16 bits of flags are.</param>
/// <param name="IsWeak">Whether the loader does without it.</param>
internal sealed record ElfVersionNeed(string Library, string Version, int Index, int FlagsAt, bool IsWeak);

/// <summary>A symbol that a file takes from another library.</summary>
/// <param name="Name">Mangled name.</param>
/// <param name="Number">Its place in the symbol table, by which relocations refer to it.</param>
/// <param name="InfoAt">Where in the file its byte of binding (upper four bits) and type is.</param>
internal sealed record ElfImport(string Name, int Number, int InfoAt);

/// <summary>
/// Reads from a 64-bit little-endian ELF file what the dynamic loader reads: versions and imported symbols. It goes by the program
/// headers and the dynamic section, never by section headers: the loader does so too, so both see the same tables, and section headers
/// may be stripped. Every offset is checked against the file; what does not fit is an <see cref="ElfException"/>.
/// Layouts: System V ABI, "Object Files", and the Linux Standard Base, "Symbol Versioning".
/// </summary>
internal sealed class ElfImage
{
    private const int HeaderBytes = 64;
    private const int SegmentBytes = 56;
    private const int SymbolBytes = 24;
    private const int RelocationBytes = 24;

    /// <summary>More entries than any real table of versions has; ends the reading of a forged one.</summary>
    private const int MostVersions = 10_000;

    private readonly ReadOnlyMemory<byte> _file;
    private readonly List<(ulong Address, ulong Bytes, ulong Offset)> _segments = [];
    private readonly Dictionary<ElfTag, ulong> _dynamic = [];

    /// <summary>Reads the headers and the dynamic section.</summary>
    public ElfImage(ReadOnlyMemory<byte> file)
    {
        _file = file;
        var header = Bytes(0, HeaderBytes, "the header");
        Require(header[..4].SequenceEqual("\u007FELF"u8), "it is not an ELF file");
        Require(header[4] == 2 && header[5] == 1, "it is not a 64-bit little-endian ELF file");
        var tableAt = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        var (size, count) = (BinaryPrimitives.ReadUInt16LittleEndian(header[54..]), BinaryPrimitives.ReadUInt16LittleEndian(header[56..]));
        Require(size == SegmentBytes, $"its program headers have {size} bytes each; {SegmentBytes} are usual");
        (ulong At, ulong Bytes)? dynamic = null;
        for (var i = 0UL; i < count; i++)
        {
            var entry = Bytes(Sum(tableAt, i * SegmentBytes), SegmentBytes, "a program header");
            var (offset, address, bytes) = (U64(entry, 8), U64(entry, 16), U64(entry, 32));
            switch (BinaryPrimitives.ReadUInt32LittleEndian(entry))
            {
                case 1: // PT_LOAD
                    _segments.Add((address, bytes, offset));
                    break;
                case 2: // PT_DYNAMIC
                    dynamic = (offset, bytes);
                    break;
            }
        }
        Require(dynamic is not null, "it has no dynamic section");
        ReadDynamic(dynamic!.Value.At, dynamic.Value.Bytes);
    }

    /// <summary>Versions that this file offers to others.</summary>
    public IReadOnlySet<string> DefinedVersions()
    {
        var defined = new HashSet<string>();
        foreach (var at in Chain(ElfTag.VersionDefinitions, ElfTag.VersionDefinitionCount, entryBytes: 20, nextAt: 16))
        {
            var name = Sum(at, U32(at + 12));
            defined.Add(Text(U32(name)));
        }
        return defined;
    }

    /// <summary>Versions of other libraries that this file needs.</summary>
    public IReadOnlyList<ElfVersionNeed> NeededVersions()
    {
        var needs = new List<ElfVersionNeed>();
        foreach (var at in Chain(ElfTag.VersionNeeds, ElfTag.VersionNeedCount, entryBytes: 16, nextAt: 12))
        {
            var library = Text(U32(at + 4));
            var count = BinaryPrimitives.ReadUInt16LittleEndian(Bytes(at + 2, 2, "a table of versions"));
            var entry = Sum(at, U32(at + 8));
            for (var i = 0; i < count; i++)
            {
                var bytes = Bytes(entry, 16, "a table of versions");
                var flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
                var index = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
                var isWeak = (flags & ElfWeakVersion.VersionFlag) != 0;
                needs.Add(new ElfVersionNeed(library, Text(U32(entry + 8)), index & 0x7FFF, (int)entry + 4, isWeak));
                Require(needs.Count <= MostVersions, "its table of versions does not end");
                entry = Next(entry, U32(entry + 12), i == count - 1);
            }
        }
        return needs;
    }

    /// <summary>The undefined symbols that are bound to the version of that index.</summary>
    public IReadOnlyList<ElfImport> ImportsOf(int versionIndex)
    {
        var imports = new List<ElfImport>();
        var count = UndefinedSymbolsEnd();
        var symbols = Table(ElfTag.Symbols, count * SymbolBytes);
        var versions = Table(ElfTag.SymbolVersions, count * 2);
        for (var i = 0UL; i < count; i++)
        {
            if ((BinaryPrimitives.ReadUInt16LittleEndian(Bytes(versions + (2 * i), 2, "the versions of symbols")) & 0x7FFF) != versionIndex)
            {
                continue;
            }
            var at = symbols + (i * SymbolBytes);
            var symbol = Bytes(at, SymbolBytes, "the table of symbols");
            if (BinaryPrimitives.ReadUInt16LittleEndian(symbol[6..]) == 0) // SHN_UNDEF
            {
                imports.Add(new ElfImport(Text(U32(at)), (int)i, (int)at + 4));
            }
        }
        return imports;
    }

    /// <summary>Whether any code or data refers to the symbol. One without a relocation can be neither called nor read.</summary>
    public bool IsReferredTo(ElfImport import) =>
        IsIn(ElfTag.Relocations, ElfTag.RelocationBytes, import.Number)
        || IsIn(ElfTag.CallRelocations, ElfTag.CallRelocationBytes, import.Number);

    private bool IsIn(ElfTag table, ElfTag size, int symbol)
    {
        if (!_dynamic.TryGetValue(size, out var bytes) || bytes == 0)
        {
            return false;
        }
        var start = Table(table, bytes);
        for (var at = 0UL; at + RelocationBytes <= bytes; at += RelocationBytes)
        {
            if (U64(Bytes(start + at, RelocationBytes, "a relocation"), 8) >> 32 == (ulong)symbol)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>
    /// The number of symbols up to the last undefined one. A table by GNU hash has the symbols that cannot be looked up, hence all
    /// undefined ones, before the first one that is hashed; the older table holds the number of all symbols.
    /// </summary>
    private ulong UndefinedSymbolsEnd() =>
        _dynamic.ContainsKey(ElfTag.Hash) ? U32(Table(ElfTag.Hash, 8) + 4) : U32(Table(ElfTag.GnuHash, 16) + 4);

    private void ReadDynamic(ulong at, ulong bytes)
    {
        Bytes(at, bytes, "the dynamic section");
        for (var i = 0UL; i + 16 <= bytes; i += 16)
        {
            var entry = Bytes(at + i, 16, "the dynamic section");
            var tag = U64(entry, 0);
            if (tag == 0)
            {
                break;
            }
            _dynamic.TryAdd((ElfTag)tag, U64(entry, 8));
        }
    }

    /// <summary>Offsets of the entries of a linked table; none where the file has no such table.</summary>
    private List<ulong> Chain(ElfTag table, ElfTag counter, ulong entryBytes, ulong nextAt)
    {
        var entries = new List<ulong>();
        if (!_dynamic.TryGetValue(counter, out var count) || count == 0)
        {
            return entries;
        }
        Require(count <= MostVersions, "its table of versions does not end");
        var at = Table(table, entryBytes);
        for (var i = 0UL; i < count; i++)
        {
            Bytes(at, entryBytes, "a table of versions");
            entries.Add(at);
            at = Next(at, U32(at + nextAt), i == count - 1);
        }
        return entries;
    }

    private static ulong Next(ulong at, uint step, bool last)
    {
        Require(last || step > 0, "its table of versions ends too early");
        return Sum(at, step);
    }

    /// <summary>Offset in the file of a table that the dynamic section names by its address in memory.</summary>
    private ulong Table(ElfTag tag, ulong bytes)
    {
        Require(_dynamic.TryGetValue(tag, out var address), $"its dynamic section lacks {tag}");
        foreach (var segment in _segments)
        {
            var inside = address - segment.Address;
            if (address >= segment.Address && inside < segment.Bytes && bytes <= segment.Bytes - inside)
            {
                var offset = Sum(segment.Offset, inside);
                Bytes(offset, bytes, $"the table {tag}");
                return offset;
            }
        }
        throw new ElfException($"its table {tag} lies in no segment");
    }

    /// <summary>A text of the dynamic string table.</summary>
    private string Text(uint at)
    {
        Require(_dynamic.TryGetValue(ElfTag.StringBytes, out var size) && at < size, "a name lies outside of its string table");
        var rest = Bytes(Table(ElfTag.Strings, size) + at, size - at, "the string table");
        var end = rest.IndexOf((byte)0);
        Require(end >= 0, "a name does not end in its string table");
        return Encoding.UTF8.GetString(rest[..end]);
    }

    private uint U32(ulong at) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(at, 4, "a table"));

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private ReadOnlySpan<byte> Bytes(ulong at, ulong count, string what)
    {
        var length = (ulong)_file.Length;
        if (at > length || count > length - at)
        {
            throw new ElfException($"it is cut off: {what} lies past its {length} bytes");
        }
        return _file.Span.Slice((int)at, (int)count);
    }

    /// <summary>The sum, or the largest number where it is larger than that: past the end of any file.</summary>
    private static ulong Sum(ulong at, ulong step) => at <= ulong.MaxValue - step ? at + step : ulong.MaxValue;

    private static void Require([System.Diagnostics.CodeAnalysis.DoesNotReturnIf(false)] bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ElfException(otherwise);
        }
    }
}
