using System.Text.Json.Serialization;
using Llm2Clip.Files;
using Llm2Clip.Images;

namespace Llm2Clip.Search;

/// <summary>The files of a segment, as long as the manifest says they are.</summary>
/// <param name="Number">Its number, part of the files' names.</param>
/// <param name="Rows">Images in it, removed ones included.</param>
/// <param name="RecordBytes">Length of the records.</param>
/// <param name="ThumbnailBytes">Length of the thumbnails.</param>
/// <param name="Vectors">XxHash128 of the vectors, as the others 32 hexadecimal digits.</param>
/// <param name="Table">Of the rows.</param>
/// <param name="Records">Of the records.</param>
/// <param name="Thumbnails">Of the thumbnails.</param>
internal sealed record SegmentEntry(
    int Number, int Rows, long RecordBytes, long ThumbnailBytes, string Vectors, string Table, string Records, string Thumbnails)
{
    public static string VectorFile(int number) => $"vectors-{number:d5}.bin";

    public static string TableFile(int number) => $"images-{number:d5}.bin";

    public static string RecordFile(int number) => $"records-{number:d5}.jsonl";

    public static string ThumbnailFile(int number) => $"thumbnails-{number:d5}.bin";

    /// <summary>The names of a segment's files.</summary>
    public static IEnumerable<string> Files(int number) =>
        [VectorFile(number), TableFile(number), RecordFile(number), ThumbnailFile(number)];
}

/// <summary>The rows that do not count any more: a file of ascending locators, replaced as a whole.</summary>
internal sealed record RemovedEntry(string File, int Count, string Checksum);

/// <summary>What an index was made of.</summary>
/// <param name="Pattern">The data, with full paths.</param>
/// <param name="Decode">How its images were decoded: vectors of another decoding would be others.</param>
internal sealed record IndexSource(string Pattern, DecodeOptions Decode);

/// <summary>Whose vectors an index holds, and where the parts are that made them.</summary>
/// <param name="Student">Fingerprint of the student's weights and image transform.</param>
/// <param name="Model">Folder of the student.</param>
/// <param name="Teacher">Folder or GGUF of its teacher; empty where none was named or found.</param>
/// <param name="TeacherFingerprint">What the student says of its teacher; empty where it does not say.</param>
/// <param name="Dimension">Length of a vector.</param>
public sealed record IndexModel(string Student, string Model, string Teacher, string TeacherFingerprint, int Dimension);

/// <summary>
/// <c>manifest.json</c>: the only file that says what belongs to the index. It is written last and renamed into place, so that every state
/// on the disk is either the old index or the new one. Files only grow behind the lengths that it states: a reader keeps what it opened.
/// </summary>
internal sealed record IndexManifest
{
    public const string FileName = "manifest.json";
    public const int CurrentFormat = 1;

    /// <summary>Says what the file is, as an embedding store's manifest has the same name.</summary>
    public const string KindOfFolder = "image index";

    public required string Kind { get; init; }

    public required int Format { get; init; }

    public required IndexModel Model { get; init; }

    /// <summary>Longer side of the thumbnails, pixels.</summary>
    public required int ThumbnailSide { get; init; }

    /// <summary>Images a segment holds when it is full.</summary>
    public required int RowsPerSegment { get; init; }

    public required IReadOnlyList<IndexSource> Sources { get; init; }

    public required IReadOnlyList<SegmentEntry> Segments { get; init; }

    public RemovedEntry? Removed { get; init; }

    /// <summary>The graph of neighbors; null where there is none.</summary>
    public NeighborsEntry? Neighbors { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>Bytes of a vector, fp16.</summary>
    [JsonIgnore]
    public int VectorBytes => Model.Dimension * 2;

    /// <summary>Images that count.</summary>
    [JsonIgnore]
    public long Images => Segments.Sum(segment => (long)segment.Rows) - (Removed?.Count ?? 0);

    /// <summary>Whether a folder holds an index, sound or not.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>Reads the manifest of a folder; throws <see cref="InputException"/> where there is none or it makes no sense.</summary>
    public static IndexManifest Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new InputException(Directory.Exists(folder)
                ? $"{folder} is not an image index: it has no {FileName}. Make one with `llm2clip index`."
                : $"{folder} is not there. Name the folder that `llm2clip index` wrote.");
        }
        var manifest = JsonManifest.Read<IndexManifest>(
            path, "the manifest of an image index", "Name the folder that `llm2clip index` wrote, or delete this one and run it again.");
        if (manifest is not { Kind: KindOfFolder, Format: CurrentFormat })
        {
            throw new InputException(
                $"{path} is of kind '{manifest?.Kind}', format {manifest?.Format}; this version reads the format {CurrentFormat} of an "
                + $"{KindOfFolder}. Make the index anew with `llm2clip index` in another folder.");
        }
        manifest.Check(path);
        return manifest;
    }

    /// <summary>Writes the manifest, as <see cref="JsonManifest.Write"/> does: what it names must be on the disk before.</summary>
    public void Write(string folder) => JsonManifest.Write(folder, FileName, this);

    private void Check(string path)
    {
        // Elements of lists may be null in spite of what their types say.
        var sane = Model.Dimension is > 0 and <= 1 << 20 && ThumbnailSide > 0 && RowsPerSegment > 0
            && Sources.All(source => source is not null)
            && Segments.All(s => s is { Number: >= 0 and < 100_000, Rows: > 0, RecordBytes: >= 0, ThumbnailBytes: >= 0 }
                && s.Rows <= RowsPerSegment)
            && Segments.Zip(Segments.Skip(1)).All(pair => pair.First.Number < pair.Second.Number)
            && (Neighbors is null || (NeighborGraph.IsName(Neighbors.File) && Neighbors.Covered.All(one => one is { Rows: > 0 })
                && Neighbors.Covered.DistinctBy(one => one.Number).Count() == Neighbors.Covered.Count))
            && (Removed is null || (Removed.Count > 0 && RemovedRows.IsName(Removed.File)));
        if (!sane || Images < 0)
        {
            throw new InputException(
                $"{path} contradicts itself (dimension {Model.Dimension}, {Segments.Count} segments, {Removed?.Count ?? 0} removed). "
                + "Delete the folder and run `llm2clip index` again.");
        }
    }
}
