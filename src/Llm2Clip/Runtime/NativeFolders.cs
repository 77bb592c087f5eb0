using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Llm2Clip.Runtime;

/// <summary>
/// Where the packages' native libraries lie. A build's output has them in runtimes/RID/native, a publication for one system flat beside the
/// program, and a program that runs from its deps.json alone in the folders of the NuGet cache, one for each package; the host lists those.
/// </summary>
internal static class NativeFolders
{
    private const string PackageMark = ".nupkg.metadata";
    private const string OwnFolder = "older-cxx-runtime";

    /// <summary>The folders that are searched, in this order.</summary>
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "In a single file, the program's own folder remains.")]
    public static IReadOnlyList<string> Of(Assembly assembly)
    {
        var listed = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        string?[] bases = [Path.GetDirectoryName(assembly.Location), AppContext.BaseDirectory];
        return [.. listed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(bases.Where(folder => !string.IsNullOrEmpty(folder)).SelectMany(folder => Around(folder!)))
            .Select(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))
            .Distinct()];

        static string[] Around(string folder) => [Path.Combine(folder, "runtimes", "linux-x64", "native"), folder];
    }

    /// <summary>The first file of that name, in which * stands for any characters; null where none of the folders has one.</summary>
    public static string? Find(IEnumerable<string> folders, string name) =>
        folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, name)).FirstOrDefault();

    /// <summary>
    /// Where a library of our own making may be put, the best place first: beside the program, unless that is an installed package, which
    /// is left as it was published; then the user's cache.
    /// </summary>
    public static IEnumerable<string> Writable()
    {
        if (!IsInPackage(AppContext.BaseDirectory))
        {
            yield return Path.Combine(AppContext.BaseDirectory, OwnFolder);
        }
        if (UserCache() is { } cache)
        {
            yield return Path.Combine(cache, "llm2clip", OwnFolder);
        }
    }

    /// <summary>Whether a folder belongs to a package that NuGet unpacked: its cache, or the store of a dotnet tool.</summary>
    internal static bool IsInPackage(string folder)
    {
        for (var above = new DirectoryInfo(folder); above is not null; above = above.Parent)
        {
            if (File.Exists(Path.Combine(above.FullName, PackageMark)))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>As the XDG Base Directory Specification has it, where only absolute paths count.</summary>
    private static string? UserCache()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { } named && Path.IsPathRooted(named))
        {
            return named;
        }
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length == 0 ? null : Path.Combine(home, ".cache");
    }
}
