using System.Runtime.InteropServices;
using System.Text;

namespace Llm2Clip.Engine.SystemNatives;

/// <summary>The rows of a query, a chunk at a time; a file is never held as a whole.</summary>
internal sealed unsafe class DuckDbQuery : SafeHandle
{
    private nint _pending;
    private nint _chunk;
    private DuckDb.Result _result;

    /// <summary>Starts the query. Throws <see cref="ParquetException"/> with DuckDB's message.</summary>
    public DuckDbQuery(DuckDbSession session, string sql)
        : base(0, ownsHandle: true)
    {
        var prepared = DuckDb.duckdb_prepare(session.Connection, sql, out var statement);
        SetHandle(statement);
        if (prepared == DuckDb.State.Error)
        {
            throw Failed(DuckDb.duckdb_prepare_error(statement));
        }
        if (DuckDb.duckdb_pending_prepared_streaming(statement, out _pending) == DuckDb.State.Error)
        {
            throw Failed(DuckDb.duckdb_pending_error(_pending));
        }
        if (DuckDb.duckdb_execute_pending(_pending, out _result) == DuckDb.State.Error)
        {
            throw Failed(DuckDb.duckdb_result_error(ref _result));
        }
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Names of the columns, of whatever type.</summary>
    public IReadOnlyList<string> Names() =>
        [.. Enumerable.Range(0, (int)DuckDb.duckdb_column_count(ref _result)).Select(i => DuckDb.Text(DuckDb.duckdb_column_name(ref _result, (ulong)i)))];

    /// <summary>The columns, and the members of structs, that are of one of <see cref="ColumnType"/>'s types.</summary>
    public IReadOnlyList<ParquetColumn> Columns()
    {
        var names = Names();
        var columns = new List<ParquetColumn>();
        for (var i = 0; i < names.Count; i++)
        {
            var type = DuckDb.duckdb_column_logical_type(ref _result, (ulong)i);
            AddColumns(names[i], type, columns);
            DuckDb.duckdb_destroy_logical_type(ref type);
        }
        return columns;
    }

    /// <summary>
    /// The rows that are left, each made when it is asked for, so that it dies young; the rest of its chunk stays in DuckDB's memory. Columns
    /// must be of the types given, as the query casts them. Throws <see cref="ParquetException"/> with DuckDB's message.
    /// </summary>
    public IEnumerable<object?[]> Rows(IReadOnlyList<ColumnType> types)
    {
        var columns = new Cells[types.Count];
        while (NextChunk(types, columns) is > 0 and var count)
        {
            for (var row = 0; row < count; row++)
            {
                yield return Row(columns, row);
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        DuckDb.duckdb_destroy_data_chunk(ref _chunk);
        DuckDb.duckdb_destroy_result(ref _result);
        DuckDb.duckdb_destroy_pending(ref _pending);
        DuckDb.duckdb_destroy_prepare(ref handle);
        return true;
    }

    /// <summary>Fetches a chunk and finds its columns; 0 after the last.</summary>
    private int NextChunk(IReadOnlyList<ColumnType> types, Cells[] columns)
    {
        DuckDb.duckdb_destroy_data_chunk(ref _chunk);
        _chunk = DuckDb.duckdb_fetch_chunk(_result);
        if (_chunk == 0)
        {
            var error = DuckDb.duckdb_result_error(ref _result);
            return error == 0 || DuckDb.Text(error).Length == 0 ? 0 : throw Failed(error);
        }
        for (var column = 0; column < columns.Length; column++)
        {
            columns[column] = new Cells(DuckDb.duckdb_data_chunk_get_vector(_chunk, (ulong)column), types[column]);
        }
        return (int)DuckDb.duckdb_data_chunk_get_size(_chunk);
    }

    private static object?[] Row(Cells[] columns, int row)
    {
        var cells = new object?[columns.Length];
        for (var column = 0; column < cells.Length; column++)
        {
            cells[column] = columns[column].Read((ulong)row);
        }
        return cells;
    }

    /// <summary>A column of the chunk at hand.</summary>
    private readonly struct Cells
    {
        private readonly ColumnType _type;
        private readonly void* _data;
        private readonly ulong* _validity;
        private readonly void* _items;
        private readonly ulong* _itemValidity;

        public Cells(nint vector, ColumnType type)
        {
            _type = type;
            _data = DuckDb.duckdb_vector_get_data(vector);
            _validity = DuckDb.duckdb_vector_get_validity(vector);
            if (type is ColumnType.FloatVector or ColumnType.TextList)
            {
                var items = DuckDb.duckdb_list_vector_get_child(vector);
                _items = DuckDb.duckdb_vector_get_data(items);
                _itemValidity = DuckDb.duckdb_vector_get_validity(items);
            }
        }

        public object? Read(ulong row) => IsNull(_validity, row) ? null : _type switch
        {
            ColumnType.Text => Text(_data, row),
            ColumnType.Bytes => DuckDb.StringCell.Bytes((DuckDb.StringCell*)_data + row).ToArray(),
            ColumnType.Int64 => ((long*)_data)[row],
            ColumnType.Float64 => ((double*)_data)[row],
            ColumnType.FloatVector => Floats(((DuckDb.ListEntry*)_data)[row]),
            ColumnType.TextList => Texts(((DuckDb.ListEntry*)_data)[row]),
            _ => throw new InvalidOperationException($"Column type {_type} is unknown."),
        };

        private static string Text(void* cells, ulong row) => Encoding.UTF8.GetString(DuckDb.StringCell.Bytes((DuckDb.StringCell*)cells + row));

        private float[] Floats(DuckDb.ListEntry entry) => new ReadOnlySpan<float>((float*)_items + entry.Offset, checked((int)entry.Length)).ToArray();

        /// <summary>The texts of a list; a null among them is an empty text.</summary>
        private string[] Texts(DuckDb.ListEntry entry)
        {
            var texts = new string[checked((int)entry.Length)];
            for (var i = 0; i < texts.Length; i++)
            {
                var at = entry.Offset + (ulong)i;
                texts[i] = IsNull(_itemValidity, at) ? "" : Text(_items, at);
            }
            return texts;
        }

        private static bool IsNull(ulong* validity, ulong row) => validity is not null && (validity[row / 64] >> (int)(row % 64) & 1) == 0;
    }

    private static void AddColumns(string name, nint type, List<ParquetColumn> into)
    {
        if (DuckDb.duckdb_get_type_id(type) != DuckDb.TypeId.Struct)
        {
            if (TypeOf(type) is { } known)
            {
                into.Add(new ParquetColumn(name, known));
            }
            return;
        }
        for (var i = 0UL; i < DuckDb.duckdb_struct_type_child_count(type); i++)
        {
            var text = DuckDb.duckdb_struct_type_child_name(type, i);
            var member = DuckDb.duckdb_struct_type_child_type(type, i);
            if (TypeOf(member) is { } known)
            {
                into.Add(new ParquetColumn($"{name}.{DuckDb.Text(text)}", known));
            }
            DuckDb.duckdb_destroy_logical_type(ref member);
            DuckDb.duckdb_free(text);
        }
    }

    private static ColumnType? TypeOf(nint type)
    {
        switch (DuckDb.duckdb_get_type_id(type))
        {
            case DuckDb.TypeId.Varchar:
                return ColumnType.Text;
            case DuckDb.TypeId.Blob:
                return ColumnType.Bytes;
            case DuckDb.TypeId.TinyInt or DuckDb.TypeId.SmallInt or DuckDb.TypeId.Integer or DuckDb.TypeId.BigInt
                or DuckDb.TypeId.UTinyInt or DuckDb.TypeId.USmallInt or DuckDb.TypeId.UInteger or DuckDb.TypeId.UBigInt:
                return ColumnType.Int64;
            case DuckDb.TypeId.Float or DuckDb.TypeId.Double or DuckDb.TypeId.Decimal:
                return ColumnType.Float64;
            case DuckDb.TypeId.List:
                return ListOf(DuckDb.duckdb_list_type_child_type(type));
            case DuckDb.TypeId.Array:
                return ListOf(DuckDb.duckdb_array_type_child_type(type));
            default:
                return null;
        }
    }

    private static ColumnType? ListOf(nint item)
    {
        var id = DuckDb.duckdb_get_type_id(item);
        DuckDb.duckdb_destroy_logical_type(ref item);
        return id switch
        {
            DuckDb.TypeId.Float or DuckDb.TypeId.Double => ColumnType.FloatVector,
            DuckDb.TypeId.Varchar => ColumnType.TextList,
            _ => null,
        };
    }

    /// <summary>The exception with the message that <paramref name="error"/> points at; this object is disposed, as its constructor may have failed.</summary>
    private ParquetException Failed(nint error)
    {
        var message = DuckDb.Text(error);
        Dispose();
        return new ParquetException(message);
    }
}
