namespace Llm2Clip.Runtime;

/// <summary>
/// Entries of an ELF file's dynamic section that <see cref="ElfImage"/> reads: the DT_ numbers of the System V ABI and of GNU.
/// </summary>
internal enum ElfTag : ulong
{
    CallRelocationBytes = 2,
    Hash = 4,
    Strings = 5,
    Symbols = 6,
    Relocations = 7,
    RelocationBytes = 8,
    StringBytes = 10,
    CallRelocations = 23,
    GnuHash = 0x6FFFFEF5,
    SymbolVersions = 0x6FFFFFF0,
    VersionDefinitions = 0x6FFFFFFC,
    VersionDefinitionCount = 0x6FFFFFFD,
    VersionNeeds = 0x6FFFFFFE,
    VersionNeedCount = 0x6FFFFFFF,
}
