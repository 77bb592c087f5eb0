using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;

namespace Llm2Clip.Tests.Data.Lists;

public sealed class ChineseClipListTests : IDisposable
{
    private readonly DataFolder _folder = new();
    private readonly byte[] _image = DataFolder.Image(3);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ImagesAndTextsComeTogetherByTheirIds()
    {
        Write($"1000002\t{Convert.ToBase64String(_image)}\n1000016\t{Url([250, 255, 254])}\r\n");
        var samples = _folder.ReadAll("train_imgs.tsv");
        Assert.Equal(["1000002: 高级感托特包斜挎 两张", "1000016: 两张"],
            samples.Select(sample => $"{sample.Key}: {string.Join(' ', sample.Captions.Select(caption => caption.Text))}"));
        Assert.All(samples.SelectMany(sample => sample.Captions), caption =>
            Assert.Equal(("zh", CaptionKind.Short), (caption.Language, caption.Kind)));
        Assert.Equal(_image, samples[0].Image.Read());
        Assert.Equal([250, 255, 254], samples[1].Image.Read());
    }

    [Theory]
    [InlineData("no tab here", "has no id with a tab behind it")]
    [InlineData("7\tAAAA", "no caption (no line of ")]
    public void BadLinesAreNamedAndCounted(string line, string reason)
    {
        Write($"1000002\tAAAA\n1000016\tAAAA\n{line}\n");
        Assert.Equal(2, _folder.ReadAll("train_imgs.tsv", new DataConfig { MaxBadShare = 1 }).Count);
        var error = Assert.Throws<InputException>(() => _folder.ReadAll("train_imgs.tsv"));
        Assert.Contains("1 of 3 records are bad", error.Message);
        Assert.Contains($"train_imgs.tsv: line 3: {reason}", error.Message);
    }

    [Theory]
    [InlineData("""{"text_id": 3, "image_ids": [1000016]}""", "has no `text`")]
    [InlineData("""{"text_id": 3, "text": "x"}""", "has no `image_ids`")]
    [InlineData("""{"text_id": 3, "text": "x", """, "is not valid JSON")]
    public void BadTextsAreNamedAndCounted(string line, string reason)
    {
        Write("1000002\tAAAA\n1000016\tAAAA\n");
        File.AppendAllText(_folder["train_texts.jsonl"], line + "\n");
        Assert.Equal(2, _folder.ReadAll("train_imgs.tsv", new DataConfig { MaxBadShare = 1 }).Count);
        Assert.Contains($"train_texts.jsonl: line 3: {reason}",
            Assert.Throws<InputException>(() => _folder.ReadAll("train_imgs.tsv")).Message);
    }

    [Fact]
    public void BadBase64IsAnUnreadableImage()
    {
        Write($"1000002\t{Convert.ToBase64String(_image)}\n1000016\tAA*A\n");
        Assert.Contains("train_imgs.tsv: line 2: the image is not valid base64 (4 characters at byte ",
            Assert.Throws<InputException>(() => _folder.ReadAll("train_imgs.tsv")[1].Image.Read()).Message);
        var transform = new ImageTransformConfig { ImageSize = 8 };
        using var loader = new SampleLoader(_folder.Open("train_imgs.tsv"),
            LoaderConfig.ForEvaluation(new DataConfig { MaxBadShare = 0.5 }, transform, 4), _folder);
        using var batch = loader.Epoch(0, 0, TestContext.Current.CancellationToken).Single();
        Assert.Equal("1000002", Assert.Single(batch.Samples).Key);
        Assert.Contains(_folder.Lines, line => line.Contains("line 2: the image is not valid base64"));
    }

    [Fact]
    public void TheTextsMustBeThere()
    {
        File.WriteAllText(_folder["val_imgs.tsv"], "");
        Assert.Contains("val_texts.jsonl, which does not exist", Assert.Throws<InputException>(() => _folder.Open("val_imgs.tsv")).Message);
    }

    private void Write(string images)
    {
        File.WriteAllText(_folder["train_imgs.tsv"], images);
        File.WriteAllText(_folder["train_texts.jsonl"], """
            {"text_id": 8428, "text": "高级感托特包斜挎", "image_ids": [1000002]}
            {"text_id": 8429, "text": "两张", "image_ids": [1000002, 1000016]}

            """);
    }

    private static string Url(byte[] bytes) => Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');
}
