using System.Formats.Tar;
using Llm2Clip.Data;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Tests.Data.Parquet;

namespace Llm2Clip.Tests.Data;

/// <summary>Images that are to be searched need no captions, whatever holds them; other commands refuse them as before.</summary>
public sealed class OptionalCaptionsTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public OptionalCaptionsTests()
    {
        foreach (var i in new[] { 1, 2 })
        {
            File.WriteAllBytes(_folder[$"{i}.jpg"], DataFolder.Image(i));
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.csv", "image\n1.jpg\n2.jpg\n")]
    [InlineData("b.csv", "image,caption\n1.jpg,\n2.jpg,two\n")]
    [InlineData("a.jsonl", "{\"file_name\": \"1.jpg\"}\n{\"file_name\": \"2.jpg\", \"caption\": \"two\"}\n")]
    [InlineData("k.json", """{"images": [{"filename": "1.jpg", "sentences": []}, {"filename": "2.jpg", "sentences": [{"raw": "two"}]}]}""")]
    [InlineData("c.json", """
        {"images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2, "file_name": "2.jpg"}], "annotations": [{"image_id": 2, "caption": "two"}]}
        """)]
    [InlineData("s.json", """
        [{"image": "1.jpg", "conversations": []}, {"image": "2.jpg", "conversations": [{"from": "gpt", "value": "two"}]}]
        """)]
    public void ListsNameImagesAlone(string name, string content)
    {
        File.WriteAllText(_folder[name], content);
        Check(name, content.Contains("two", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TarsHoldImagesAlone(bool piped)
    {
        _folder.Tar(
            "a.tar", TarEntryFormat.Ustar, ("1.jpg", DataFolder.Image(1)), ("2.jpg", DataFolder.Image(2)),
            ("2.json", DataFolder.Bytes("""{"caption": "two", "width": 40}""")));
        Check(piped ? $"pipe:cat {_folder["a.tar"]}" : "a.tar", true);
    }

    [Fact]
    public void ParquetFilesHoldImagesAlone()
    {
        var image = new ParquetColumn("image.bytes", ColumnType.Bytes);
        ParquetRows.Write(_folder["a.parquet"], [image], [[DataFolder.Image(1)], [DataFolder.Image(2)]]);
        Check("a.parquet", false);
        ParquetRows.Write(
            _folder["b.parquet"], [image, new ParquetColumn("caption", ColumnType.Text)],
            [[DataFolder.Image(1), null], [DataFolder.Image(2), "two"]]);
        Check("b.parquet", true);
    }

    [Fact]
    public void TextFilesMayBeThereForSomeImages()
    {
        File.WriteAllText(_folder["2.txt"], "two");
        Check(".", true);
    }

    /// <summary>What is broken stays broken, and an image that is not there too.</summary>
    [Fact]
    public void WhatIsBrokenIsStillNamed()
    {
        File.WriteAllText(_folder["a.jsonl"], "{\"file_name\": \"1.jpg\"}\n{\"file_name\": \"9.jpg\"}\n{\n");
        var bad = new List<BadSample>();
        var samples = Datasets.OpenImages(_folder["a.jsonl"], new DataConfig(), _folder).ReadShard(0, bad.Add, Token).ToList();
        Assert.Equal("1", Assert.Single(samples).Key);
        Assert.Equal([BadSampleCause.NoImage, BadSampleCause.BadRecord], bad.Select(one => one.Cause));
    }

    private void Check(string name, bool hasOne)
    {
        var pattern = name.StartsWith("pipe:", StringComparison.Ordinal) ? name : _folder[name];
        var bad = new List<BadSample>();
        var source = Datasets.OpenImages(pattern, new DataConfig(), _folder);
        var samples = Enumerable.Range(0, source.ShardCount).SelectMany(shard => source.ReadShard(shard, bad.Add, Token)).ToList();
        Assert.DoesNotContain(bad, one => !one.Kept);
        Assert.Equal(2, samples.Count);
        Assert.Empty(samples[0].Captions);
        Assert.Equal(hasOne ? ["two"] : [], samples[1].Captions.Select(caption => caption.Text));

        // Where captions are needed, such data is an error, or the image without one is.
        try
        {
            var strict = Datasets.Open(pattern, new DataConfig(), _folder);
            var left = Enumerable.Range(0, strict.ShardCount).SelectMany(shard => strict.ReadShard(shard, bad.Add, Token)).ToList();
            Assert.Equal(hasOne ? 1 : 0, left.Count);
            Assert.Contains(bad, one => one.Cause == BadSampleCause.NoCaption);
        }
        catch (InputException e)
        {
            Assert.False(hasOne, e.Message);
            Assert.Contains("caption", e.Message);
        }
    }
}
