using System.Buffers.Binary;

namespace Llm2Clip.Runtime;

/// <summary>
/// Makes TorchSharp's native library load on a C++ runtime that is older than the compiler that built it.
/// <para>
/// GCC 13 and later put one symbol, <see cref="NeverCalled"/> of version GLIBCXX_3.4.32, among the imports of whatever includes
/// <c>&lt;iostream&gt;</c>: a mark that the runtime has to initialize the standard streams by itself. Nothing refers to it, yet the loader
/// refuses the file where the runtime lacks that version, as those of Debian 12 and Ubuntu 22.04 do. Two changes make it optional: the flag
/// VER_FLG_WEAK at the needed version, and the binding STB_WEAK of the symbol. The streams are initialized all the same: libtorch, which
/// comes from an older compiler and is loaded first, does it in its own constructors.
/// </para>
/// </summary>
internal static class ElfWeakVersion
{
    /// <summary>VER_FLG_WEAK: the loader does without the version where the library lacks it.</summary>
    public const ushort VersionFlag = 2;

    /// <summary>The library whose versions are compared.</summary>
    public const string Library = "libstdc++.so.6";

    /// <summary><c>std::ios_base_library_init()</c>.</summary>
    public const string NeverCalled = "_ZSt21ios_base_library_initv";

    private const int WeakBinding = 2;

    /// <summary>
    /// Versions of the C++ runtime without which the loader refuses the file, and which <paramref name="provided"/> lacks.
    /// </summary>
    public static IReadOnlyList<ElfVersionNeed> Lacking(ElfImage file, IReadOnlySet<string> provided) =>
        [.. file.NeededVersions().Where(need => need.Library == Library && !need.IsWeak && !provided.Contains(need.Version))];

    /// <summary>
    /// A copy of <paramref name="file"/> that a runtime with the versions <paramref name="provided"/> loads; null where it loads the file
    /// itself. Throws <see cref="ElfException"/> where something other than <see cref="NeverCalled"/> needs a version that is lacking, or
    /// anything refers to it.
    /// </summary>
    public static byte[]? Make(ReadOnlyMemory<byte> file, IReadOnlySet<string> provided)
    {
        var image = new ElfImage(file);
        var lacking = Lacking(image, provided);
        if (lacking.Count == 0)
        {
            return null;
        }
        var versions = string.Join(", ", lacking.Select(need => need.Version));
        List<ElfImport> imports = [.. lacking.SelectMany(need => image.ImportsOf(need.Index))];
        if (imports.FirstOrDefault(import => import.Name != NeverCalled) is { } other)
        {
            throw new ElfException($"it needs {versions} of {Library} for {other.Name}");
        }
        if (imports is not [var import])
        {
            throw new ElfException($"it needs {versions} of {Library}, but names {imports.Count} symbols for it; it must be one");
        }
        if (image.IsReferredTo(import))
        {
            throw new ElfException($"it needs {versions} of {Library}, as it calls {NeverCalled}");
        }
        var copy = file.ToArray();
        foreach (var need in lacking)
        {
            var flags = copy.AsSpan(need.FlagsAt);
            BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | VersionFlag));
        }
        copy[import.InfoAt] = (byte)((WeakBinding << 4) | (copy[import.InfoAt] & 0xF));
        return copy;
    }
}
