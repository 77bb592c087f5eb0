#nullable enable
using System.Runtime.InteropServices;

namespace Llm2Clip.Natives;

/// <summary>
/// Finds the native libraries that the set-up step put into <c>.natives</c> at the repository's root
/// (<c>LLM2CLIP_NATIVES</c> names another folder). Linked into each assembly that binds a native library.
/// </summary>
internal static class NativeLocator
{
    /// <summary>The natives folder, or null where set-up has not run.</summary>
    public static string? Folder { get; } = FindFolder();

    /// <summary>Full path of a file below the natives folder, or null where it is missing.</summary>
    public static string? Find(string relativePath)
    {
        var path = Folder is null ? null : Path.Combine(Folder, relativePath);
        return path is not null && File.Exists(path) ? path : null;
    }

    /// <summary>Loads a library below the natives folder. Throws <see cref="DllNotFoundException"/>, saying how to install it, where it is missing.</summary>
    public static nint Load(string relativePath)
    {
        var path = Find(relativePath)
            ?? throw new DllNotFoundException(
                $"{relativePath} is not in {Folder ?? "the .natives folder, which is missing"}. Run ./llm2clip setup, then ./llm2clip doctor.");
        return NativeLibrary.Load(path);
    }

    private static string? FindFolder()
    {
        if (Environment.GetEnvironmentVariable("LLM2CLIP_NATIVES") is { Length: > 0 } named)
        {
            return Path.GetFullPath(named);
        }
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var candidate = Path.Combine(folder, ".natives");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }
        return null;
    }
}
