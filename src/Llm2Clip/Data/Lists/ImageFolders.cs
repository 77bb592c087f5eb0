using System.Collections.Concurrent;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// Where the images lie that a list names: in the folders of <c>data.image_root</c> (a pattern as for data), searched in turn; in the
/// list's own folder where none is set. The table of a Windows or macOS user may write a name otherwise than the disk does: the case of
/// letters does not count where one file alone fits.
/// </summary>
internal sealed class ImageFolders
{
    private readonly IReadOnlyList<string> _roots;
    private readonly ConcurrentDictionary<string, Dictionary<string, string?>> _entries = new(StringComparer.Ordinal);

    /// <summary>Throws <see cref="InputException"/> where a root does not exist.</summary>
    public ImageFolders(string imageRoot)
    {
        _roots = imageRoot.Length == 0 ? [] : ShardPattern.Expand(imageRoot);
        if (_roots.FirstOrDefault(root => !Directory.Exists(root)) is { } file)
        {
            throw new InputException($"data.image_root: '{file}' is not a folder.");
        }
    }

    /// <summary>
    /// The image <paramref name="name"/> of the list at <paramref name="list"/>; the separators of its path may be Windows'. Throws
    /// <see cref="BadRecordException"/> where there is none.
    /// </summary>
    public IImageBytes Find(string list, string name)
    {
        IReadOnlyList<string> folders = _roots.Count > 0 ? _roots : [Path.GetDirectoryName(list) ?? ""];
        foreach (var folder in folders)
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path) && name.Contains('\\'))
            {
                path = Path.Combine(folder, name.Replace('\\', '/'));
            }
            if (File.Exists(path))
            {
                return FileImage.Whole(path);
            }
        }
        if (folders.Select(folder => InOtherCase(folder, name)).FirstOrDefault(path => path is not null) is { } found)
        {
            return FileImage.Whole(found);
        }
        var searched = _roots.Count > 0 ? $" in {string.Join(", ", _roots.Take(5))}" : "";
        throw new BadRecordException(name.Contains("://", StringComparison.Ordinal)
            ? $"names the image by its address ({name}); images must have been downloaded, for example by img2dataset"
            : $"names the image '{name}', which does not exist{searched}{Elsewhere(name)}", BadSampleCause.NoImage);
    }

    /// <summary>The one file that the name fits but for the case of letters; null where there is none, or more than one.</summary>
    private string? InOtherCase(string folder, string name)
    {
        if (Path.IsPathRooted(name) || name.Contains("://", StringComparison.Ordinal))
        {
            return null;
        }
        var path = folder;
        foreach (var part in name.Split('/', '\\'))
        {
            var exact = Path.Combine(path, part);
            if (part is "" or "." or ".." || Path.Exists(exact))
            {
                path = exact;
            }
            else if (Entries(path).GetValueOrDefault(part.ToUpperInvariant()) is { } entry)
            {
                path = Path.Combine(path, entry);
            }
            else
            {
                return null;
            }
        }
        return File.Exists(path) ? path : null;
    }

    /// <summary>What is in a folder, by its name in capitals; null where two names are the same then.</summary>
    private Dictionary<string, string?> Entries(string folder) => _entries.GetOrAdd(folder, static folder =>
    {
        var place = folder.Length == 0 ? "." : folder;
        var entries = new Dictionary<string, string?>(StringComparer.Ordinal);
        if (!Directory.Exists(place))
        {
            return entries;
        }
        foreach (var name in Directory.EnumerateFileSystemEntries(place).Select(path => Path.GetFileName(path)))
        {
            if (!entries.TryAdd(name.ToUpperInvariant(), name))
            {
                entries[name.ToUpperInvariant()] = null;
            }
        }
        return entries;
    });

    /// <summary>What to do about a path of another machine.</summary>
    private static string Elsewhere(string name) => name is [_, ':', '\\' or '/', ..] || name.StartsWith("\\\\", StringComparison.Ordinal)
        ? " (a path of another machine: write paths relative to the list, or to data.image_root)"
        : "";
}
