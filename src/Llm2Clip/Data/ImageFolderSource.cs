using Llm2Clip.Images;

namespace Llm2Clip.Data;

/// <summary>
/// The images of folders and of the folders below them, by the extensions of their names, in ordinal order; hidden files and folders are
/// passed over. The key is the path from the folder without the extension, or with it where images differ in nothing else.
/// </summary>
internal sealed class ImageFolderSource : ISampleSource
{
    private const int ImagesPerShard = 2048;

    private static readonly EnumerationOptions Below =
        new() { RecurseSubdirectories = true, IgnoreInaccessible = false, AttributesToSkip = FileAttributes.None };

    private readonly string _pattern;
    private readonly List<(string Folder, string Name)> _images = [];
    private readonly HashSet<string> _shared = [];

    /// <summary>Throws <see cref="InputException"/> where the folders hold no image.</summary>
    public ImageFolderSource(string pattern, IReadOnlyList<string> folders)
    {
        _pattern = pattern;
        _images.AddRange(folders.SelectMany(folder => Images(folder).Order(StringComparer.Ordinal).Select(name => (folder, name))));
        if (_images.Count == 0)
        {
            throw new InputException($"'{pattern}' holds no image (one of {string.Join(", ", ImageFormats.Extensions)}).");
        }
        var keys = new HashSet<string>(StringComparer.Ordinal);
        _shared.UnionWith(_images.Select(image => Short(image.Name)).Where(key => !keys.Add(key)));
    }

    public string Description => $"{_pattern} (folder of {_images.Count:N0} images without captions)";

    public bool IsUpright => true;

    public int ShardCount => (_images.Count + ImagesPerShard - 1) / ImagesPerShard;

    /// <summary>Whether a folder holds an image, at any depth.</summary>
    public static bool HasImages(string folder) => Images(folder).Any();

    public string ShardName(int shard) => $"{_pattern} from image {shard * ImagesPerShard}";

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        foreach (var (folder, name) in _images.Skip(shard * ImagesPerShard).Take(ImagesPerShard))
        {
            var path = Path.Combine(folder, name);
            var key = _shared.Contains(Short(name)) ? name : Short(name);
            yield return new Sample(key, path, [], FileImage.Whole(path));
        }
    }

    /// <summary>Whether a folder holds a file with an extension (<c>.txt</c>), at any depth.</summary>
    public static bool HasFiles(string folder, string extension) =>
        Files(folder).Any(name => Path.GetExtension(name).Equals(extension, StringComparison.OrdinalIgnoreCase));

    /// <summary>Paths of the images from the folder.</summary>
    public static IEnumerable<string> Images(string folder) =>
        Files(folder).Where(name => ImageFormats.Extensions.Contains(Path.GetExtension(name).TrimStart('.').ToLowerInvariant()));

    private static string Short(string name) => Path.ChangeExtension(name, null);

    private static IEnumerable<string> Files(string folder)
    {
        try
        {
            return Directory.EnumerateFiles(folder, "*", Below)
                .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))
                .Where(name => !name.Split('/').Any(part => part.StartsWith('.')));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Folder '{folder}' cannot be read: {e.Message}", e);
        }
    }
}
