using System.Reflection;
using System.Runtime.InteropServices;
using Llm2Clip.Natives;

namespace Llm2Clip.Engine.SystemNatives;

/// <summary>
/// The part of DuckDB's C API that Parquet needs. Source: duckdb.h of the version that <c>eng/natives/package.json</c> pins.
/// Pointers are handles of DuckDB's own; a <c>nint</c> by reference is set to zero when it is destroyed.
/// </summary>
internal static unsafe partial class DuckDb
{
    private const string Library = "duckdb";
    private const string RelativePath = "node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so";

    /// <summary>Full path of the library, or null where set-up has not run.</summary>
    public static string? LibraryPath => NativeLocator.Find(RelativePath);

    /// <summary>duckdb_type: the column types used.</summary>
    public enum TypeId
    {
        Boolean = 1,
        TinyInt = 2,
        SmallInt = 3,
        Integer = 4,
        BigInt = 5,
        UTinyInt = 6,
        USmallInt = 7,
        UInteger = 8,
        UBigInt = 9,
        Float = 10,
        Double = 11,
        Varchar = 17,
        Blob = 18,
        Decimal = 19,
        List = 24,
        Struct = 25,
        Array = 33,
    }

    /// <summary>duckdb_state.</summary>
    public enum State
    {
        Success = 0,
        Error = 1,
    }

    /// <summary>duckdb_result; passed by value to the functions that fetch.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Result
    {
        private readonly ulong _columns;
        private readonly ulong _rows;
        private readonly ulong _rowsChanged;
        private readonly nint _columnData;
        private readonly nint _error;
        private readonly nint _internal;
    }

    /// <summary>duckdb_string_t: up to 12 bytes inside, longer ones behind a pointer.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    public struct StringCell
    {
        [FieldOffset(0)]
        public uint Length;

        [FieldOffset(8)]
        public byte* Pointer;

        public static ReadOnlySpan<byte> Bytes(StringCell* cell) =>
            new(cell->Length <= 12 ? (byte*)cell + 4 : cell->Pointer, checked((int)cell->Length));
    }

    /// <summary>duckdb_list_entry: where a row's items lie in the child vector.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ListEntry
    {
        public ulong Offset;
        public ulong Length;
    }

    static DuckDb() => NativeLibrary.SetDllImportResolver(
        Assembly.GetExecutingAssembly(), (name, _, _) => name == Library ? NativeLocator.Load(RelativePath) : 0);

    public static string Version() => Text(duckdb_library_version());

    /// <summary>A text that DuckDB keeps.</summary>
    public static string Text(nint utf8) => Marshal.PtrToStringUTF8(utf8) ?? "";

    [LibraryImport(Library)]
    private static partial nint duckdb_library_version();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial State duckdb_open(string? path, out nint database);

    [LibraryImport(Library)]
    public static partial void duckdb_close(ref nint database);

    [LibraryImport(Library)]
    public static partial State duckdb_connect(nint database, out nint connection);

    [LibraryImport(Library)]
    public static partial void duckdb_disconnect(ref nint connection);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial State duckdb_query(nint connection, string sql, out Result result);

    [LibraryImport(Library)]
    public static partial nint duckdb_result_error(ref Result result);

    [LibraryImport(Library)]
    public static partial void duckdb_destroy_result(ref Result result);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial State duckdb_prepare(nint connection, string sql, out nint statement);

    [LibraryImport(Library)]
    public static partial nint duckdb_prepare_error(nint statement);

    [LibraryImport(Library)]
    public static partial void duckdb_destroy_prepare(ref nint statement);

    [LibraryImport(Library)]
    public static partial State duckdb_pending_prepared_streaming(nint statement, out nint pending);

    [LibraryImport(Library)]
    public static partial nint duckdb_pending_error(nint pending);

    [LibraryImport(Library)]
    public static partial State duckdb_execute_pending(nint pending, out Result result);

    [LibraryImport(Library)]
    public static partial void duckdb_destroy_pending(ref nint pending);

    [LibraryImport(Library)]
    public static partial nint duckdb_fetch_chunk(Result result);

    [LibraryImport(Library)]
    public static partial ulong duckdb_column_count(ref Result result);

    [LibraryImport(Library)]
    public static partial nint duckdb_column_name(ref Result result, ulong column);

    [LibraryImport(Library)]
    public static partial nint duckdb_column_logical_type(ref Result result, ulong column);

    [LibraryImport(Library)]
    public static partial TypeId duckdb_get_type_id(nint type);

    [LibraryImport(Library)]
    public static partial nint duckdb_list_type_child_type(nint type);

    [LibraryImport(Library)]
    public static partial nint duckdb_array_type_child_type(nint type);

    [LibraryImport(Library)]
    public static partial ulong duckdb_struct_type_child_count(nint type);

    /// <summary>The name of a struct's member; to be freed with <see cref="duckdb_free"/>.</summary>
    [LibraryImport(Library)]
    public static partial nint duckdb_struct_type_child_name(nint type, ulong member);

    [LibraryImport(Library)]
    public static partial nint duckdb_struct_type_child_type(nint type, ulong member);

    [LibraryImport(Library)]
    public static partial void duckdb_free(nint memory);

    [LibraryImport(Library)]
    public static partial nint duckdb_create_logical_type(TypeId type);

    [LibraryImport(Library)]
    public static partial nint duckdb_create_list_type(nint item);

    [LibraryImport(Library)]
    public static partial void duckdb_destroy_logical_type(ref nint type);

    [LibraryImport(Library)]
    public static partial ulong duckdb_vector_size();

    [LibraryImport(Library)]
    public static partial ulong duckdb_data_chunk_get_size(nint chunk);

    [LibraryImport(Library)]
    public static partial void duckdb_data_chunk_set_size(nint chunk, ulong rows);

    [LibraryImport(Library)]
    public static partial nint duckdb_data_chunk_get_vector(nint chunk, ulong column);

    [LibraryImport(Library)]
    public static partial void duckdb_destroy_data_chunk(ref nint chunk);

    [LibraryImport(Library)]
    public static partial void* duckdb_vector_get_data(nint vector);

    [LibraryImport(Library)]
    public static partial ulong* duckdb_vector_get_validity(nint vector);

    [LibraryImport(Library)]
    public static partial void duckdb_vector_ensure_validity_writable(nint vector);

    [LibraryImport(Library)]
    public static partial void duckdb_validity_set_row_invalid(ulong* validity, ulong row);

    [LibraryImport(Library)]
    public static partial void duckdb_vector_assign_string_element_len(nint vector, ulong row, byte* text, ulong length);

    [LibraryImport(Library)]
    public static partial nint duckdb_list_vector_get_child(nint vector);

    [LibraryImport(Library)]
    public static partial State duckdb_list_vector_reserve(nint vector, ulong items);

    [LibraryImport(Library)]
    public static partial State duckdb_list_vector_set_size(nint vector, ulong items);

    [LibraryImport(Library)]
    public static partial nint duckdb_create_table_function();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_table_function_set_name(nint function, string name);

    [LibraryImport(Library)]
    public static partial void duckdb_table_function_set_extra_info(nint function, nint info, nint destroy);

    [LibraryImport(Library)]
    public static partial void duckdb_table_function_set_bind(nint function, delegate* unmanaged<nint, void> bind);

    [LibraryImport(Library)]
    public static partial void duckdb_table_function_set_init(nint function, delegate* unmanaged<nint, void> init);

    [LibraryImport(Library)]
    public static partial void duckdb_table_function_set_function(nint function, delegate* unmanaged<nint, nint, void> fill);

    [LibraryImport(Library)]
    public static partial State duckdb_register_table_function(nint connection, nint function);

    [LibraryImport(Library)]
    public static partial void duckdb_destroy_table_function(ref nint function);

    [LibraryImport(Library)]
    public static partial nint duckdb_bind_get_extra_info(nint info);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_bind_add_result_column(nint info, string name, nint type);

    [LibraryImport(Library)]
    public static partial void duckdb_init_set_max_threads(nint info, ulong threads);

    [LibraryImport(Library)]
    public static partial nint duckdb_function_get_extra_info(nint info);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_function_set_error(nint info, string error);
}
