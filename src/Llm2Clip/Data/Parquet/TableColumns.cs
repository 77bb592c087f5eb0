using Parquet.Meta;
using Parquet.Schema;
using Type = Parquet.Meta.Type;

namespace Llm2Clip.Data.Parquet;

/// <summary>A column that can be read: what callers see, and what Parquet.Net and the file call it.</summary>
/// <param name="Column">Name and type.</param>
/// <param name="Field">Parquet.Net's field.</param>
/// <param name="Element">The column in the file's schema.</param>
/// <param name="EmptyList">Definition level of an empty list; below it there is no list, above it are items.</param>
internal sealed record TableColumn(ParquetColumn Column, DataField Field, SchemaElement Element, int EmptyList);

/// <summary>A column of a type that is not read, with its type in words.</summary>
internal sealed record UnreadColumn(string Name, string Type);

/// <summary>
/// The columns of a schema. Members of structs, and of structs in lists, are <c>struct.member</c>.
/// </summary>
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

    /// <summary>
    /// The columns that are read, and those that are not, in the order of the file; <paramref name="elements"/> are all of its schema.
    /// </summary>
    public static (IReadOnlyList<TableColumn> Read, IReadOnlyList<UnreadColumn> Unread) Of(
        ParquetSchema schema, IReadOnlyList<SchemaElement> elements)
    {
        var stored = new Dictionary<FieldPath, (SchemaElement Element, int EmptyList)>();
        var at = 0;
        Walk([], 0, 0);
        var (read, unread) = (new List<TableColumn>(), new List<UnreadColumn>());
        foreach (var (name, field, isList) in schema.Fields.SelectMany(Parts))
        {
            var data = field as DataField ?? (field as ListField)?.Item as DataField;
            if (data is not null && stored.TryGetValue(data.Path, out var found)
                && TypeOf(data.ClrType, isList || field is ListField or DataField { IsArray: true }, found.Element.Type) is { } type)
            {
                read.Add(new TableColumn(new ParquetColumn(name, type), data, found.Element, found.EmptyList));
            }
            else
            {
                unread.Add(new UnreadColumn(name, Describe(field, isList)));
            }
        }
        return (read, unread);

        // Goes through an element and what is below it; the root is no part of a path. Levels are those of its parent.
        void Walk(string[] path, int definition, int emptyList)
        {
            var element = elements[at++];
            path = at == 1 ? path : [.. path, element.Name];
            if (element.RepetitionType == FieldRepetitionType.REPEATED)
            {
                emptyList = definition;
            }
            definition += element.RepetitionType is FieldRepetitionType.OPTIONAL or FieldRepetitionType.REPEATED ? 1 : 0;
            if (element.Type is not null)
            {
                stored.TryAdd(new FieldPath(path), (element, emptyList));
            }
            for (var child = 0; child < element.NumChildren; child++)
            {
                Walk(path, definition, emptyList);
            }
        }
    }

    /// <summary>A field, or the members of the struct that it is or lists.</summary>
    private static IEnumerable<(string Name, Field Field, bool IsList)> Parts(Field field) => field switch
    {
        StructField parent => parent.Fields.Select(member => ($"{parent.Name}.{member.Name}", member, false)),
        ListField { Item: StructField item } when item.Fields.All(member => member is DataField { IsArray: false }) =>
            item.Fields.Select(member => ($"{field.Name}.{member.Name}", member, true)),
        _ => [(field.Name, field, false)],
    };

    private static string Describe(Field field, bool isList)
    {
        var type = field switch
        {
            StructField parent => $"a struct of {string.Join(", ", parent.Fields.Select(member => member.Name))}",
            ListField { Item: StructField item } => $"a list of structs of {string.Join(", ", item.Fields.Select(member => member.Name))}",
            ListField { Item: DataField item } => $"a list of {Name(item)}",
            ListField => "a list of lists",
            MapField => "a map",
            DataField { IsArray: true } data => $"a list of {Name(data)}",
            DataField data => Name(data),
            _ => "of an unknown type",
        };
        return isList ? $"in a list of structs, {type}" : type;

        static string Name(DataField data) => data.ClrType == BytesType ? "bytes" : data.ClrType == TextType ? "text" : data.ClrType.Name;
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
