using System.Text.RegularExpressions;
using Llm2Clip.Files;

namespace Llm2Clip.Search;

/// <summary>What a writer knows of an image that is there already.</summary>
internal readonly record struct KnownImage(long Locator, int Source, long Size, long Modified, ulong Captions, UInt128 Content)
{
    public static KnownImage Of(IndexRow row, long locator) =>
        new(locator, row.Source, row.Size, row.Modified, row.Captions, row.Content);
}

/// <summary>
/// Appends to an image index and takes images out of it; one writer at a time. Rows go to the files at once, each with its own checksum;
/// <see cref="Commit"/> makes them part of the index: segments, then the list of removed rows, then the manifest by rename. After kill -9
/// the next writer keeps what was committed and every complete row behind it. Disposing commits.
/// </summary>
internal sealed partial class ImageIndexWriter : IDisposable
{
    /// <summary>Images of a full segment: 16 MB of vectors of 512 elements, and ten times as much of thumbnails.</summary>
    public const int RowsPerSegment = 16_384;

    private readonly string _folder;
    private readonly FolderLock _lock;
    private readonly Dictionary<UInt128, KnownImage> _images = [];
    private readonly Dictionary<UInt128, long> _contents = [];
    private readonly List<SegmentEntry> _segments;
    private readonly bool _isNew;
    private HashSet<long> _removed = [];
    private IndexManifest _manifest;
    private OpenSegment? _open;
    private bool _isChanged;
    private bool _failed;

    private ImageIndexWriter(string folder, FolderLock writeLock, IndexManifest manifest, bool isNew)
    {
        (_folder, _lock, _manifest, _isNew) = (folder, writeLock, manifest, isNew);
        _segments = [.. manifest.Segments];
    }

    /// <summary>Images that count, those not committed yet included.</summary>
    public int Count => _images.Count;

    /// <summary>Rows behind the last commit that a killed writer had left and this one took over.</summary>
    public int Recovered { get; private set; }

    public IndexManifest Manifest => _manifest;

    /// <summary>Images that count and came after the graph was built; all of them where there is none.</summary>
    public long Uncovered => _manifest.Neighbors is { } graph
        ? _images.Values.Count(image => (int)image.Locator >= CoveredRows(graph, (int)(image.Locator >> 32)))
        : _images.Count;

    /// <summary>Builds the graph anew over what is committed, and makes it part of the index.</summary>
    public NeighborsEntry BuildGraph(IRunLog log, CancellationToken cancellation)
    {
        Commit();
        var old = _manifest.Neighbors;
        try
        {
            using (var index = ImageIndex.Open(_folder))
            {
                var number = NeighborGraph.NumberOf(old?.File) + 1;
                _manifest = _manifest with { Neighbors = NeighborGraph.Build(index, number, log, cancellation) };
            }
            _isChanged = true;
            Commit();
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw Failed(error);
        }
        if (old is not null)
        {
            File.Delete(Path.Combine(_folder, old.File));
        }
        return _manifest.Neighbors!;
    }

    private static int CoveredRows(NeighborsEntry graph, int segment) =>
        graph.Covered.FirstOrDefault(covered => covered.Number == segment)?.Rows ?? 0;

    /// <summary>
    /// Opens the index in a folder, or creates it. Throws <see cref="InputException"/> for another student's index and for one that is
    /// damaged, <see cref="ConfigException"/> while another process writes to it.
    /// </summary>
    /// <param name="folder">Where it is.</param>
    /// <param name="model">Whose vectors go in; where the index is there, the teacher is taken over.</param>
    /// <param name="thumbnailSide">Of a new index.</param>
    /// <param name="rowsPerSegment">Of a new index; 0 = <see cref="RowsPerSegment"/>.</param>
    public static ImageIndexWriter Open(string folder, IndexModel model, int thumbnailSide, int rowsPerSegment = 0)
    {
        if (IndexManifest.Exists(folder))
        {
            ImageIndex.RequireStudent(folder, IndexManifest.Read(folder).Model, model.Student, model.Model); // Before anything is touched.
        }
        else if (Directory.Exists(folder))
        {
            RequireEmpty(folder);
        }
        var writeLock = FolderLock.Take(folder);
        ImageIndexWriter? writer = null;
        try
        {
            var isNew = !IndexManifest.Exists(folder);
            var manifest = isNew ? New(model, thumbnailSide, rowsPerSegment) : IndexManifest.Read(folder);
            writer = new ImageIndexWriter(folder, writeLock, manifest, isNew);
            if (isNew)
            {
                manifest.Write(folder);
            }
            else if (model.Teacher.Length > 0 && model != manifest.Model)
            {
                writer._manifest = manifest with { Model = model };
                writer._isChanged = true;
            }
            writer.Resume();
            return writer;
        }
        catch
        {
            writer?._open?.Dispose();
            writeLock.Dispose();
            throw;
        }
    }

    /// <summary>The image of a name; null where there is none.</summary>
    public KnownImage? Find(UInt128 identity) => _images.TryGetValue(identity, out var known) ? known : null;

    /// <summary>All images that count.</summary>
    public IEnumerable<(UInt128 Identity, KnownImage Image)> Images() => _images.Select(pair => (pair.Key, pair.Value));

    /// <summary>
    /// Row, vector and thumbnail of an image with the same bytes, one that was removed included; null where there is none, or where it is
    /// damaged.
    /// </summary>
    public (IndexRow Row, byte[] Vector, byte[] Thumbnail)? Copy(UInt128 content)
    {
        if (!_contents.TryGetValue(content, out var locator))
        {
            return null;
        }
        var entry = (int)(locator >> 32) == _open?.Number ? _open.Entry() : _segments.Find(one => one.Number == (int)(locator >> 32))!;
        using var segment = new IndexSegment(_folder, entry, _manifest.VectorBytes);
        var row = (int)locator;
        return segment.IsSound(row)
            ? (segment.Row(row), System.Runtime.InteropServices.MemoryMarshal.AsBytes(segment.Vector(row)).ToArray(),
                segment.Thumbnail(row).ToArray())
            : null;
    }

    /// <summary>Number of the source, which is added where it is new. Throws <see cref="ConfigException"/> where its images were decoded in
    /// another way before.</summary>
    public int Source(IndexSource source)
    {
        var number = _manifest.Sources.ToList().FindIndex(known => known.Pattern == source.Pattern);
        if (number < 0)
        {
            _manifest = _manifest with { Sources = [.. _manifest.Sources, source] };
            _isChanged = true;
            return _manifest.Sources.Count - 1;
        }
        var (before, now) = (Describe(_manifest.Sources[number]), Describe(source));
        return before == now
            ? number
            : throw new ConfigException(
                $"{_folder}: the images of {source.Pattern} were decoded with {before}, and the data section now says {now}: their vectors "
                + "would not mean the same. Leave it as it was, or make an index in another folder (--out).");

        static string Describe(IndexSource one) => System.Text.Json.JsonSerializer.Serialize(one.Decode, Json.Line);
    }

    /// <summary>Appends an image; one of the same name is replaced.</summary>
    public void Add(IndexRow row, ReadOnlySpan<byte> vector, byte[] record, byte[] thumbnail)
    {
        try
        {
            if (_open is { } full && full.Rows == _manifest.RowsPerSegment)
            {
                Commit();
                full.Dispose();
                _open = null;
            }
            _open ??= new OpenSegment(_folder, Next, null, _manifest.VectorBytes);
            _open.Add(row, vector, record, thumbnail);
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw Failed(error);
        }
        Took(row, RemovedRows.Locator(_open.Number, _open.Rows - 1));
    }

    /// <summary>Takes an image out; its row stays in the files until they are compacted.</summary>
    public void Remove(UInt128 identity)
    {
        if (_images.Remove(identity, out var known))
        {
            _removed.Add(known.Locator);
            _isChanged = true;
        }
    }

    /// <summary>Makes everything so far part of the index and readable.</summary>
    public void Commit()
    {
        if (!_isChanged)
        {
            return;
        }
        try
        {
            if (_open is { Rows: > 0 } open)
            {
                open.Flush();
                _segments.RemoveAll(segment => segment.Number == open.Number);
                _segments.Add(open.Entry());
            }
            var old = _manifest.Removed;
            var removed = _removed.Count == (old?.Count ?? 0)
                ? old
                : RemovedRows.Write(_folder, RemovedRows.NumberOf(old?.File) + 1, _removed);
            var next = _manifest with { Segments = [.. _segments], Removed = removed, Date = TimeProvider.System.GetUtcNow() };
            next.Write(_folder);
            _manifest = next;
            if (old is not null && old.File != removed?.File)
            {
                File.Delete(Path.Combine(_folder, old.File));
            }
        }
        catch (Exception error) when (WriteException.IsCause(error))
        {
            throw Failed(error);
        }
        _isChanged = false;
    }

    /// <summary>Closes the index and gives up its lock; a new one that got no image is taken away again.</summary>
    public void Dispose()
    {
        try
        {
            if (!_failed)
            {
                Commit();
            }
        }
        finally
        {
            _open?.Dispose();
            if (_isNew && !_failed && _segments.Count == 0)
            {
                File.Delete(Path.Combine(_folder, IndexManifest.FileName));
            }
            _lock.Dispose();
        }
    }

    private int Next => _segments.Count == 0 ? 0 : _segments[^1].Number + 1;

    /// <summary>The error of an index that cannot be written. No commit is tried any more: what is on the disk will be recovered.</summary>
    private RunException Failed(Exception error)
    {
        _failed = true;
        return new RunException(
            $"{WriteException.Of(_folder, error).Message} Images encoded so far are kept; make room and run the command again.", error);
    }

    private void Took(IndexRow row, long locator)
    {
        Remove(row.Identity);
        _images[row.Identity] = KnownImage.Of(row, locator);
        _contents[row.Content] = locator;
        _isChanged = true;
    }

    /// <summary>Takes up an index where its last writer left it: reads rows, recovers the tail, deletes what no manifest names.</summary>
    private void Resume()
    {
        try
        {
            _removed = RemovedRows.Read(_folder, _manifest.Removed);
            foreach (var entry in _segments)
            {
                using var segment = new IndexSegment(_folder, entry, _manifest.VectorBytes);
                for (var row = 0; row < segment.Rows; row++)
                {
                    Know(segment.Row(row), RemovedRows.Locator(entry.Number, row));
                }
            }
        }
        catch (FileNotFoundException error)
        {
            throw new InputException($"{error.FileName} is missing. {ImageIndex.Remedy(_folder)}", error);
        }
        var last = _segments.Count > 0 && _segments[^1].Rows < _manifest.RowsPerSegment ? _segments[^1] : null;
        var number = last?.Number ?? Next;
        if (last is not null || File.Exists(Path.Combine(_folder, SegmentEntry.TableFile(number))))
        {
            _open = new OpenSegment(_folder, number, last, _manifest.VectorBytes);
            var first = _open.Rows;
            var rows = _open.Recover(_manifest.RowsPerSegment, _manifest.VectorBytes);
            for (var i = 0; i < rows.Count; i++)
            {
                Took(rows[i], RemovedRows.Locator(number, first + i));
            }
            Recovered = rows.Count;
        }
        DeleteStrays(_open?.Number);
        Commit();
    }

    private void Know(IndexRow row, long locator)
    {
        _contents[row.Content] = locator;
        if (!_removed.Contains(locator))
        {
            if (_images.TryGetValue(row.Identity, out var older))
            {
                _removed.Add(older.Locator);
                _isChanged = true;
            }
            _images[row.Identity] = KnownImage.Of(row, locator);
        }
    }

    /// <summary>Deletes files that a killed writer left and that no manifest names.</summary>
    private void DeleteStrays(int? open)
    {
        var named = _segments.Select(segment => segment.Number).Concat(open is { } number ? [number] : []).SelectMany(SegmentEntry.Files)
            .Append(_manifest.Removed?.File).Append(_manifest.Neighbors?.File).ToHashSet();
        foreach (var path in Directory.EnumerateFiles(_folder).Where(path => IsPart(Path.GetFileName(path))).ToList())
        {
            if (!named.Contains(Path.GetFileName(path)))
            {
                File.Delete(path);
            }
        }
    }

    private static IndexManifest New(IndexModel model, int thumbnailSide, int rowsPerSegment) => new()
    {
        Kind = IndexManifest.KindOfFolder,
        Format = IndexManifest.CurrentFormat,
        Model = model,
        ThumbnailSide = thumbnailSide,
        RowsPerSegment = rowsPerSegment > 0 ? rowsPerSegment : RowsPerSegment,
        Sources = [],
        Segments = [],
        Date = TimeProvider.System.GetUtcNow(),
    };

    private static void RequireEmpty(string folder)
    {
        var foreign = Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path))
            .FirstOrDefault(name => !IsPart(name) && name != FolderLock.FileName);
        if (foreign is not null)
        {
            throw new InputException(
                $"{folder} is not an image index and not empty (it holds {foreign}). Name another folder (--out).");
        }
    }

    /// <summary>Whether a name is one of an index's own files, beside the manifest and the lock.</summary>
    private static bool IsPart(string name) =>
        RemovedRows.IsName(name) || NeighborGraph.IsName(name) || SegmentFile().IsMatch(name);

    [GeneratedRegex(@"^((vectors|images|thumbnails)-\d{5}\.bin|records-\d{5}\.jsonl)$")]
    private static partial Regex SegmentFile();
}
