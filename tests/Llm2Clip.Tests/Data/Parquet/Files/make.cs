#:package ParquetSharp@25.0.1.2
#:package Apache.Arrow@23.0.0
#:package DuckDB.NET.Data.Full@1.5.6.1
#:property ManagePackageVersionsCentrally=false
#:property TreatWarningsAsErrors=false

// Makes the files beside it: `dotnet run make.cs FOLDER`. Written by Arrow C++ (ParquetSharp 25.0.1.2, Arrow 25) and by DuckDB 1.5.6, which
// the readers of this
// project share no code with. ForeignFileTests.cs states what they hold.
using ParquetSharp.Arrow;
using Apache.Arrow;
using Apache.Arrow.Types;
using DuckDB.NET.Data;
using ParquetSharp;

var folder = args[0];
const int Rows = 40;

string Caption(int i) => $"caption {i} 图";

Schema Of(params Field[] fields) => new(fields, null);

// As `datasets` writes: an image struct, lists of captions, numbers; dictionaries and Snappy by default, two row groups, nulls of every
// kind.
{
    var bytes = new BinaryArray.Builder();
    var path = new StringArray.Builder();
    var valid = new ArrowBuffer.BitmapBuilder();
    var lists = new ListArray.Builder(StringType.Default);
    var items = (StringArray.Builder)lists.ValueBuilder;
    var label = new Int32Array.Builder();
    var id = new Int64Array.Builder();
    for (var i = 0; i < Rows; i++)
    {
        valid.Append(i % 7 != 6);
        if (i % 5 == 4) bytes.AppendNull(); else bytes.Append(System.Text.Encoding.ASCII.GetBytes($"image {i}"));
        if (i % 3 == 2) path.AppendNull(); else path.Append($"{i}.jpg");
        if (i % 4 == 3) lists.AppendNull();
        else
        {
            lists.Append();
            for (var k = 0; k < i % 3; k++) if (k == 1 && i % 2 == 0) items.AppendNull(); else items.Append(Caption(i + k));
        }
        if (i % 2 == 0) label.Append(i % 4); else label.AppendNull();
        id.Append(1L << i);
    }
    var type = new StructType([new Field("bytes", BinaryType.Default, true), new Field("path", StringType.Default, true)]);
    var image = new StructArray(type, Rows, [bytes.Build(), path.Build()], valid.Build(), Enumerable.Range(0, Rows).Count(i => i % 7 == 6));
    var captions = lists.Build();
    Write("arrow.parquet", Of(new Field("image", type, true), new Field("captions", captions.Data.DataType, true),
        new Field("label", Int32Type.Default, true), new Field("id", Int64Type.Default, false)),
        [image, captions, label.Build(), id.Build()], new WriterPropertiesBuilder().Compression(Compression.Snappy), 24);
}

// Vectors of every kind, beside columns of types that are not read.
foreach (var (name, version, codec) in new[] { ("vectors.parquet", "1", Compression.Uncompressed),
    ("vectors-v2.parquet", "2", Compression.Zstd) })
{
    var floats = new ListArray.Builder(FloatType.Default);
    var doubles = new ListArray.Builder(DoubleType.Default);
    var halves = new HalfFloatArray.Builder();
    var flags = new BooleanArray.Builder();
    var fixedValues = new FloatArray.Builder();
    var large = new LargeStringArray.Builder();
    var days = new Date32Array.Builder();
    for (var i = 0; i < Rows; i++)
    {
        if (i % 9 == 8) floats.AppendNull();
        else
        {
            floats.Append();
            for (var k = 0; k < i % 5; k++) ((FloatArray.Builder)floats.ValueBuilder).Append(i + k / 8f);
        }
        doubles.Append();
        for (var k = 0; k < 3; k++)
        {
            ((DoubleArray.Builder)doubles.ValueBuilder).Append(i / 3.0 + k);
            fixedValues.Append(-i - k / 4f);
        }
        halves.Append((Half)i);
        flags.Append(i % 2 == 0);
        large.Append(Caption(i));
        days.Append(DateTimeOffset.UnixEpoch.AddDays(i));
    }
    var fixedType = new FixedSizeListType(new Field("item", FloatType.Default, false), 3);
    var fixedLists = new FixedSizeListArray(fixedType, Rows, fixedValues.Build(), ArrowBuffer.Empty, 0);
    var properties = new WriterPropertiesBuilder().Compression(codec).DisableDictionary().DataPagesize(200).WriteBatchSize(8);
    if (version == "2")
    {
        properties = properties.Version(ParquetVersion.PARQUET_2_6).DataPageVersion(ParquetDataPageVersion.V2)
            .Encoding("floats.list.element", ParquetSharp.Encoding.ByteStreamSplit)
                .Encoding("large", ParquetSharp.Encoding.DeltaLengthByteArray);
    }
    var (floatLists, doubleLists) = (floats.Build(), doubles.Build());
    Write(name, Of(
        new Field("floats", floatLists.Data.DataType, true), new Field("half", HalfFloatType.Default, true),
            new Field("doubles", doubleLists.Data.DataType, true), new Field("flag", BooleanType.Default, true),
        new Field("fixed", fixedType, false), new Field("large", LargeStringType.Default, true),
            new Field("day", Date32Type.Default, true)),
        [floatLists, halves.Build(), doubleLists, flags.Build(), fixedLists, large.Build(), days.Build()], properties, 1000);
}

// Numbers of every width in each codec and encoding.
foreach (var (name, codec, encoding) in new[]
{
    ("gzip", Compression.Gzip, ParquetSharp.Encoding.Plain), ("brotli", Compression.Brotli, ParquetSharp.Encoding.DeltaBinaryPacked),
        ("lz4", Compression.Lz4, ParquetSharp.Encoding.Plain),
    ("zstd", Compression.Zstd, (ParquetSharp.Encoding?)null),
})
{
    var i8 = new Int8Array.Builder(); var u8 = new UInt8Array.Builder(); var i16 = new Int16Array.Builder(); var u16 =
        new UInt16Array.Builder();
    var i32 = new Int32Array.Builder(); var u32 = new UInt32Array.Builder(); var i64 = new Int64Array.Builder(); var u64 =
        new UInt64Array.Builder();
    var f32 = new FloatArray.Builder(); var f64 = new DoubleArray.Builder(); var text = new StringArray.Builder();
    for (var i = 0; i < Rows * 3; i++)
    {
        i8.Append((sbyte)(i % 100 - 50)); u8.Append((byte)(i % 256)); i16.Append((short)(-i * 70)); u16.Append((ushort)(i * 100));
        if (i % 11 == 10) i32.AppendNull(); else i32.Append(i * 1_000_003);
        u32.Append(uint.MaxValue - (uint)i); i64.Append((long)i * i * -1_000_000_007); u64.Append((ulong)i << 50);
        if (i % 13 == 12) f32.AppendNull(); else f32.Append(i / 4f);
        f64.Append(-i / 8.0); text.Append(Caption(i % 10));
    }
    IArrowArray[] columns = [i8.Build(), u8.Build(), i16.Build(), u16.Build(), i32.Build(), u32.Build(), i64.Build(), u64.Build(),
        f32.Build(), f64.Build(), text.Build()];
    string[] names = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "text"];
    var properties = new WriterPropertiesBuilder().Compression(codec);
    if (encoding is { } chosen)
    {
        properties = properties.DisableDictionary();
        foreach (var column in names[..8])
        {
            properties = properties.Encoding(column, chosen);
        }
    }
    Write($"numbers-{name}.parquet", Of([.. names.Zip(columns, (column, array) => new Field(column, array.Data.DataType, true))]), columns,
        properties, 1000);
}

// An encoding that is refused.
{
    var text = new StringArray.Builder();
    for (var i = 0; i < Rows; i++) text.Append(Caption(i));
    Write("delta-byte-array.parquet", Of(new Field("text", StringType.Default, true)), [text.Build()],
        new WriterPropertiesBuilder().DisableDictionary().Encoding("text", ParquetSharp.Encoding.DeltaByteArray), 1000);
}

// DuckDB, pages and encodings of version 2; and what it takes for the default.
using (var duck = new DuckDBConnection("DataSource=:memory:"))
{
    duck.Open();
    foreach (var version in new[] { "V1", "V2" })
    {
        using var command = duck.CreateCommand();
        command.CommandText = $$"""
            COPY (SELECT i AS id, CASE WHEN i % 6 = 5 THEN NULL ELSE 'caption ' || i END AS caption,
              CASE WHEN i % 4 = 3 THEN NULL ELSE [i / 2.0::FLOAT, -i]::FLOAT[] END AS vector,
              {'bytes': encode('image ' || i), 'path': i || '.png'} AS image, [['nested']] AS nested,
              MAP {'a': i} AS map FROM range({{Rows}}) t(i))
            TO '{{Path.Combine(folder, $"duckdb-{version.ToLowerInvariant()}.parquet")}}' (FORMAT parquet, PARQUET_VERSION {{version}}, COMPRESSION {{(version == "V1" ? "snappy" : "zstd")}})
            """;
        command.ExecuteNonQuery();
    }
}

void Write(string name, Schema schema, IArrowArray[] columns, WriterPropertiesBuilder properties, long groupRows)
{
    using var built = properties.Build();
    using var arrow = new ArrowWriterPropertiesBuilder().StoreSchema().Build();
    using var writer = new FileWriter(Path.Combine(folder, name), schema, built, arrow);
    writer.WriteTable(Table.TableFromRecordBatches(schema, [new RecordBatch(schema, columns, columns[0].Length)]), groupRows);
    writer.Close();
}
