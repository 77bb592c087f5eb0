using Parquet.Meta;
using Parquet.Schema;
using Type = Parquet.Meta.Type;

namespace Llm2Clip.Data.Parquet;

/// <summary>A column that can be read: what callers see, and what Parquet.Net and the file call it.</summary>
internal sealed record TableColumn(ParquetColumn Column, DataField Field, SchemaElement Element);

/// <summary>The columns of a schema that can be read; members of structs are <c>struct.member</c>, other columns are left out.</summary>
internal static class TableColumns
{
    /// <summary>What Parquet.Net calls the type of a text column and of a column of bytes.</summary>
    private static readonly System.Type TextType = new DataField<string>("text").ClrType;
    private static readonly System.Type BytesType = new DataField<byte[]>("bytes").ClrType;

    /// <summary>
    /// Takes notes out of a schema that Parquet.Net 6.1 handles worse than their absence: it refuses files with 16-bit floats, which
    /// become bytes, and cannot read integers below 32 bits in every encoding, which are stored as 32 bits anyway.
    /// </summary>
    public static void Simplify(IEnumerable<SchemaElement> elements)
    {
        foreach (var element in elements)
        {
            if (element.LogicalType is { FLOAT16: not null } or { INTEGER.BitWidth: 8 or 16 })
            {
                element.LogicalType = null;
            }
            if (element.ConvertedType is ConvertedType.INT_8 or ConvertedType.UINT_8 or ConvertedType.INT_16 or ConvertedType.UINT_16)
            {
                element.ConvertedType = null;
            }
        }
    }

    /// <summary>The columns in the order of the file; <paramref name="elements"/> are all of its schema.</summary>
    public static IReadOnlyList<TableColumn> Of(ParquetSchema schema, IReadOnlyList<SchemaElement> elements)
    {
        var stored = new Dictionary<FieldPath, SchemaElement>();
        var at = 0;
        Walk([]);
        return
        [
            .. schema.Fields
                .SelectMany(field => field is StructField parent
                    ? parent.Fields.Select(member => Column($"{parent.Name}.{member.Name}", member))
                    : [Column(field.Name, field)])
                .OfType<TableColumn>(),
        ];

        // Goes through an element and what is below it; the root is no part of a path.
        void Walk(string[] path)
        {
            var element = elements[at++];
            path = at == 1 ? path : [.. path, element.Name];
            if (element.Type is not null)
            {
                stored.TryAdd(new FieldPath(path), element);
            }
            for (var child = 0; child < element.NumChildren; child++)
            {
                Walk(path);
            }
        }

        TableColumn? Column(string name, Field field)
        {
            var data = field as DataField ?? (field as ListField)?.Item as DataField;
            return data is not null && stored.TryGetValue(data.Path, out var element)
                && TypeOf(data.ClrType, field is ListField or DataField { IsArray: true }, element.Type) is { } type
                ? new TableColumn(new ParquetColumn(name, type), data, element)
                : null;
        }
    }

    /// <summary>The type of a column, or null where it is none that is read, or the file stores it as another type than it says.</summary>
    private static ColumnType? TypeOf(System.Type clr, bool isList, Type? stored)
    {
        ColumnType? type = stored switch
        {
            Type.INT32 when clr == typeof(int) || clr == typeof(uint) => ColumnType.Int64,
            Type.INT64 when clr == typeof(long) || clr == typeof(ulong) => ColumnType.Int64,
            Type.FLOAT when clr == typeof(float) => ColumnType.Float64,
            Type.DOUBLE when clr == typeof(double) => ColumnType.Float64,
            Type.BYTE_ARRAY or Type.FIXED_LEN_BYTE_ARRAY when clr == TextType => ColumnType.Text,
            Type.BYTE_ARRAY or Type.FIXED_LEN_BYTE_ARRAY when clr == BytesType => ColumnType.Bytes,
            _ => null,
        };
        return !isList ? type : type switch
        {
            ColumnType.Float64 => ColumnType.FloatVector,
            ColumnType.Text => ColumnType.TextList,
            _ => null,
        };
    }
}
