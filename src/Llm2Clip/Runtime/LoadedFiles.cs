namespace Llm2Clip.Runtime;

/// <summary>The native libraries that this process has loaded. Known on Linux only, from the kernel's list of mapped files.</summary>
internal static class LoadedFiles
{
    private const string Maps = "/proc/self/maps";

    /// <summary>
    /// Path of the loaded library whose file name begins so (<c>libstdc++.so.6</c> is also <c>libstdc++.so.6.0.30</c>); null where none is.
    /// </summary>
    public static string? Find(string name) => File.Exists(Maps) ? Find(name, File.ReadLines(Maps)) : null;

    /// <summary>The same in the lines of a list: addresses, rights, offset, device, inode, path.</summary>
    internal static string? Find(string name, IEnumerable<string> maps)
    {
        foreach (var line in maps)
        {
            var at = line.IndexOf('/');
            if (at >= 0 && Path.GetFileName(line.AsSpan(at)).StartsWith(name, StringComparison.Ordinal))
            {
                return line[at..];
            }
        }
        return null;
    }
}
