namespace Llm2Clip.Data.Lists;

/// <summary>
/// Where the images lie that a list names: in the folders of <c>data.image_root</c> (a pattern as for data), searched in turn; in the
/// list's own folder where none is set.
/// </summary>
internal sealed class ImageFolders
{
    private readonly IReadOnlyList<string> _roots;

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
        var searched = _roots.Count > 0 ? $" in {string.Join(", ", _roots.Take(5))}" : "";
        throw new BadRecordException(name.Contains("://", StringComparison.Ordinal)
            ? $"names the image by its address ({name}); images must have been downloaded, for example by img2dataset"
            : $"names the image '{name}', which does not exist{searched}{Elsewhere(name)}", BadSampleCause.NoImage);
    }

    /// <summary>What to do about a path of another machine.</summary>
    private static string Elsewhere(string name) => name is [_, ':', '\\' or '/', ..] || name.StartsWith("\\\\", StringComparison.Ordinal)
        ? " (a path of another machine: write paths relative to the list, or to data.image_root)"
        : "";
}
