using System.Reflection;
using System.Runtime.InteropServices;

namespace Llm2Clip.Runtime;

/// <summary>TorchSharp's native library and libtorch, loaded into this process.</summary>
/// <param name="Handle">TorchSharp's native library; 0 where it is left to TorchSharp.</param>
/// <param name="File">The file that it was loaded from; null where that is not known.</param>
/// <param name="Torch">libtorch_cpu, for what TorchSharp does not wrap; 0 where it is left to TorchSharp.</param>
/// <param name="Patch">Whether the file is a patched copy, and why or why not.</param>
internal sealed record TorchLibrary(nint Handle, string? File, nint Torch, PatchDecision Patch)
{
    /// <summary>Name by which TorchSharp imports its native library.</summary>
    public const string Name = "LibTorchSharp";

    private const string FileName = "lib" + Name + ".so";

    /// <summary>
    /// Loads libtorch, then TorchSharp's library, each by its full path: they may lie in folders of different packages, where the loader
    /// would not find one from the other. What is loaded is found by TorchSharp under its SONAME, whatever file it came from. Throws
    /// <see cref="RunException"/> where something is missing.
    /// </summary>
    public static TorchLibrary Load(Assembly torchSharp)
    {
        if (!OperatingSystem.IsLinux())
        {
            // The order of TorchSharp, which says by itself what is missing.
            NativeLibrary.TryLoad("torch_cpu", torchSharp, null, out var torch);
            NativeLibrary.TryLoad(Name, torchSharp, null, out var native);
            return new TorchLibrary(native, null, torch, new PatchDecision(false, "only Linux may need it"));
        }
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new RunException(
                $"On Linux, TorchSharp has native libraries for x64 only, and this is {RuntimeInformation.ProcessArchitecture}.");
        }
        var folders = NativeFolders.Of(torchSharp);
        var libtorch = Required(folders, "libtorch.so", "libtorch");
        var source = Required(folders, FileName, "TorchSharp's native library");
        LoadFile(libtorch);
        var cpu = LoadFile(Path.Combine(Path.GetDirectoryName(libtorch)!, "libtorch_cpu.so"));
        var runtime = CxxRuntime.Find();
        if (Patched(source, runtime) is not { } content)
        {
            var whole = $"{runtime.File} has all that is needed (GLIBCXX_{runtime.Newest})";
            return new TorchLibrary(LoadFile(source), source, cpu, new PatchDecision(false, whole));
        }
        var (handle, file) = LoadCopy(content, NativeFolders.Writable());
        var older = $"{runtime.File} ends at GLIBCXX_{runtime.Newest}; what {source} needs beyond that is never called";
        return new TorchLibrary(handle, file, cpu, new PatchDecision(true, older));
    }

    /// <summary>
    /// What has to be loaded in the place of <paramref name="source"/>; null where that is <paramref name="source"/> itself.
    /// </summary>
    internal static byte[]? Patched(string source, CxxRuntime runtime)
    {
        try
        {
            return ElfWeakVersion.Make(System.IO.File.ReadAllBytes(source), runtime.Versions);
        }
        catch (ElfException error)
        {
            throw new RunException(
                $"{source} cannot be used with {runtime.File}, which ends at GLIBCXX_{runtime.Newest}: {error.Message}. "
                + "Use a system with a newer C++ runtime (Debian 13, Ubuntu 24.04); restore the package TorchSharp if the file is damaged.",
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunException($"{source} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>
    /// Puts a copy into the first of the folders that can be written and that the loader takes libraries from, and loads it.
    /// </summary>
    internal static (nint Handle, string File) LoadCopy(byte[] content, IEnumerable<string> folders)
    {
        var reasons = new List<string>();
        foreach (var folder in folders)
        {
            try
            {
                var file = PatchedCopy.In(folder, FileName, content);
                return (NativeLibrary.Load(file), file);
            }
            catch (Exception error)
                when (error is IOException or UnauthorizedAccessException or DllNotFoundException or BadImageFormatException)
            {
                reasons.Add($"{folder}: {error.Message}");
            }
        }
        throw new RunException(
            "TorchSharp's native library needs a newer C++ runtime than this system has, and the copy that does without has no place. "
            + $"Set XDG_CACHE_HOME to a folder that can be written and holds programs. Tried: "
            + string.Join("; ", reasons.DefaultIfEmpty("no folder")));
    }

    private static string Required(IReadOnlyList<string> folders, string name, string what) =>
        NativeFolders.Find(folders, name) ?? throw new RunException(
            $"{what} is missing: {name} is in none of {string.Join(", ", folders)}. "
            + "Reference the package TorchSharp-cpu in the program's project, and build or publish it anew.");

    private static nint LoadFile(string file)
    {
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            var remedy = error.Message.Contains("GLIBC_", StringComparison.Ordinal)
                ? "The system's C library is too old: glibc 2.34 or newer is needed (Debian 12, Ubuntu 22.04)."
                : "Restore the packages anew (dotnet restore --no-cache) if the file is damaged.";
            throw new RunException($"{file} cannot be loaded. {remedy} The loader says: {error.Message}", error);
        }
    }
}

/// <summary>Whether TorchSharp's native library was loaded from a patched copy.</summary>
/// <param name="Applied">Whether it was.</param>
/// <param name="Reason">Why, or why not.</param>
public sealed record PatchDecision(bool Applied, string Reason);
