using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>The folder that clients may name folders in. Links are resolved before anything is compared.</summary>
internal sealed class RootFolder
{
    private readonly string _named;
    private readonly string _real;

    /// <summary>Throws <see cref="ConfigException"/> where it is not there.</summary>
    public RootFolder(string folder)
    {
        _named = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        _real = Directory.Exists(_named)
            ? RealPath(_named)
            : throw new ConfigException($"serve.root, {folder}, is not there: name a folder.");
    }

    /// <summary>Its path.</summary>
    public string Folder => _real;

    /// <summary>Whether a file or folder that is there lies in it, links resolved.</summary>
    public bool Holds(string path) => Path.Exists(path) && IsBelow(RealPath(Path.GetFullPath(path)), _real);

    /// <summary>
    /// The folder that a client names, from the root or in full. Throws <see cref="ProblemException"/>: 403 where it leads out of the root,
    /// 404 where it is not there.
    /// </summary>
    public string Find(string name)
    {
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "The name of the folder holds a character that no name has.");
        }
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine(_named, name)));
        // What lies outside is not looked at, so that the answer does not tell whether it is there.
        if (!IsBelow(full, _named) && !IsBelow(full, _real))
        {
            throw Outside();
        }
        return !Directory.Exists(full) ? throw new ProblemException(StatusCodes.Status404NotFound, $"{name} is not a folder there.")
            : IsBelow(RealPath(full), _real) ? RealPath(full)
            : throw Outside();
    }

    /// <summary>Names of the folders in one, without links and hidden ones.</summary>
    public IReadOnlyList<string> Below(string name, int most)
    {
        var options = new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden };
        return
        [
            .. Directory.EnumerateDirectories(Find(name), "*", options).Select(folder => Path.GetRelativePath(_real, folder))
                .Order(StringComparer.OrdinalIgnoreCase).Take(most),
        ];
    }

    private static ProblemException Outside() =>
        new(StatusCodes.Status403Forbidden, "The folder lies outside of the one that may be imported from (serve.root).");

    private static bool IsBelow(string path, string folder) => path == folder || path.StartsWith(
        Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>A path that is there without any link in it.</summary>
    private static string RealPath(string path)
    {
        var at = Path.GetPathRoot(path)!;
        foreach (var part in path[at.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(at, part);
            FileSystemInfo info = Directory.Exists(next) ? new DirectoryInfo(next) : new FileInfo(next);
            // The target of a link may have links above it.
            at = info.ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealPath(target.FullName) : next;
        }
        return at;
    }
}
