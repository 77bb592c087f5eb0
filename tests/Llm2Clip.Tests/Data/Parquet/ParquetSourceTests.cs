using Llm2Clip.Data;
using Llm2Clip.Data.Parquet;

namespace Llm2Clip.Tests.Data.Parquet;

public sealed class ParquetSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-parquet").FullName;
    private readonly List<string> _bad = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void HuggingFaceFilesWithStructsAndListsAreRead()
    {
        // As `datasets` writes Flickr30k: an image struct, captions as a list, ids as numbers.
        Write("a.parquet", [new("image.bytes", ColumnType.Bytes), new("image.path", ColumnType.Text), new("caption", ColumnType.TextList),
            new("img_id", ColumnType.Int64)],
            [[Image(1), "1.jpg", new[] { "A cat.", " ", "Two cats." }, 7L], [Image(2), null, new[] { "A dog." }, 8L]]);
        var samples = Read("a.parquet");
        Assert.Equal(["7", "8"], samples.Select(sample => sample.Key));
        Assert.Equal([new Caption("A cat.", "en", CaptionKind.Short), new Caption("Two cats.", "en", CaptionKind.Short)],
            samples[0].Captions);
        Assert.Equal(Image(1), samples[0].Image.Read());
        Assert.Equal(Image(2), samples[1].Image.Read());
        Assert.Equal([$"{File_("a.parquet")}: row 0: caption[1] is empty (kept)"], _bad);
    }

    [Fact]
    public void NamedColumnsGiveLanguagesAndKinds()
    {
        Write("a.parquet", [new("jpg", ColumnType.Bytes), new("alt", ColumnType.Text), new("dense", ColumnType.Text),
            new("zh", ColumnType.TextList), new("text", ColumnType.Text)],
            [[Image(1), "cat.jpg", "A cat sits on a red mat.", new[] { "一只猫" }, "unused"], [Image(2), null, null, null, "unused"]]);
        var config = new DataConfig
        {
            CaptionKeys = [new CaptionKey { Key = "alt", Kind = CaptionKind.Raw },
                new CaptionKey { Key = "dense", Kind = CaptionKind.Long }, new CaptionKey { Key = "zh", Language = "zh" }],
        };
        var sample = Assert.Single(Read("a.parquet", config));
        Assert.Equal("a-0", sample.Key);
        Assert.Equal(
            [new Caption("cat.jpg", "en", CaptionKind.Raw), new Caption("A cat sits on a red mat.", "en", CaptionKind.Long),
                new Caption("一只猫", "zh", CaptionKind.Short)],
            sample.Captions);
        Assert.StartsWith($"{File_("a.parquet")}: row 1: no caption (looked for alt, dense, zh", Assert.Single(_bad));
    }

    [Fact]
    public void APathStandsForMissingBytes()
    {
        File.WriteAllBytes(File_("1.jpg"), Image(9));
        Write("a.parquet", [new("image.bytes", ColumnType.Bytes), new("image.path", ColumnType.Text), new("text", ColumnType.Text)],
            [[null, "1.jpg", "a"], [null, "absent.jpg", "b"], [null, null, "c"]]);
        var samples = Read("a.parquet");
        Assert.Equal(["1", "absent", "a-2"], samples.Select(sample => sample.Key));
        Assert.Equal(Image(9), samples[0].Image.Read());
        Assert.Contains($"a.parquet: row 1: has no image, and its path '{File_("absent.jpg")}' does not exist",
            Assert.Throws<InputException>(samples[1].Image.Read).Message);
        Assert.EndsWith("a.parquet: row 2: has no image.", Assert.Throws<InputException>(samples[2].Image.Read).Message);
    }

    [Fact]
    public void RowGroupsAndFilesFollowEachOtherAndImagesComeInAnyOrder()
    {
        const int Rows = 5000;
        for (var file = 0; file < 2; file++)
        {
            var first = file * Rows;
            ParquetRows.Write(File_($"part-{file}.parquet"),
                [new("id", ColumnType.Text), new("image", ColumnType.Bytes), new("text", ColumnType.Text)],
                Enumerable.Range(first, Rows).Select(i => new object?[] { $"k{i}", Image(i), $"caption {i}" }),
                    new ParquetWriteOptions { RowGroupRows = 300 });
        }
        var source = Datasets.Open(File_("part-*.parquet"), new DataConfig { ShuffleBufferMb = 1 }, SilentLog.Instance);
        Assert.Equal(6, source.ShardCount); // 17 groups a file, 7 together have 2,100 rows
        var samples = Enumerable.Range(0, source.ShardCount).SelectMany(shard => source.ReadShard(shard, Bad)).ToList();
        Assert.Equal(Enumerable.Range(0, 2 * Rows).Select(i => $"k{i}"), samples.Select(sample => sample.Key));
        Assert.All(samples, sample => Assert.InRange(sample.Image.HeldBytes, 1, 1000));
        var order = Enumerable.Range(0, samples.Count).ToArray();
        new Random(3).Shuffle(order);
        foreach (var i in order.Take(500).Concat(order.Take(50)))
        {
            Assert.Equal(Image(i), samples[i].Image.Read());
        }
        Assert.Empty(_bad);
    }

    [Fact]
    public void WhatIsWrittenReadsBackTheSame()
    {
        List<Sample> samples =
        [
            new("a.b/c", "", [new("一只猫", "zh", CaptionKind.Short), new("A cat.", "en", CaptionKind.Raw),
                new("Long.", "en", CaptionKind.Long), new("两只猫", "zh", CaptionKind.Short)], new MemoryImage(Image(1))),
            .. Enumerable.Range(0, 250).Select(i =>
                new Sample($"k{i}", "", [new($"caption {i}", "de", CaptionKind.Long)], new MemoryImage(Image(i)))),
        ];
        using (var writer = new ParquetSampleWriter(File_("out.parquet")))
        {
            samples.ForEach(sample => writer.Add(sample, sample.Image.Read()));
            Assert.False(File.Exists(File_("out.parquet")));
            writer.Complete();
        }
        var back = Read("out.parquet");
        Assert.Equal(samples.Select(s => s.Key), back.Select(s => s.Key));
        Assert.Equal(samples.Select(s => s.Captions), back.Select(s => s.Captions));
        Assert.Equal(samples.Select(s => s.Image.Read()), back.Select(s => s.Image.Read()));
        using var table = ParquetTable.Open(File_("out.parquet"));
        Assert.Equal([100, 100, 51], table.RowGroups.Select(group => group.Rows));
        Assert.Equal(["out.parquet"], Directory.GetFiles(_folder).Select(Path.GetFileName));
        Assert.Empty(_bad);
    }

    [Fact]
    public void ADroppedFileLeavesNothingAndAFailedOneSaysWhy()
    {
        var sample = new Sample("k", "", [new("caption", "en", CaptionKind.Short)], MemoryImage.None);
        using (var writer = new ParquetSampleWriter(File_("out.parquet")))
        {
            writer.Add(sample, Image(1));
        }
        Assert.Empty(Directory.GetFiles(_folder));
        Assert.Contains("absent", Assert.ThrowsAny<IOException>(() =>
            new ParquetSampleWriter(Path.Combine(_folder, "absent", "out.parquet"))).Message);
    }

    [Fact]
    public void BadRowsAndFilesAreNamed()
    {
        Write("a.parquet", [new("key", ColumnType.Text), new("image", ColumnType.Bytes), new("captions", ColumnType.TextList),
            new("languages", ColumnType.TextList), new("kinds", ColumnType.TextList)],
        [
            ["x", Image(1), new[] { "a" }, new[] { "en" }, new[] { "short" }],
            ["y", Image(1), new[] { "c", "d" }, new[] { "en" }, new[] { "short" }],
            ["z", Image(1), new[] { "e" }, new[] { "en" }, new[] { "dense" }],
            ["w", Image(1), null, null, null],
        ]);
        Assert.Equal("x", Assert.Single(Read("a.parquet")).Key);
        var file = File_("a.parquet");
        Assert.Equal(
        [
            $"{file}: row 1: has 2 captions, 1 languages and 1 kinds, which must be as many",
            $"{file}: row 2: kinds[0] is 'dense', not short, long or raw",
            $"{file}: row 3: has 0 captions, 0 languages and 0 kinds, which must be as many",
        ], _bad);

        Write("none.parquet", [new("image", ColumnType.Bytes), new("label", ColumnType.Int64)], [[Image(1), 3L]]);
        Assert.Contains("none.parquet has no column of captions (looked for captions, caption, txt, text, texts, sentences, title, description, alt_text; it has image (bytes), label (whole numbers))",
            Assert.Throws<InputException>(() => Read("none.parquet")).Message);
        Assert.Contains("data.image_key names photo, and there is no such column. Images are bytes",
            Assert.Throws<InputException>(() => Read("a.parquet", new DataConfig { ImageKey = "photo" })).Message);
        File.WriteAllBytes(File_("cut.parquet"), File.ReadAllBytes(file)[..^9]);
        Assert.Contains("cut.parquet cannot be read as Parquet", Assert.Throws<ParquetException>(() => Read("cut.parquet")).Message);
    }

    [Fact]
    public void ARowGroupBeyondTheMemoryForImagesIsRefusedByName()
    {
        ParquetRows.Write(File_("big.parquet"), [new("image", ColumnType.Bytes), new("text", ColumnType.Text)],
            Enumerable.Range(0, 3).Select(i => new object?[] { new byte[500_000], $"{i}" }));
        var sample = Read("big.parquet", new DataConfig { ShuffleBufferMb = 1 })[0];
        Assert.Contains("big.parquet: the row group from row 0 holds 1 MB, more than data.shuffle_buffer_mb (1)",
            Assert.Throws<InputException>(sample.Image.Read).Message);
    }

    private static byte[] Image(int seed)
    {
        var bytes = new byte[100 + seed % 50];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private string File_(string name) => Path.Combine(_folder, name);

    private void Write(string name, IReadOnlyList<ParquetColumn> columns, object?[][] rows) =>
        ParquetRows.Write(File_(name), columns, rows);

    private void Bad(BadSample bad) => _bad.Add($"{bad.Origin}: {bad.Reason}{(bad.Kept ? " (kept)" : "")}");

    private List<Sample> Read(string name, DataConfig? config = null)
    {
        var source = Datasets.Open(File_(name), config ?? new DataConfig(), SilentLog.Instance);
        return [.. Enumerable.Range(0, source.ShardCount).SelectMany(shard => source.ReadShard(shard, Bad))];
    }
}
