using System.Buffers.Binary;
using Llm2Clip.Data.Parquet.Pages;
using Llm2Clip.Files;
using Microsoft.Win32.SafeHandles;
using Parquet;
using Parquet.Meta;

namespace Llm2Clip.Data.Parquet;

/// <summary>
/// A Parquet file that is open for reading, a column of a row group at a time, through Parquet.Net. Everything throws
/// <see cref="ParquetException"/>, which names the file, where it is missing, damaged, or written in a way that is not read. Not safe to
/// use from several threads at once; a file may be open several times.
/// </summary>
/// <remarks>
/// Reads 100,000 rows of 1 KB and 512 floats in 0.9 to 1.1 times DuckDB's time for its own scan (bench/, docs/benchmarks.md), so that
/// Parquet.Net reads too and no second package: ParquetSharp takes 0.35 times, but parses what strangers wrote in C++.
/// </remarks>
internal sealed class ParquetTable : IDisposable
{
    /// <summary>A column of a row group takes 300 bytes of footer with long statistics.</summary>
    private const int MostFooter = 64 << 20;

    /// <summary>Structs within structs; Parquet.Net follows them by recursion.</summary>
    private const int DeepestSchema = 64;

    private readonly SafeFileHandle _file;
    private readonly PageStream _pages;
    private readonly ParquetReader _reader;
    private readonly IReadOnlyList<TableColumn> _columns;
    private readonly Dictionary<ColumnChunk, ColumnPlace> _places = [];
    private readonly long _dataEnd;

    private ParquetTable(string path, SafeFileHandle file)
    {
        Path = path;
        _file = file;
        var footer = ReadFooter(file, out _dataEnd);
        _pages = new PageStream(file, _dataEnd);
        _pages.ShowFooter(footer);
        _reader = ParquetReader.CreateAsync(_pages).GetAwaiter().GetResult();
        TableColumns.Simplify(_reader.Metadata!.Schema);
        (_columns, Unread) = TableColumns.Of(_reader.Schema, _reader.Metadata.Schema);
        Columns = [.. _columns.Select(column => column.Column)];
        RowGroups = Groups(_reader.RowGroups);
    }

    public string Path { get; }

    /// <summary>The columns of types that are read, in the order of the file.</summary>
    public IReadOnlyList<ParquetColumn> Columns { get; }

    /// <summary>The columns of other types.</summary>
    internal IReadOnlyList<UnreadColumn> Unread { get; }

    /// <summary>The row groups in the order of the file.</summary>
    public IReadOnlyList<ParquetRowGroup> RowGroups { get; }

    /// <summary>Rows of the file.</summary>
    public long Rows => RowGroups.Sum(group => (long)group.Rows);

    /// <summary>Reads the footer of a file.</summary>
    public static ParquetTable Open(string path)
    {
        var file = File.Exists(path) ? File.OpenHandle(path) : throw new ParquetException($"{path} does not exist.");
        try
        {
            return new ParquetTable(path, file);
        }
        catch (Exception error)
        {
            file.Dispose();
            LfsPointer.Refuse(path);
            throw Named(path, "", error);
        }
    }

    /// <summary>A column of texts.</summary>
    public TextColumn Texts(string column) => new(this, Find(column, ColumnType.Text));

    /// <summary>A column of whole numbers.</summary>
    public IntegerColumn Integers(string column) => IntegerColumn.Of(this, Find(column, ColumnType.Int64));

    /// <summary>A column of floating-point numbers.</summary>
    public NumberColumn Numbers(string column) => NumberColumn.Of(this, Find(column, ColumnType.Float64));

    /// <summary>A column of bytes.</summary>
    public BytesColumn Bytes(string column) => new(this, Find(column, ColumnType.Bytes));

    /// <summary>A column of vectors.</summary>
    public VectorColumn Vectors(string column) => VectorColumn.Of(this, Find(column, ColumnType.FloatVector));

    /// <summary>A column of lists of texts.</summary>
    public TextListColumn TextLists(string column) => new(this, Find(column, ColumnType.TextList));

    public void Dispose()
    {
        _pages.Dispose();
        _file.Dispose();
    }

    /// <summary>Reads a column of a row group into memory that is used again.</summary>
    internal void Read<T>(ParquetRowGroup group, TableColumn column, ColumnCells<T> into)
        where T : struct
    {
        try
        {
            var reader = _reader.RowGroups[group.Index];
            var chunk = reader.GetMetadata(column.Field) ?? throw new InvalidDataException("the row group has no such column");
            if (!_places.TryGetValue(chunk, out var place))
            {
                _places[chunk] = place = ColumnPlace.Take(chunk, column.Field, column.Element, group.Rows, _dataEnd);
            }
            _pages.ShowColumn(place);
            into.Read(place, _pages.Contents, (values, definitions, repetitions) =>
                reader.ReadRawAsync(column.Field, values, definitions, repetitions).AsTask().GetAwaiter().GetResult());
        }
        catch (Exception error)
        {
            throw Named(Path, $"row group {group.Index}, column {column.Column.Name}: ", error);
        }
    }

    /// <summary>Adds the file's name to what is wrong; Parquet.Net throws many types at a damaged file.</summary>
    private static Exception Named(string path, string place, Exception error) =>
        error is OutOfMemoryException or ParquetException
            ? error
            : new ParquetException($"{path} cannot be read as Parquet: {place}{error.Message}", error);

    private static byte[] ReadFooter(SafeFileHandle file, out long dataEnd)
    {
        var length = RandomAccess.GetLength(file);
        Span<byte> end = stackalloc byte[8];
        Span<byte> begin = stackalloc byte[4];
        if (length < 12 || RandomAccess.Read(file, begin, 0) < 4 || RandomAccess.Read(file, end, length - 8) < 8
            || !end[4..].SequenceEqual("PAR1"u8) || !begin.SequenceEqual("PAR1"u8))
        {
            throw new InvalidDataException("it does not begin and end as Parquet does");
        }
        var bytes = BinaryPrimitives.ReadInt32LittleEndian(end);
        if (bytes <= 0 || bytes > Math.Min(length - 12, MostFooter))
        {
            throw new InvalidDataException($"it claims a footer of {bytes:N0} bytes");
        }
        dataEnd = length - 8 - bytes;
        var footer = new byte[bytes];
        if (RandomAccess.Read(file, footer, dataEnd) < bytes)
        {
            throw new EndOfStreamException("it ends before its data does");
        }
        CheckFooter(footer);
        return footer;
    }

    private static void CheckFooter(byte[] footer)
    {
        var children = new List<long>();
        new ThriftCheck(footer, (shape, field, value) =>
        {
            if (shape == "SchemaElement" && field == 0)
            {
                children.Add(0);
            }
            else if (shape == "SchemaElement" && field == 5)
            {
                children[^1] = value;
            }
        }).Struct("FileMetaData");
        var open = new Stack<long>([1]);
        foreach (var count in children)
        {
            while (open.TryPeek(out var left) && left == 0)
            {
                open.Pop();
            }
            open.Push(open.Count > 0 ? open.Pop() - 1 : throw new InvalidDataException("its schema has more columns than it states"));
            open.Push(Math.Max(count, 0));
            if (open.Count > DeepestSchema)
            {
                throw new InvalidDataException($"its columns are nested deeper than {DeepestSchema}");
            }
        }
    }

    private static List<ParquetRowGroup> Groups(IReadOnlyList<ParquetRowGroupReader> readers)
    {
        var groups = new List<ParquetRowGroup>();
        var first = 0L;
        foreach (var reader in readers)
        {
            var bytes = reader.RowGroup.TotalByteSize;
            if (reader.RowCount is < 0 or > int.MaxValue || bytes < 0)
            {
                throw new InvalidDataException($"row group {groups.Count} states {reader.RowCount:N0} rows of {bytes:N0} bytes");
            }
            groups.Add(new ParquetRowGroup(groups.Count, first, (int)reader.RowCount, bytes));
            first += reader.RowCount;
        }
        return groups;
    }

    private TableColumn Find(string name, ColumnType type)
    {
        var column = _columns.FirstOrDefault(column => column.Column.Name == name)
            ?? throw new ParquetException(
                $"{Path} has no column {name} that can be read; it has {string.Join(", ", Columns.Select(c => c.Name))}.");
        return column.Column.Type == type
            ? column
            : throw new ParquetException($"{Path}: column {name} is of type {column.Column.Type}, not {type}.");
    }
}
