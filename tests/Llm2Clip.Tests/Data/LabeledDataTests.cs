using System.Formats.Tar;
using Llm2Clip.Data;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Tests.Data.Parquet;

namespace Llm2Clip.Tests.Data;

/// <summary>Images with the label of a class, as the data sets of classification have them.</summary>
public sealed class LabeledDataTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AFolderPerClass()
    {
        Images("set/cat/1.jpg", "set/cat/a/2.png", "set/dog/1.jpg", "set/stray.jpg", "set/.hidden/3.jpg");
        Assert.Equal([("cat/1", "cat"), ("cat/a/2", "cat"), ("dog/1", "dog")], Read("set", bad: 1));
        Assert.Contains(_folder.Lines, line => line.Contains("lies beside the class folders", StringComparison.Ordinal));
        Assert.Contains("4 images, a folder per class", Open("set").Description, StringComparison.Ordinal);

        var error = Assert.Throws<ConfigException>(() => Open("set", "label"));
        Assert.Contains("eval_zeroshot.label_key is label", error.Message, StringComparison.Ordinal);
    }

    /// <summary>webdataset writes the number of the class as text; some writers end it with a line feed.</summary>
    [Fact]
    public void TarsWithClassNumbers()
    {
        _folder.Tar(
            "a.tar", TarEntryFormat.Ustar,
            ("1.jpg", DataFolder.Image(1)), ("1.cls", DataFolder.Bytes("7")),
            ("2.jpg", DataFolder.Image(2)), ("2.cls", DataFolder.Bytes("12\n")), ("2.txt", DataFolder.Bytes("a caption")),
            ("3.jpg", DataFolder.Image(3)), ("3.json", DataFolder.Bytes("""{"label": 5, "caption": "x", "kind": [1]}""")));
        Assert.Equal([("1", "7"), ("2", "12")], Read("a.tar", bad: 1));
        Assert.Contains(_folder.Lines, line => line.Contains(
            "no label (looked for cls (eval_zeroshot.label_key); its JSON has label, caption, kind)", StringComparison.Ordinal));
        Assert.Equal([("3", "5")], Read("a.tar", bad: 2, key: "label"));
        Assert.Equal([("2", "a caption")], Read("a.tar", bad: 2, key: "txt"));
        Assert.Empty(Read("a.tar", bad: 3, key: "kind"));
        Assert.Contains(_folder.Lines, line => line.Contains(
            "kind is a list where a label, one text or number, was expected", StringComparison.Ordinal));

        // A caption reader does not see them.
        var captioned = _folder.ReadAll("a.tar", new DataConfig { MaxBadShare = 1 }).Single(sample => sample.Key == "2");
        Assert.Equal(["a caption"], captioned.Captions.Select(caption => caption.Text));
    }

    [Fact]
    public void ListsWithALabel()
    {
        Images("p/1.jpg", "p/2.jpg", "p/3.jpg");
        File.WriteAllText(_folder["a.csv"], "image,label,class\np/1.jpg,cat,0\np/2.jpg,dog,1\np/3.jpg,cat,0\np/3.jpg,dog,1\n");
        Assert.Equal([("p/1", "cat"), ("p/2", "dog")], Read("a.csv", bad: 1));
        Assert.Contains(_folder.Lines, line => line.Contains("has several labels (cat, dog)", StringComparison.Ordinal));
        Assert.Equal([("p/1", "0"), ("p/2", "1")], Read("a.csv", bad: 1, key: "class"));
        var error = Assert.Throws<InputException>(() => Open("a.csv", "clas"));
        Assert.Contains(
            "the header has no label column. Looked for clas (eval_zeroshot.label_key); it has image, label, class. Check "
            + "eval_zeroshot.label_key.", error.Message, StringComparison.Ordinal);

        File.WriteAllText(_folder["a.jsonl"], """
            {"image": "p/1.jpg", "label": 3}
            {"image": "p/2.jpg", "label": "4"}

            """);
        Assert.Equal([("p/1", "3"), ("p/2", "4")], Read("a.jsonl", bad: 0));
    }

    /// <summary>Hugging Face's data sets of classification: bytes, and the class as a whole number.</summary>
    [Fact]
    public void ParquetWithANumber()
    {
        ParquetRows.Write(
            _folder["a.parquet"],
            [new("key", ColumnType.Text), new("image", ColumnType.Bytes), new("label", ColumnType.Int64), new("name", ColumnType.Text)],
            [["a", DataFolder.Image(1), 2L, "cat"], ["b", DataFolder.Image(2), null, "dog"]]);
        Assert.Equal([("a", "2")], Read("a.parquet", bad: 1));
        Assert.Equal([("a", "cat"), ("b", "dog")], Read("a.parquet", bad: 0, key: "name"));
        var error = Assert.Throws<InputException>(() => Open("a.parquet", "image"));
        Assert.Contains("has no column of labels (looked for image (eval_zeroshot.label_key)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFormatWithoutAPlaceForLabelsIsRefused()
    {
        Images("1.jpg");
        File.WriteAllText(
            _folder["coco.json"],
            """{"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [{"id": 1, "image_id": 1, "caption": "x"}]}""");
        var error = Assert.Throws<ConfigException>(() => Open("coco.json"));
        Assert.Contains(
            "has no place for labels. Take a folder per class, or one of webdataset, ", error.Message, StringComparison.Ordinal);
    }

    private void Images(params string[] names)
    {
        foreach (var name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
            File.WriteAllBytes(_folder[name], DataFolder.Image(name.Length));
        }
    }

    private ISampleSource Open(string pattern, string key = "") =>
        Datasets.OpenLabeled(_folder[pattern], new DataConfig(), key, "eval_zeroshot.label_key", _folder);

    private List<(string Key, string Label)> Read(string pattern, int bad, string key = "")
    {
        var source = Open(pattern, key);
        var found = new List<BadSample>();
        var samples = Enumerable.Range(0, source.ShardCount).SelectMany(
            shard => source.ReadShard(shard, found.Add, TestContext.Current.CancellationToken)).ToList();
        _folder.Lines.AddRange(found.Select(one => $"{one.Origin}: {one.Reason}"));
        Assert.Equal(bad, found.Count(one => !one.Kept));
        return samples.ConvertAll(sample => (sample.Key, Datasets.LabelOf(sample)));
    }
}
