using Llm2Clip.Data;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Tests.Files;
using Parquet;
using Parquet.Schema;

namespace Llm2Clip.Tests.Data.Parquet;

/// <summary>
/// Tables as other programs lay them out: what names an image, several rows of one, and captions of other types than text.
/// </summary>
public sealed class ParquetShapesTests : IDisposable
{
    private static readonly ParquetColumn Bytes = new("image.bytes", ColumnType.Bytes);
    private static readonly ParquetColumn Path = new("image.path", ColumnType.Text);
    private static readonly ParquetColumn Caption = new("caption", ColumnType.Text);

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EqualPathsAreNoReasonToDropAnImage()
    {
        Write([Bytes, Path, Caption], [[Image(1), "image.png", "a"], [Image(2), "image.png", "b"], [Image(3), "c.jpg", "c"],
            [Image(4), "c.png", "d"]]);
        var samples = _folder.ReadAll("a.parquet");
        Assert.Equal(["a-0", "a-1", "a-2", "a-3"], samples.Select(sample => sample.Key));
        Assert.Equal(["a", "b", "c", "d"], samples.Select(sample => sample.Captions.Single().Text));
        Assert.Equal(Image(2), samples[1].Image.Read());
        Assert.DoesNotContain(_folder.Lines, line => line.StartsWith("warning", StringComparison.Ordinal));
    }

    /// <summary>Rows of one image apart from each other, in other row groups and shards too.</summary>
    [Theory]
    [InlineData(1, 4, true)]
    [InlineData(1, 4, false)]
    [InlineData(3000, 100, false)]
    public void RowsOfOneImageAreOneSample(int images, int groupRows, bool besideEachOther)
    {
        var rows = Enumerable.Range(0, images * 3).Select(row => besideEachOther ? (row / 3, row % 3) : (row % images, row / images));
        Write([Bytes, new("image_id", ColumnType.Int64), Caption],
            [.. rows.Select(row => new object?[] { Image(row.Item1), (long)row.Item1, $"caption {row.Item1}.{row.Item2}" })], groupRows);
        var samples = _folder.ReadAll("a.parquet");
        Assert.Equal(Enumerable.Range(0, images).Select(image => $"{image}"), samples.Select(sample => sample.Key));
        Assert.All(samples, sample =>
            Assert.Equal(Enumerable.Range(0, 3).Select(i => $"caption {sample.Key}.{i}"), sample.Captions.Select(caption => caption.Text)));
        Assert.Equal(Image(images - 1), samples[^1].Image.Read());
        Assert.DoesNotContain(_folder.Lines, line => line.StartsWith("warning", StringComparison.Ordinal));
    }

    /// <summary>A column called id that is a class: its rows hold different images, and none is given another's captions.</summary>
    [Fact]
    public void AKeyThatDifferentImagesShareNamesSomethingElse()
    {
        Write([Bytes, new("id", ColumnType.Int64), Caption], [[Image(1), 7L, "a"], [Image(2), 7L, "b"], [Image(3), 8L, "c"]]);
        Assert.Equal(["a-0: a", "a-1: b", "8: c"],
            _folder.ReadAll("a.parquet").Select(sample => $"{sample.Key}: {sample.Captions.Single().Text}"));
    }

    [Fact]
    public void ImagesMayBeNamesOfFiles()
    {
        File.WriteAllBytes(_folder["x.jpg"], Image(5));
        Write([new("image", ColumnType.Text), Caption], [["x.jpg", "a"], [@".\x.jpg", "b"], ["x.jpg", "c"]]);
        var samples = _folder.ReadAll("a.parquet");
        Assert.Equal(["x.jpg: a c", @".\x.jpg: b"],
            samples.Select(sample => $"{sample.Key}: {string.Join(' ', sample.Captions.Select(caption => caption.Text))}"));
        Assert.All(samples, sample => Assert.Equal(Image(5), sample.Image.Read()));
    }

    /// <summary>A table of sentences whose column `path` names the books that they are from.</summary>
    [Fact]
    public void TextsThatNameNoImagesAreNoImages()
    {
        Write([new("path", ColumnType.Text), Caption], [["book.epub", "a"], ["book.epub", "b"]]);
        Assert.Equal(["a-0: a", "a-1: b"], _folder.ReadAll("a.parquet").Select(sample => $"{sample.Key}: {sample.Captions.Single().Text}"));
    }

    [Fact]
    public void CaptionsMayBeBytesAndNullsFallThrough()
    {
        Write([Bytes, new("caption", ColumnType.Bytes), new("text", ColumnType.Text), new("Beschreibung", ColumnType.TextList)],
        [
            [Image(1), "ein Hund 图"u8.ToArray(), "no", null], [Image(2), null, "text", null],
                [Image(3), null, " ", new[] { "eins", "zwei" }],
            [Image(4), new byte[] { 0xE4 }, "no", null],
        ]);
        var samples = _folder.ReadAll("a.parquet", new DataConfig { MaxBadShare = 1 });
        Assert.Equal(["ein Hund 图", "text", "eins zwei"],
            samples.Select(sample => string.Join(' ', sample.Captions.Select(caption => caption.Text))));
        Assert.Contains(_folder.Lines, line =>
            line.Contains("row 3: its `caption` holds bytes that are not UTF-8 text", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TextsOfListsOfStructsAreRead()
    {
        var list = new ListField("sentences", new StructField("element", new DataField<string>("raw"), new DataField<long>("sentid")));
        var schema = new ParquetSchema(new DataField<string>("image"), list);
        await using (var file = File.Create(_folder["a.parquet"]))
        await using (var writer = await ParquetWriter.CreateAsync(schema, file, cancellationToken: Stop))
        {
            using var group = writer.CreateRowGroup();
            var fields = schema.GetDataFields();
            var (most, empty) = (fields[1].MaxDefinitionLevel, fields[1].MaxDefinitionLevel - 3);
            await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
                fields[0], new[] { "1.jpg".AsMemory(), "2.jpg".AsMemory(), "3.jpg".AsMemory() }, Ones(3, fields[0].MaxDefinitionLevel),
                    null, Stop);
            // Two texts; an empty list; a struct that is null, and one whose text is.
            await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
                fields[1], new[] { "one".AsMemory(), "two".AsMemory(), "three".AsMemory() },
                new[] { most, most, empty, most - 2, most, most - 1 }, new[] { 0, 1, 0, 0, 1, 1 }, Stop);
            await group.WriteAllPartsAsync<long>(
                fields[2], new long[] { 1, 2, 3, 4 },
                    new[] { fields[2].MaxDefinitionLevel, fields[2].MaxDefinitionLevel, empty, most - 2, fields[2].MaxDefinitionLevel,
                    fields[2].MaxDefinitionLevel },
                new[] { 0, 1, 0, 0, 1, 1 }, Stop);
        }
        using var table = ParquetTable.Open(_folder["a.parquet"]);
        Assert.Equal([new("image", ColumnType.Text), new("sentences.raw", ColumnType.TextList)],
            table.Columns.Where(column => column.Type != ColumnType.Int64));
        Assert.Equal([new UnreadColumn("sentences.sentid", "in a list of structs, Int64")], table.Unread);
        var texts = table.TextLists("sentences.raw");
        texts.Read(table.RowGroups[0]);
        Assert.Equal([["one", "two"], [], ["", "three", ""]], Enumerable.Range(0, 3).Select(row => texts[row] ?? []));
        foreach (var name in new[] { "1.jpg", "2.jpg", "3.jpg" })
        {
            File.WriteAllBytes(_folder[name], Image(1));
        }
        var config = new DataConfig { MaxBadShare = 1 };
        string[] expected = ["one two", "three"];
        Assert.Equal(expected, _folder.ReadAll("a.parquet", config).Select(Captions));
        Assert.Equal(expected, _folder.ReadAll("a.parquet", config with { CaptionKeys = [new CaptionKey { Key = "sentences" }] })
            .Select(Captions));
        Assert.Equal(expected, _folder.ReadAll("a.parquet", config with { CaptionKeys = [new CaptionKey { Key = "sentences.raw" }] })
            .Select(Captions));

        static string Captions(Sample sample) => string.Join(' ', sample.Captions.Select(caption => caption.Text));
    }

    [Fact]
    public void WhatIsNotReadIsNamedWithItsType()
    {
        File.Copy(System.IO.Path.Combine(ForeignFileTests.Folder, "duckdb-v1.parquet"), _folder["a.parquet"]);
        var config = new DataConfig { CaptionKeys = [new CaptionKey { Key = "nested" }] };
        var message = Assert.Throws<InputException>(() => _folder.Open("a.parquet", config)).Message;
        Assert.Contains("has no column of captions (looked for nested (data.caption_keys); it has id (whole numbers), caption (text), ",
            message);
        Assert.Contains("nested (a list of lists, which is not read)", message);
        Assert.Contains(
            "data.image_key names vector, and column vector is lists of numbers. Images are bytes, structs with `bytes`, or names of files.",
            Assert.Throws<InputException>(() => _folder.Open("a.parquet", new DataConfig { ImageKey = "vector" })).Message);
        Write([new("image", ColumnType.FloatVector), Caption], [[new float[] { 1 }, "a"]]);
        Assert.Contains(
            "row 0: has no image: column image is lists of numbers.",
            Assert.Throws<InputException>(() => _folder.ReadAll("a.parquet").Single().Image.Read()).Message);
    }

    [Fact]
    public void AGitLfsPointerIsCalledThat()
    {
        foreach (var name in new[] { "a.parquet", "a.tar", "a.csv" })
        {
            File.WriteAllText(_folder[name], LfsPointerTests.Pointer);
            Assert.Contains("this is a Git LFS pointer", Assert.Throws<InputException>(() => _folder.Open(name)).Message);
        }
        Assert.Contains("this is a Git LFS pointer", Assert.Throws<InputException>(() => ParquetTable.Open(_folder["a.parquet"])).Message);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static ReadOnlyMemory<int>? Ones(int count, int level) =>
        level == 0 ? default(ReadOnlyMemory<int>?) : Enumerable.Repeat(level, count).ToArray();

    private static byte[] Image(int seed) => [.. BitConverter.GetBytes(seed), 1, 2, 3];

    private void Write(IReadOnlyList<ParquetColumn> columns, object?[][] rows, int groupRows = 1000) =>
        ParquetRows.Write(_folder["a.parquet"], columns, rows, new ParquetWriteOptions { RowGroupRows = groupRows });
}
