using Llm2Clip.Search;

namespace Llm2Clip.Web;

/// <summary>A folder with images.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Images">Images in it and below.</param>
internal sealed record FolderFacet(string Path, int Images);

/// <summary>What an index can be filtered by.</summary>
/// <param name="First">Day of the oldest image; null where none has a date.</param>
/// <param name="Last">Day of the newest one.</param>
/// <param name="Folders">Folders that hold images, and those above them that hold several, by path.</param>
internal sealed record Facets(string? First, string? Last, IReadOnlyList<FolderFacet> Folders)
{
    /// <summary>More would not fit a list to choose from.</summary>
    private const int MostFolders = 500;

    public static Facets Of(ImageIndex index)
    {
        var (first, last) = (DateTime.MaxValue, DateTime.MinValue);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var locator in index.Locators())
        {
            if (index.Row(locator).Date is { } date)
            {
                (first, last) = (date < first ? date : first, date > last ? date : last);
            }
            var record = index.Record(locator);
            if (record.IsFile && Path.GetDirectoryName(record.Path) is { } folder)
            {
                counts[folder] = counts.GetValueOrDefault(folder) + 1;
            }
        }
        return first > last
            ? new Facets(null, null, FoldersOf(counts))
            : new Facets($"{first:yyyy-MM-dd}", $"{last:yyyy-MM-dd}", FoldersOf(counts));
    }

    /// <summary>Counts of each folder and of those above it, without the folders above that add nothing.</summary>
    private static IReadOnlyList<FolderFacet> FoldersOf(Dictionary<string, int> own)
    {
        var all = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (folder, count) in own)
        {
            for (var at = folder; at is not null; at = Path.GetDirectoryName(at))
            {
                all[at] = all.GetValueOrDefault(at) + count;
            }
        }
        return
        [
            .. all.Where(one => own.ContainsKey(one.Key) || own.Keys.Count(below => Path.GetDirectoryName(below) == one.Key) > 1)
                .OrderByDescending(one => one.Value).Take(MostFolders)
                .OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => new FolderFacet(one.Key, one.Value)),
        ];
    }
}
