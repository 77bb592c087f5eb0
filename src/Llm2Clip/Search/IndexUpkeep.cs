using System.Runtime.InteropServices;
using Llm2Clip.Files;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Search;

/// <summary>What a compaction did.</summary>
/// <param name="Kept">Images in the index.</param>
/// <param name="Lost">Images that were damaged, and are not in it any more.</param>
/// <param name="Before">Bytes of its files before.</param>
/// <param name="After">Bytes of its files now.</param>
public sealed record CompactionReport(long Kept, long Lost, long Before, long After);

/// <summary>Looks after the files of an index.</summary>
internal static class IndexUpkeep
{
    /// <summary>
    /// Compares every file with its checksum. Of a damaged segment it is said how many images are sound by their own checksums.
    /// </summary>
    public static IReadOnlyList<string> Verify(string folder, CancellationToken cancellation)
    {
        var manifest = IndexManifest.Read(folder);
        var problems = new List<string>();
        try
        {
            _ = RemovedRows.Read(folder, manifest.Removed);
        }
        catch (Exception error) when (error is InputException or IOException)
        {
            problems.Add($"{manifest.Removed!.File} is damaged or missing");
        }
        if (manifest.Neighbors is { } graph && StoreFiles.Checksum(Path.Combine(folder, graph.File), graph.Bytes) != graph.Checksum)
        {
            problems.Add($"{graph.File}, the graph of neighbors, is damaged or missing");
        }
        foreach (var entry in manifest.Segments)
        {
            cancellation.ThrowIfCancellationRequested();
            var damaged = IndexSegment.Damaged(folder, entry, manifest.VectorBytes).ToList();
            if (damaged.Count > 0)
            {
                var sound = Count(folder, entry, manifest.VectorBytes);
                problems.Add($"{string.Join(", ", damaged)}: {sound} of {entry.Rows} images are sound");
            }
        }
        return problems;
    }

    /// <summary>
    /// Writes the sound rows that count into new segments, and deletes the old ones: removed and damaged rows leave, and so does the graph,
    /// whose images have new places. Until the new manifest
    /// is there, the old index stays. Throws <see cref="ConfigException"/> while another process writes to it, <see cref="RunException"/>
    /// where there is no room.
    /// </summary>
    public static CompactionReport Compact(string folder, CancellationToken cancellation)
    {
        var manifest = IndexManifest.Read(folder);
        TakeUpTail(folder, manifest);
        using var writer = FolderLock.Take(folder);
        manifest = IndexManifest.Read(folder);
        var before = Size(folder);
        var removed = Removed(folder, manifest);
        var newest = new Dictionary<UInt128, long>();
        foreach (var (row, locator, _) in Sound(folder, manifest, removed))
        {
            newest[row.Identity] = locator;
        }
        var written = new List<SegmentEntry>();
        try
        {
            Rewrite(folder, manifest, removed, newest, written, cancellation);
            (manifest with { Segments = written, Removed = null, Neighbors = null, Date = TimeProvider.System.GetUtcNow() }).Write(folder);
        }
        catch (Exception error)
        {
            written.ForEach(entry => Delete(folder, entry.Number));
            throw WriteException.IsCause(error)
                ? new RunException($"{WriteException.Of(folder, error).Message} The index is as it was before; make room.", error)
                : error;
        }
        manifest.Segments.ToList().ForEach(entry => Delete(folder, entry.Number));
        foreach (var file in new[] { manifest.Removed?.File, manifest.Neighbors?.File }.OfType<string>())
        {
            File.Delete(Path.Combine(folder, file));
        }
        return new CompactionReport(newest.Count, Math.Max(0, manifest.Images - newest.Count), before, Size(folder));
    }

    /// <summary>Bytes of an index's files.</summary>
    public static long Size(string folder) => new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length);

    private static void Rewrite(
        string folder, IndexManifest manifest, HashSet<long> removed, Dictionary<UInt128, long> newest, List<SegmentEntry> written,
        CancellationToken cancellation)
    {
        OpenSegment? open = null;
        try
        {
            var number = manifest.Segments.Count == 0 ? 0 : manifest.Segments[^1].Number + 1;
            foreach (var (row, locator, segment) in Sound(folder, manifest, removed).Where(one => newest[one.Row.Identity] == one.Locator))
            {
                cancellation.ThrowIfCancellationRequested();
                if (open?.Rows == manifest.RowsPerSegment)
                {
                    Close();
                }
                if (open is null)
                {
                    Delete(folder, number);
                    open = new OpenSegment(folder, number++, null, manifest.VectorBytes);
                    written.Add(open.Entry());
                }
                var vector = MemoryMarshal.AsBytes(segment.Vector((int)locator));
                open.Add(row, vector, segment.RecordBytes(row), segment.Thumbnail((int)locator));
            }
            Close();
        }
        finally
        {
            open?.Dispose();
        }

        void Close()
        {
            if (open is not null)
            {
                open.Flush();
                written[^1] = open.Entry();
                open.Dispose();
                open = null;
            }
        }
    }

    /// <summary>Rows behind the last commit of a killed writer become part of the index, unless it is damaged.</summary>
    private static void TakeUpTail(string folder, IndexManifest manifest)
    {
        try
        {
            ImageIndexWriter.Open(folder, manifest.Model, manifest.ThumbnailSide).Dispose();
        }
        catch (InputException)
        {
            // Which is why it is compacted.
        }
    }

    private static HashSet<long> Removed(string folder, IndexManifest manifest)
    {
        try
        {
            return RemovedRows.Read(folder, manifest.Removed);
        }
        catch (Exception error) when (error is InputException or IOException)
        {
            return []; // They leave again with the next update.
        }
    }

    /// <summary>Rows that count and whose checksums hold, as far as the files of their segment go.</summary>
    private static IEnumerable<(IndexRow Row, long Locator, IndexSegment Segment)> Sound(
        string folder, IndexManifest manifest, HashSet<long> removed)
    {
        foreach (var entry in manifest.Segments)
        {
            if (What(folder, entry, manifest.VectorBytes) is not { } found)
            {
                continue;
            }
            using var segment = new IndexSegment(folder, found, manifest.VectorBytes);
            for (var row = 0; row < segment.Rows; row++)
            {
                var locator = RemovedRows.Locator(entry.Number, row);
                if (!removed.Contains(locator) && segment.IsSound(row))
                {
                    yield return (segment.Row(row), locator, segment);
                }
            }
        }
    }

    /// <summary>What is there of a segment; null where a file is missing or nothing is left.</summary>
    private static SegmentEntry? What(string folder, SegmentEntry entry, int vectorBytes)
    {
        var files = IndexSegment.Lengths(entry, vectorBytes);
        if (files.Any(file => !File.Exists(Path.Combine(folder, file.Name))))
        {
            return null;
        }
        var found = files.Select(file => Math.Min(file.Length, MappedFile.LengthOf(Path.Combine(folder, file.Name)))).ToList();
        var rows = (int)Math.Min(found[0] / vectorBytes, found[1] / IndexRow.Bytes);
        return rows == 0 ? null : entry with { Rows = rows, RecordBytes = found[2], ThumbnailBytes = found[3] };
    }

    private static int Count(string folder, SegmentEntry entry, int vectorBytes)
    {
        if (What(folder, entry, vectorBytes) is not { } found)
        {
            return 0;
        }
        using var segment = new IndexSegment(folder, found, vectorBytes);
        return Enumerable.Range(0, segment.Rows).Count(segment.IsSound);
    }

    private static void Delete(string folder, int number)
    {
        foreach (var file in SegmentEntry.Files(number))
        {
            File.Delete(Path.Combine(folder, file));
        }
    }
}
