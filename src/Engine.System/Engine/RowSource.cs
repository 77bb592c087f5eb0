using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Llm2Clip.Engine.SystemNatives;

/// <summary>
/// Rows of .NET objects as a DuckDB table function, so that <c>COPY</c> draws them while it writes and none is kept. An exception
/// of the rows or of a cell is stored, ends the query and is thrown again by <see cref="Rethrow"/>.
/// </summary>
internal sealed unsafe class RowSource : IDisposable
{
    public const string Function = "llm2clip_rows";

    private readonly IReadOnlyList<ParquetColumn> _columns;
    private readonly IEnumerator<object?[]> _rows;
    private readonly GCHandle _self;
    private readonly int _mostRows;
    private ExceptionDispatchInfo? _error;
    private long _row;

    /// <summary>A row group ends with a chunk of rows, so chunks have <paramref name="mostRows"/> at most.</summary>
    public RowSource(DuckDbSession session, IReadOnlyList<ParquetColumn> columns, IEnumerable<object?[]> rows, int mostRows)
    {
        _mostRows = mostRows;
        _columns = columns;
        _rows = rows.GetEnumerator();
        _self = GCHandle.Alloc(this);
        var function = DuckDb.duckdb_create_table_function();
        DuckDb.duckdb_table_function_set_name(function, Function);
        DuckDb.duckdb_table_function_set_extra_info(function, GCHandle.ToIntPtr(_self), 0);
        DuckDb.duckdb_table_function_set_bind(function, &Bind);
        DuckDb.duckdb_table_function_set_init(function, &Init);
        DuckDb.duckdb_table_function_set_function(function, &Fill);
        var state = DuckDb.duckdb_register_table_function(session.Connection, function);
        DuckDb.duckdb_destroy_table_function(ref function);
        if (state == DuckDb.State.Error)
        {
            Dispose();
            throw new ParquetException("DuckDB does not take the columns " + string.Join(", ", columns.Select(c => c.Name)) + ".");
        }
    }

    /// <summary>Throws what went wrong while rows were drawn.</summary>
    public void Rethrow() => _error?.Throw();

    public void Dispose()
    {
        _rows.Dispose();
        _self.Free();
    }

    [UnmanagedCallersOnly]
    private static void Bind(nint info)
    {
        var source = From(DuckDb.duckdb_bind_get_extra_info(info));
        foreach (var column in source._columns)
        {
            var type = DuckDb.duckdb_create_logical_type(column.Type switch
            {
                ColumnType.Text or ColumnType.TextList => DuckDb.TypeId.Varchar,
                ColumnType.Bytes => DuckDb.TypeId.Blob,
                ColumnType.Int64 => DuckDb.TypeId.BigInt,
                ColumnType.Float64 => DuckDb.TypeId.Double,
                _ => DuckDb.TypeId.Float,
            });
            if (IsList(column.Type))
            {
                var item = type;
                type = DuckDb.duckdb_create_list_type(item);
                DuckDb.duckdb_destroy_logical_type(ref item);
            }
            DuckDb.duckdb_bind_add_result_column(info, column.Name, type);
            DuckDb.duckdb_destroy_logical_type(ref type);
        }
    }

    [UnmanagedCallersOnly]
    private static void Init(nint info) => DuckDb.duckdb_init_set_max_threads(info, 1);

    [UnmanagedCallersOnly]
    private static void Fill(nint info, nint chunk)
    {
        var source = From(DuckDb.duckdb_function_get_extra_info(info));
        try
        {
            DuckDb.duckdb_data_chunk_set_size(chunk, source.FillChunk(chunk, Math.Min(source._mostRows, (int)DuckDb.duckdb_vector_size())));
        }
        catch (Exception e)
        {
            source._error = ExceptionDispatchInfo.Capture(e);
            DuckDb.duckdb_function_set_error(info, e.Message);
        }
    }

    private static bool IsList(ColumnType type) => type is ColumnType.FloatVector or ColumnType.TextList;

    private static RowSource From(nint info) => (RowSource)GCHandle.FromIntPtr(info).Target!;

    private ulong FillChunk(nint chunk, int capacity)
    {
        var batch = new List<object?[]>(capacity);
        while (batch.Count < capacity && _rows.MoveNext())
        {
            if (_rows.Current.Length != _columns.Count)
            {
                throw new ArgumentException($"Row {_row + batch.Count} has {_rows.Current.Length} cells for {_columns.Count} columns.");
            }
            batch.Add(_rows.Current);
        }
        for (var column = 0; column < _columns.Count; column++)
        {
            WriteColumn(DuckDb.duckdb_data_chunk_get_vector(chunk, (ulong)column), batch, column);
        }
        _row += batch.Count;
        return (ulong)batch.Count;
    }

    private void WriteColumn(nint vector, List<object?[]> rows, int column)
    {
        var type = _columns[column].Type;
        if (IsList(type))
        {
            var items = rows.Sum(row => row[column] is Array list and not byte[] ? list.LongLength : 0);
            DuckDb.duckdb_list_vector_reserve(vector, (ulong)items);
            DuckDb.duckdb_list_vector_set_size(vector, (ulong)items);
        }
        var data = DuckDb.duckdb_vector_get_data(vector);
        var offset = 0UL;
        for (var row = 0; row < rows.Count; row++)
        {
            switch (type, rows[row][column])
            {
                case (_, null):
                    DuckDb.duckdb_vector_ensure_validity_writable(vector);
                    DuckDb.duckdb_validity_set_row_invalid(DuckDb.duckdb_vector_get_validity(vector), (ulong)row);
                    if (IsList(type))
                    {
                        ((DuckDb.ListEntry*)data)[row] = new DuckDb.ListEntry { Offset = offset };
                    }
                    break;
                case (ColumnType.Text, string text):
                    Assign(vector, row, Encoding.UTF8.GetBytes(text));
                    break;
                case (ColumnType.Bytes, byte[] bytes):
                    Assign(vector, row, bytes);
                    break;
                case (ColumnType.Int64, long number):
                    ((long*)data)[row] = number;
                    break;
                case (ColumnType.Float64, double number):
                    ((double*)data)[row] = number;
                    break;
                case (ColumnType.FloatVector, float[] floats):
                    var items = (float*)DuckDb.duckdb_vector_get_data(DuckDb.duckdb_list_vector_get_child(vector));
                    floats.CopyTo(new Span<float>(items + offset, floats.Length));
                    ((DuckDb.ListEntry*)data)[row] = new DuckDb.ListEntry { Offset = offset, Length = (ulong)floats.Length };
                    offset += (ulong)floats.Length;
                    break;
                case (ColumnType.TextList, string[] texts):
                    var child = DuckDb.duckdb_list_vector_get_child(vector);
                    for (var i = 0; i < texts.Length; i++)
                    {
                        Assign(child, (long)offset + i, Encoding.UTF8.GetBytes(texts[i]));
                    }
                    ((DuckDb.ListEntry*)data)[row] = new DuckDb.ListEntry { Offset = offset, Length = (ulong)texts.Length };
                    offset += (ulong)texts.Length;
                    break;
                case var (_, wrong):
                    throw new ArgumentException($"Row {_row + row}, column {_columns[column].Name}: a {wrong.GetType().Name} is no cell of type {type}.");
            }
        }
    }

    private static void Assign(nint vector, long row, byte[] bytes)
    {
        fixed (byte* pointer = bytes)
        {
            // An empty array pins to null, which DuckDB would read.
            byte none = 0;
            DuckDb.duckdb_vector_assign_string_element_len(vector, (ulong)row, pointer is null ? &none : pointer, (ulong)bytes.Length);
        }
    }
}
