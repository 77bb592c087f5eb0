using Llm2Clip.Teachers;

namespace Llm2Clip.Search;

/// <summary>
/// An image index, opened for reading: vectors, records and thumbnails of images, memory-mapped. It is the state of the moment when it was
/// opened, whatever a writer does meanwhile. Safe to call from several threads.
/// </summary>
public sealed class ImageIndex : IDisposable
{
    private const int Attempts = 5;

    private readonly HashSet<long> _removed;

    private ImageIndex(string folder, IndexManifest manifest, IReadOnlyList<IndexSegment> segments, HashSet<long> removed)
    {
        (Folder, Manifest, Segments, _removed) = (folder, manifest, segments, removed);
    }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Whose vectors these are.</summary>
    public IndexModel Model => Manifest.Model;

    /// <summary>Images in it.</summary>
    public long Count => Manifest.Images;

    internal IndexManifest Manifest { get; }

    internal IReadOnlyList<IndexSegment> Segments { get; }

    /// <summary>
    /// Opens the index in a folder. Throws <see cref="InputException"/> where there is none, where a file is missing or too short, and
    /// where the manifest makes no sense.
    /// </summary>
    public static ImageIndex Open(string folder)
    {
        // A compaction may delete files between our reading the manifest and mapping them: then there is a newer manifest to read.
        for (var attempt = 1; ; attempt++)
        {
            var manifest = IndexManifest.Read(folder);
            var segments = new List<IndexSegment>();
            try
            {
                var removed = RemovedRows.Read(folder, manifest.Removed);
                segments.AddRange(manifest.Segments.Select(entry => new IndexSegment(folder, entry, manifest.VectorBytes)));
                return new ImageIndex(folder, manifest, segments, removed);
            }
            catch (Exception error)
            {
                segments.ForEach(segment => segment.Dispose());
                if (error is not FileNotFoundException missing)
                {
                    throw;
                }
                if (attempt == Attempts)
                {
                    throw new InputException($"{missing.FileName} is missing. {Remedy(folder)}", error);
                }
            }
        }
    }

    /// <summary>
    /// Throws <see cref="InputException"/> where another student made the vectors; the images' vectors and the query's would not mean the
    /// same.
    /// </summary>
    internal static void RequireStudent(string folder, IndexModel index, string student, string model)
    {
        if (index.Student != student)
        {
            throw new InputException(
                $"{folder} was made with another student ({index.Model}, {Fingerprints.Short(index.Student)}) than {model} "
                + $"({Fingerprints.Short(student)}): their vectors do not mean the same. Name that student (--model), or make an index of "
                + "this one in another folder with `llm2clip index`.");
        }
    }

    /// <summary>What to do about a damaged index.</summary>
    internal static string Remedy(string folder) =>
        $"`llm2clip index compact {folder}` keeps what is sound, then `llm2clip index` encodes the rest again.";

    /// <summary>Locators of all images that count, ascending.</summary>
    internal IEnumerable<long> Locators() =>
        from segment in Segments
        from row in Enumerable.Range(0, segment.Rows)
        let locator = RemovedRows.Locator(segment.Entry.Number, row)
        where !_removed.Contains(locator)
        select locator;

    internal bool IsRemoved(long locator) => _removed.Count > 0 && _removed.Contains(locator);

    /// <summary>Whether a number that came from elsewhere is an image's that counts.</summary>
    internal bool Holds(long locator) => locator >= 0 && Segments.Count > 0 && Segment(locator) is var segment
        && segment.Entry.Number == (int)(locator >> 32) && (uint)locator < segment.Rows && !IsRemoved(locator);

    internal IndexRow Row(long locator) => Segment(locator).Row((int)locator);

    internal ReadOnlySpan<Half> Vector(long locator) => Segment(locator).Vector((int)locator);

    internal ImageRecord Record(long locator) => Segment(locator).Record((int)locator);

    /// <summary>WebP.</summary>
    internal ReadOnlySpan<byte> Thumbnail(long locator) => Segment(locator).Thumbnail((int)locator);

    internal IndexSegment Segment(long locator)
    {
        var number = (int)(locator >> 32);
        // Numbers ascend, and are the places unless there was a compaction.
        var (low, high) = (0, Segments.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Segments[middle].Entry.Number < number ? (middle + 1, high) : (low, middle);
        }
        return Segments[low];
    }

    /// <summary>Unmaps the files.</summary>
    public void Dispose()
    {
        foreach (var segment in Segments)
        {
            segment.Dispose();
        }
    }
}
