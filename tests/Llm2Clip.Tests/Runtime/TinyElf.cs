using System.Text;

namespace Llm2Clip.Tests.Runtime;

/// <summary>
/// Builds the smallest ELF file that imports symbols by version, after the System V ABI. Addresses are offsets plus a base.
/// </summary>
internal sealed class TinyElf
{
    private const ulong Base = 0x10000;
    private const int Headers = 64 + (2 * 56);

    private readonly List<(ulong Tag, ulong Value)> _dynamic = [];

    /// <summary>Symbols with the versions that they are bound to, all of <see cref="Library"/>.</summary>
    public required (string Symbol, string Version)[] Imports { get; init; }

    /// <summary>Versions that are needed although no symbol is bound to them.</summary>
    public string[] MoreVersions { get; init; } = [];

    /// <summary>A symbol that a relocation refers to.</summary>
    public string? Called { get; init; }

    /// <summary>Whether the table of symbols is described by the older DT_HASH.</summary>
    public bool OldHash { get; init; }

    public string Library { get; init; } = "libstdc++.so.6";

    public byte[] Build()
    {
        var file = new MemoryStream();
        var writer = new BinaryWriter(file);
        writer.Write(new byte[Headers]);
        string[] versions = [.. Imports.Select(import => import.Version).Concat(MoreVersions).Distinct()];
        var names = new Strings();
        WriteSymbols(writer, names);
        WriteVersions(writer, versions);
        WriteNeeds(writer, names, versions);
        WriteHash(writer);
        WriteRelocation(writer);
        Table(10, (ulong)names.Bytes.Length);
        TableHere(5, writer);
        writer.Write(names.Bytes);
        var dynamic = Align(writer);
        foreach (var (tag, value) in _dynamic.Append((0UL, 0UL)))
        {
            writer.Write(tag);
            writer.Write(value);
        }
        WriteHeaders(writer, dynamic, (ulong)file.Length);
        _dynamic.Clear();
        return file.ToArray();
    }

    private void WriteSymbols(BinaryWriter writer, Strings names)
    {
        TableHere(6, writer);
        Table(11, 24);
        writer.Write(new byte[24]);
        foreach (var (symbol, _) in Imports)
        {
            Symbol(writer, names.Add(symbol), section: 0);
        }
        Symbol(writer, names.Add("exported"), section: 1);
    }

    private static void Symbol(BinaryWriter writer, int name, ushort section)
    {
        writer.Write(name);
        writer.Write((byte)0x10); // STB_GLOBAL, STT_NOTYPE
        writer.Write((byte)0);
        writer.Write(section);
        writer.Write(0UL);
        writer.Write(0UL);
    }

    private void WriteVersions(BinaryWriter writer, string[] versions)
    {
        TableHere(0x6FFFFFF0, writer);
        writer.Write((ushort)0);
        foreach (var (_, version) in Imports)
        {
            writer.Write((ushort)(Array.IndexOf(versions, version) + 2));
        }
        writer.Write((ushort)1);
    }

    private void WriteNeeds(BinaryWriter writer, Strings names, string[] versions)
    {
        if (versions.Length == 0)
        {
            return;
        }
        TableHere(0x6FFFFFFE, writer);
        Table(0x6FFFFFFF, 1);
        writer.Write((ushort)1);
        writer.Write((ushort)versions.Length);
        writer.Write(names.Add(Library));
        writer.Write(16);
        writer.Write(0);
        for (var i = 0; i < versions.Length; i++)
        {
            writer.Write(0);
            writer.Write((ushort)0);
            writer.Write((ushort)(i + 2));
            writer.Write(names.Add(versions[i]));
            writer.Write(i == versions.Length - 1 ? 0 : 16);
        }
    }

    private void WriteHash(BinaryWriter writer)
    {
        var symbols = Imports.Length + 2;
        TableHere(OldHash ? 4UL : 0x6FFFFEF5, writer);
        uint[] words = OldHash
            ? [1, (uint)symbols, (uint)symbols - 1, .. new uint[symbols]]
            : [1, (uint)symbols - 1, 1, 0, uint.MaxValue, uint.MaxValue, (uint)symbols - 1, 1];
        foreach (var word in words)
        {
            writer.Write(word);
        }
    }

    private void WriteRelocation(BinaryWriter writer)
    {
        if (Called is null)
        {
            return;
        }
        TableHere(23, writer);
        Table(2, 24);
        writer.Write(Base);
        writer.Write(((ulong)(Array.FindIndex(Imports, import => import.Symbol == Called) + 1) << 32) | 7);
        writer.Write(0UL);
    }

    private static void WriteHeaders(BinaryWriter writer, ulong dynamic, ulong length)
    {
        writer.BaseStream.Position = 0;
        writer.Write("\u007fELF\u0002\u0001\u0001"u8);
        writer.BaseStream.Position = 16;
        writer.Write((ushort)3); // ET_DYN
        writer.Write((ushort)62); // EM_X86_64
        writer.Write(1);
        writer.Write(0UL);
        writer.Write(64UL);
        writer.BaseStream.Position = 52;
        writer.Write((ushort)64);
        writer.Write((ushort)56);
        writer.Write((ushort)2);
        writer.BaseStream.Position = 64;
        Segment(writer, 1, 0, length);
        Segment(writer, 2, dynamic, length - dynamic);
    }

    private static void Segment(BinaryWriter writer, int type, ulong offset, ulong bytes)
    {
        writer.Write(type);
        writer.Write(4);
        writer.Write(offset);
        writer.Write(offset + Base);
        writer.Write(offset + Base);
        writer.Write(bytes);
        writer.Write(bytes);
        writer.Write(8UL);
    }

    private void TableHere(ulong tag, BinaryWriter writer) => Table(tag, Align(writer) + Base);

    private void Table(ulong tag, ulong value) => _dynamic.Add((tag, value));

    private static ulong Align(BinaryWriter writer)
    {
        writer.Flush();
        while (writer.BaseStream.Position % 8 != 0)
        {
            writer.Write((byte)0);
        }
        return (ulong)writer.BaseStream.Position;
    }

    private sealed class Strings
    {
        private readonly List<byte> _bytes = [0];

        public byte[] Bytes => [.. _bytes];

        public int Add(string text)
        {
            var at = _bytes.Count;
            _bytes.AddRange(Encoding.UTF8.GetBytes(text));
            _bytes.Add(0);
            return at;
        }
    }
}
