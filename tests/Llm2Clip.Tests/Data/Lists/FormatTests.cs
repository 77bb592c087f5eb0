using System.Formats.Tar;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;

namespace Llm2Clip.Tests.Data.Lists;

/// <summary>How a data set's format is found, and what is said where it is not.</summary>
public sealed class FormatTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.csv", "image,caption\n", "csv")]
    [InlineData("a.TSV", "image\tcaption\n", "tsv")]
    [InlineData("x_imgs.tsv", "", "chinese_clip")]
    [InlineData("a.jsonl", """{"image": "a.jpg"}""", "folder")]
    [InlineData("a.jsonl", "\n{\"image/key\": \"a\"}\n", "crossmodal3600")]
    [InlineData("a.json", """{"images": [{"sentences": [], "split": "x"}], "dataset": "coco"}""", "karpathy")]
    [InlineData("a.json", """{"info": {"images": [1]}, "images": [{"id": 1, "file_name": "a"}], "annotations": []}""", "coco")]
    [InlineData("a.json", """{"annotations": [{"id": 1, "caption": "a"}], "images": []}""", "coco")]
    [InlineData("a.json", """[{"image": "a", "conversations": []}]""", "sharegpt4v")]
    public void AutoRecognizesNameOrContentAndSaysWhat(string name, string content, string format)
    {
        File.WriteAllText(_folder[name], content);
        File.WriteAllText(_folder["x_texts.jsonl"], "");
        _folder.Open(name);
        Assert.Contains(_folder.Lines, line => line.EndsWith($"recognized as data.format {format}", StringComparison.Ordinal));
    }

    [Fact]
    public void WhatCannotBeOpenedSaysWhy()
    {
        Assert.Contains("holds no tar and no list", Error<InputException>("."));
        File.WriteAllText(_folder["a.xyz"], "");
        Assert.Contains("Set data.format to one of webdataset, parquet, chinese_clip, csv, ", Error<InputException>("a.xyz"));
        File.WriteAllText(_folder["a.json"], "{\"images\": [{\"id\": 1,\n }]}");
        Assert.Contains("(" + _folder["a.json"] + ": broken JSON at line 2, byte 2 of it: ", Error<InputException>("a.json"));
        Assert.Contains("data.max_bad_share is 2; it must be 0 to 1", Error<ConfigException>("a.json", new DataConfig { MaxBadShare = 2 }));
        Assert.Contains("data.caption_keys.0.key is empty",
            Error<ConfigException>("a.json", new DataConfig { CaptionKeys = [new CaptionKey()] }));
        Assert.Contains("data.train is empty", Assert.Throws<ConfigException>(() => Datasets.OpenTrain(new DataConfig(), _folder)).Message);
        Assert.Contains("pipe:aws s3 cp s3://b/a.tar -",
            Assert.Throws<InputException>(() => Datasets.Open("s3://b/a.tar", new DataConfig(), _folder)).Message);
    }

    [Fact]
    public void FormsDoNotMixAndOptionsBelongToTheirForms()
    {
        File.WriteAllText(_folder["a.csv"], "image,caption\n");
        File.WriteAllText(_folder["b.jsonl"], "{}");
        Assert.Contains("a.csv' is csv", Error<InputException>("[ab].*"));
        Assert.Contains("names a split, but files of the format csv have none", Error<ConfigException>("a.csv#train"));
        File.WriteAllText(_folder["c.json"], """[{"conversations": []}]""");
        Assert.Contains("data.caption_keys names fields",
            Error<ConfigException>("c.json", new DataConfig { CaptionKeys = [new CaptionKey { Key = "a" }] }));
        Assert.Contains("data.image_root: '", Error<InputException>("c.json", new DataConfig { ImageRoot = _folder["a.csv"] }));
    }

    [Fact]
    public void AFolderStandsForItsTarsElseItsList()
    {
        File.WriteAllBytes(_folder["b.png"], [2]);
        File.WriteAllText(_folder["notes.json"], """{"any": 1}""");
        File.WriteAllText(_folder["list.csv"], "image,caption\nb.png,one\n");
        Assert.Equal("one", Assert.Single(_folder.ReadAll(".")).Captions[0].Text);
        File.WriteAllText(_folder["metadata.csv"], "file_name,text\nb.png,two\n");
        Assert.Equal("two", Assert.Single(_folder.ReadAll(".")).Captions[0].Text);
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", [1]), ("1.txt", DataFolder.Bytes("three")));
        Assert.Equal("three", Assert.Single(_folder.ReadAll(".")).Captions[0].Text);
    }

    [Fact]
    public void TheRegistryHasARowForEachName()
    {
        Assert.Equal(Enum.GetValues<DatasetFormat>().Where(name => name != DatasetFormat.Auto).Order(),
            DatasetFormats.All.Select(format => format.Name).Order());
        Assert.Equal("webdataset, parquet, csv, tsv, folder, karpathy, coco", DatasetFormats.WrittenNames);
        Assert.Contains("which is not written; it must be one of " + DatasetFormats.WrittenNames,
            new ConvertConfig { Format = DatasetFormat.Sharegpt4v }.Check().Single().Problem);
    }

    private string Error<T>(string pattern, DataConfig? config = null)
        where T : UserException => Assert.Throws<T>(() => _folder.Open(pattern, config)).Message;
}
