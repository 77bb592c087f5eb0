using System.Runtime.InteropServices;

namespace Llm2Clip.Runtime;

/// <summary>The C++ runtime that this process uses, whatever the system is called.</summary>
/// <param name="File">The file that is loaded.</param>
/// <param name="Versions">Versions that it offers.</param>
internal sealed record CxxRuntime(string File, IReadOnlySet<string> Versions)
{
    private const string Prefix = "GLIBCXX_";

    /// <summary>Its newest version, such as 3.4.30.</summary>
    public string Newest => Versions
        .Where(version => version.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(version => Version.TryParse(version[Prefix.Length..], out var number) ? number : new Version(0, 0))
        .DefaultIfEmpty(new Version(0, 0))
        .Max()!
        .ToString();

    /// <summary>
    /// The runtime that is loaded; .NET needs one, so that it is there from the start. Where it is not, the loader is asked for the one
    /// that it would take. Throws <see cref="RunException"/> where there is none, or it cannot be read.
    /// </summary>
    public static CxxRuntime Find()
    {
        if (LoadedFiles.Find(ElfWeakVersion.Library) is not { } file)
        {
            NativeLibrary.TryLoad(ElfWeakVersion.Library, out _);
            file = LoadedFiles.Find(ElfWeakVersion.Library)
                ?? throw new RunException(
                    $"{ElfWeakVersion.Library} is missing, which libtorch needs. Install it (Debian, Ubuntu: apt-get install libstdc++6).");
        }
        try
        {
            return new CxxRuntime(file, new ElfImage(System.IO.File.ReadAllBytes(file)).DefinedVersions());
        }
        catch (Exception error) when (error is ElfException or IOException or UnauthorizedAccessException)
        {
            throw new RunException(
                $"{file}, the C++ runtime of this process, cannot be examined: {error.Message}. "
                + "After an update of the system, start the program again.",
                error);
        }
    }
}
