using System.IO.Hashing;
using System.Runtime.InteropServices;
using Llm2Clip.Teachers.Store;
using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Search;

/// <summary>
/// The segment that a writer appends to. A row goes to the system when it is added, its entry in the table last: what a killed process had
/// added is found again by the rows' checksums.
/// </summary>
internal sealed class OpenSegment : IDisposable
{
    private readonly SafeFileHandle[] _files = new SafeFileHandle[4]; // vectors, table, records, thumbnails
    private readonly XxHash128[] _hashes = new XxHash128[4];
    private readonly long[] _lengths = new long[4];

    /// <summary>
    /// Opens the files of segment <paramref name="number"/>, of which what <paramref name="committed"/> says is kept. Throws
    /// <see cref="InputException"/> where that is damaged: it would get checksums of its own with what is appended.
    /// </summary>
    public OpenSegment(string folder, int number, SegmentEntry? committed, int vectorBytes)
    {
        (Number, Rows) = (number, committed?.Rows ?? 0);
        try
        {
            var files = IndexSegment.Lengths(committed ?? new SegmentEntry(number, 0, 0, 0, "", "", "", ""), vectorBytes);
            for (var i = 0; i < _files.Length; i++)
            {
                var path = Path.Combine(folder, files[i].Name);
                _files[i] = StoreFiles.OpenForUpdate(path);
                _lengths[i] = files[i].Length;
                _hashes[i] = StoreFiles.HashPrefix(path, files[i].Length) ?? throw new InputException(
                    $"{path} is damaged: {RandomAccess.GetLength(_files[i])} bytes, expected {files[i].Length}. "
                    + ImageIndex.Remedy(folder));
            }
            if (committed is not null && Entry() != committed)
            {
                throw new InputException(
                    $"{folder} is damaged: a file of its segment {number} does not have the checksum of the manifest. "
                    + ImageIndex.Remedy(folder));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Number { get; }

    public int Rows { get; private set; }

    /// <summary>Appends a row; its places and its checksum are filled in.</summary>
    public void Add(IndexRow row, ReadOnlySpan<byte> vector, ReadOnlySpan<byte> record, ReadOnlySpan<byte> thumbnail)
    {
        (row.RecordOffset, row.RecordLength) = (_lengths[2], record.Length);
        (row.ThumbnailOffset, row.ThumbnailLength) = (_lengths[3], thumbnail.Length);
        row.Checksum = row.ChecksumWith(vector, record, thumbnail);
        Write(3, thumbnail);
        Write(2, record);
        Write(0, vector);
        Write(1, MemoryMarshal.AsBytes(new ReadOnlySpan<IndexRow>(in row)));
        Rows++;
    }

    /// <summary>
    /// Takes up complete rows behind the committed ones, as far as their checksums hold; the rest of the files is cut off.
    /// </summary>
    public IReadOnlyList<IndexRow> Recover(int most, int vectorBytes)
    {
        var found = new List<IndexRow>();
        var table = new byte[IndexRow.Bytes];
        var vector = new byte[vectorBytes];
        while (Rows < most && Read(1, _lengths[1], table) && Read(0, _lengths[0], vector))
        {
            var row = MemoryMarshal.Read<IndexRow>(table);
            if (row.RecordOffset != _lengths[2] || row.ThumbnailOffset != _lengths[3] || row.RecordLength < 0 || row.ThumbnailLength < 0
                || row.RecordLength > RandomAccess.GetLength(_files[2]) || row.ThumbnailLength > RandomAccess.GetLength(_files[3]))
            {
                break;
            }
            var (record, thumbnail) = (new byte[row.RecordLength], new byte[row.ThumbnailLength]);
            if (!Read(2, row.RecordOffset, record) || !Read(3, row.ThumbnailOffset, thumbnail)
                || row.Checksum != row.ChecksumWith(vector, record, thumbnail))
            {
                break;
            }
            Took(3, thumbnail);
            Took(2, record);
            Took(0, vector);
            Took(1, table);
            Rows++;
            found.Add(row);
        }
        for (var i = 0; i < _files.Length; i++)
        {
            if (RandomAccess.GetLength(_files[i]) > _lengths[i])
            {
                RandomAccess.SetLength(_files[i], _lengths[i]);
            }
        }
        return found;
    }

    /// <summary>Makes what was added durable; the manifest may name it then.</summary>
    public void Flush()
    {
        foreach (var file in _files)
        {
            RandomAccess.FlushToDisk(file);
        }
    }

    /// <summary>The segment as the manifest describes it.</summary>
    public SegmentEntry Entry() => new(
        Number, Rows, _lengths[2], _lengths[3], StoreFiles.Text(_hashes[0]), StoreFiles.Text(_hashes[1]), StoreFiles.Text(_hashes[2]),
        StoreFiles.Text(_hashes[3]));

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file?.Dispose();
        }
    }

    private void Write(int file, ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_files[file], bytes, _lengths[file]);
        Took(file, bytes);
    }

    private void Took(int file, ReadOnlySpan<byte> bytes)
    {
        _hashes[file].Append(bytes);
        _lengths[file] += bytes.Length;
    }

    private bool Read(int file, long offset, Span<byte> bytes)
    {
        for (var done = 0; done < bytes.Length;)
        {
            var got = RandomAccess.Read(_files[file], bytes[done..], offset + done);
            if (got == 0)
            {
                return false;
            }
            done += got;
        }
        return true;
    }
}
