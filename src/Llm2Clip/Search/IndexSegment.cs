using System.Runtime.InteropServices;
using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Search;

/// <summary>The files of one segment as far as the manifest counts them, memory-mapped.</summary>
internal sealed class IndexSegment : IDisposable
{
    private readonly string _folder;
    private readonly int _vectorBytes;
    private readonly List<MappedFile> _files = [];

    /// <summary>
    /// Maps the files. Throws <see cref="InputException"/>, naming the file, where one is too short, and
    /// <see cref="FileNotFoundException"/> where one is missing, as it is for a reader whose manifest is an old one.
    /// </summary>
    public IndexSegment(string folder, SegmentEntry entry, int vectorBytes)
    {
        (_folder, Entry, _vectorBytes) = (folder, entry, vectorBytes);
        try
        {
            foreach (var (name, length) in Lengths(entry, vectorBytes))
            {
                _files.Add(Map(Path.Combine(folder, name), length));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public SegmentEntry Entry { get; }

    public int Rows => Entry.Rows;

    /// <summary>Files of a segment with the bytes that count of each: vectors, rows, records, thumbnails.</summary>
    public static IReadOnlyList<(string Name, long Length)> Lengths(SegmentEntry entry, int vectorBytes) =>
    [
        (SegmentEntry.VectorFile(entry.Number), (long)entry.Rows * vectorBytes),
        (SegmentEntry.TableFile(entry.Number), (long)entry.Rows * IndexRow.Bytes),
        (SegmentEntry.RecordFile(entry.Number), entry.RecordBytes),
        (SegmentEntry.ThumbnailFile(entry.Number), entry.ThumbnailBytes),
    ];

    /// <summary>The files whose checksums differ from the manifest's, or that are too short or missing.</summary>
    public static IEnumerable<string> Damaged(string folder, SegmentEntry entry, int vectorBytes) =>
        from file in Lengths(entry, vectorBytes).Zip([entry.Vectors, entry.Table, entry.Records, entry.Thumbnails])
        where StoreFiles.Checksum(Path.Combine(folder, file.First.Name), file.First.Length) != file.Second
        select file.First.Name;

    public IndexRow Row(int row) => MemoryMarshal.Read<IndexRow>(_files[1].Slice((long)row * IndexRow.Bytes, IndexRow.Bytes));

    /// <summary>Elements in fp16.</summary>
    public ReadOnlySpan<Half> Vector(int row) => MemoryMarshal.Cast<byte, Half>(_files[0].Slice((long)row * _vectorBytes, _vectorBytes));

    /// <summary>Throws <see cref="InputException"/> where the record is damaged.</summary>
    public ImageRecord Record(int row)
    {
        try
        {
            return ImageRecord.Of(RecordBytes(Row(row)));
        }
        catch (JsonException error)
        {
            throw Damage(SegmentEntry.RecordFile(Entry.Number), $"the record of image {row} is not readable: {error.Message}", error);
        }
    }

    public ReadOnlySpan<byte> Thumbnail(int row)
    {
        var entry = Row(row);
        return Part(_files[3], entry.ThumbnailOffset, entry.ThumbnailLength, row, SegmentEntry.ThumbnailFile(Entry.Number));
    }

    /// <summary>Whether a row's checksum holds, its vector, record and thumbnail included.</summary>
    public bool IsSound(int row)
    {
        var entry = Row(row);
        return Holds(_files[2], entry.RecordOffset, entry.RecordLength) && Holds(_files[3], entry.ThumbnailOffset, entry.ThumbnailLength)
            && entry.Checksum == entry.ChecksumWith(
                MemoryMarshal.AsBytes(Vector(row)), _files[2].Slice(entry.RecordOffset, entry.RecordLength),
                _files[3].Slice(entry.ThumbnailOffset, entry.ThumbnailLength));

        static bool Holds(MappedFile file, long offset, int length) => offset >= 0 && length >= 0 && offset <= file.Length - length;
    }

    public ReadOnlySpan<byte> RecordBytes(IndexRow row) =>
        Part(_files[2], row.RecordOffset, row.RecordLength, -1, SegmentEntry.RecordFile(Entry.Number));

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private ReadOnlySpan<byte> Part(MappedFile file, long offset, int length, int row, string name) =>
        offset >= 0 && length >= 0 && offset <= file.Length - length
            ? file.Slice(offset, length)
            : throw Damage(name, $"{(row < 0 ? "an image" : $"image {row}")} points beyond its end", null);

    private InputException Damage(string file, string what, Exception? inner) =>
        new($"{Path.Combine(_folder, file)} is damaged: {what}. {ImageIndex.Remedy(_folder)}", inner);

    private static MappedFile Map(string path, long length)
    {
        var found = MappedFile.LengthOf(path);
        return found >= length
            ? new MappedFile(path, length)
            : throw new InputException(
                $"{path} is damaged: {found} bytes, expected {length}. {ImageIndex.Remedy(Path.GetDirectoryName(path)!)}");
    }
}
