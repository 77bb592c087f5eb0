namespace Llm2Clip.Data.Parquet.Pages;

/// <summary>Types of Thrift's compact protocol, by its numbers.</summary>
internal enum ThriftType : byte
{
    True = 1,
    False = 2,
    Byte = 3,
    Int16 = 4,
    Int32 = 5,
    Int64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Struct = 12,
}

/// <summary>
/// A field of a structure. <paramref name="Item"/> is the type of a list's elements, <paramref name="Of"/> the structure that field or
/// elements are.
/// </summary>
internal sealed record ThriftField(ThriftType Type, ThriftType Item, string? Of, bool IsRequired);

/// <summary>
/// The structures of Parquet's footer and page headers. Source: parquet.thrift of the format's version 2.12, as Parquet.Net 6.1 reads
/// them: it takes the type of a field from its number and never from the file, so a file that gives a field another type leads it astray.
/// </summary>
internal sealed class ThriftShape
{
    /// <summary>
    /// Fields in the order of their numbers, from 1; <c>!</c> marks what must be there, <c>[]</c> a list, <c>-</c> what is not read.
    /// </summary>
    private static readonly Dictionary<string, ThriftShape> Shapes = new(StringComparer.Ordinal)
    {
        ["FileMetaData"] = new("i32! SchemaElement[]! i64! RowGroup[]! KeyValue[] binary ColumnOrder[] - -"),
        ["SchemaElement"] = new("i32 i32 i32 binary! i32 i32 i32 i32 i32 LogicalType"),
        ["LogicalType"] = new(
            "Empty Empty Empty Empty Decimal Empty Time Time - Integer Empty Empty Empty Empty Empty Variant Geometry Geography"),
        ["Decimal"] = new("i32 i32"),
        ["Time"] = new("bool TimeUnit"),
        ["TimeUnit"] = new("Empty Empty Empty"),
        ["Integer"] = new("byte bool"),
        ["Variant"] = new("byte"),
        ["Geometry"] = new("binary"),
        ["Geography"] = new("binary i32"),
        ["Empty"] = new(""),
        ["ColumnOrder"] = new("Empty"),
        ["KeyValue"] = new("binary! binary"),
        ["RowGroup"] = new("ColumnChunk[]! i64! i64! SortingColumn[] i64 i64 i16"),
        ["SortingColumn"] = new("i32 bool bool"),
        ["ColumnChunk"] = new("binary i64 ColumnMetaData! i64 i32 i64 i32 - -"),
        ["ColumnMetaData"] = new(
            "i32! i32[] binary[]! i32! i64! i64! i64! KeyValue[] i64! i64 i64 Statistics PageEncodingStats[] i64 i32 SizeStatistics "
            + "GeospatialStatistics"),
        ["Statistics"] = new("binary binary i64 i64 binary binary bool bool"),
        ["PageEncodingStats"] = new("i32 i32 i32"),
        ["SizeStatistics"] = new("i64 i64[] i64[]"),
        ["GeospatialStatistics"] = new("BoundingBox i32[]"),
        ["BoundingBox"] = new("double double double double double double double double"),
        ["PageHeader"] = new("i32! i32! i32! i32 DataPage Empty DictionaryPage DataPageV2"),
        ["DataPage"] = new("i32! i32! i32! i32! Statistics"),
        ["DictionaryPage"] = new("i32! i32! bool"),
        ["DataPageV2"] = new("i32! i32! i32! i32! i32! i32! bool Statistics"),
    };

    private readonly ThriftField?[] _fields;

    private ThriftShape(string fields)
    {
        _fields = [.. fields.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Field)];
        for (var i = 0; i < _fields.Length; i++)
        {
            Required |= _fields[i] is { IsRequired: true } ? 1UL << (i + 1) : 0;
        }
    }

    /// <summary>The numbers of the fields that must be there, as bits.</summary>
    public ulong Required { get; }

    public static ThriftShape Of(string name) => Shapes[name];

    /// <summary>The field of a number; null where the structure has none that is read.</summary>
    public ThriftField? this[int number] => number >= 1 && number <= _fields.Length ? _fields[number - 1] : null;

    private static ThriftField? Field(string text)
    {
        if (text == "-")
        {
            return null;
        }
        var name = text.TrimEnd('!');
        var isList = name.EndsWith("[]", StringComparison.Ordinal);
        name = isList ? name[..^2] : name;
        var type = name switch
        {
            "bool" => ThriftType.True,
            "byte" => ThriftType.Byte,
            "i16" => ThriftType.Int16,
            "i32" => ThriftType.Int32,
            "i64" => ThriftType.Int64,
            "double" => ThriftType.Double,
            "binary" => ThriftType.Binary,
            _ => ThriftType.Struct,
        };
        return new ThriftField(isList ? ThriftType.List : type, type, type == ThriftType.Struct ? name : null, text.EndsWith('!'));
    }
}
