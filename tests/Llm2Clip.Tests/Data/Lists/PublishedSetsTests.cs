using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Tests.Data.Lists;

/// <summary>
/// Ten records of each data set that Long-CLIP and LLM2CLIP are evaluated on, laid out as it is published, with what is odd about it.
/// docs/protocols.md names the settings.
/// </summary>
public sealed class PublishedSetsTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Flickr30kInFull()
    {
        Images("flickr30k-images", i => $"{1000 + i}.jpg");
        var lines = Ten(i => Enumerable.Range(0, 5).Select(n => $"{1000 + i}.jpg#{n}\tCaption {n} of {i} , with \"quotes\" ."));
        File.WriteAllText(_folder["results_20130124.token"], string.Join('\n', lines.SelectMany(of => of)) + "\n");
        var samples = _folder.ReadAll("results_20130124.token", new DataConfig { ImageRoot = _folder["flickr30k-images"] });
        Assert.Equal(Ten(i => $"{1000 + i}"), samples.Select(sample => sample.Key));
        Assert.All(samples, sample => Assert.Equal(5, sample.Captions.Count));
        Assert.Equal("Caption 4 of 9 , with \"quotes\" .", samples[9].Captions[4].Text);
        Assert.Contains(_folder.Lines, line => line.EndsWith("data.format flickr_token", StringComparison.Ordinal));
    }

    /// <summary>Flickr8k's file has lines of an image that does not exist (<c>.jpg.1</c>).</summary>
    [Fact]
    public void LinesOfATokenFileThatAreOddAreNamed()
    {
        File.WriteAllBytes(_folder["a#1.jpg"], DataFolder.Image(1));
        File.WriteAllBytes(_folder["b.jpg"], DataFolder.Image(2));
        File.WriteAllText(
            _folder["x.token.txt"],
            "a#1.jpg#0\tone\r\nb.jpg#0\ttwo\r\na#1.jpg#1\tthree\r\nb.jpg.1#0\tfour\r\nno tab\r\nb.jpg#x\tfive\r\n\r\n");
        var samples = _folder.ReadAll("x.token.txt", new DataConfig { MaxBadShare = 1 });
        Assert.Equal(["a#1: one, three", "b: two"], samples.Select(Line));
        Assert.Contains(_folder.Lines, line => line.Contains("x.token.txt: line 4: names the image 'b.jpg.1', which does not exist"));
        Assert.Contains(_folder.Lines, line => line.Contains("x.token.txt: line 5: is not of the form IMAGE#NUMBER, tab, caption"));
        Assert.Contains(_folder.Lines, line => line.Contains("x.token.txt: line 6: is not of the form IMAGE#NUMBER, tab, caption"));
    }

    [Fact]
    public void Urban1k()
    {
        Images("Urban1k/image", i => $"{i}.jpg");
        Directory.CreateDirectory(_folder["Urban1k/caption"]);
        foreach (var i in Enumerable.Range(0, 10))
        {
            File.WriteAllText(_folder[$"Urban1k/caption/{i}.txt"], $"The street {i} is long.\nA second line that does not count.\n");
        }
        var samples = _folder.ReadAll("Urban1k", new DataConfig { Kind = CaptionKind.Long });
        Assert.Equal(Ten(i => $"image/{i}: The street {i} is long."), samples.Select(Line));
        Assert.All(samples, sample => Assert.Equal(CaptionKind.Long, sample.Captions.Single().Kind));
        Assert.Contains(_folder.Lines, line => line.Contains("0.txt has 2 lines, of which the first is the caption (data.text_lines)"));

        Assert.Equal(
            "image/3: The street 3 is long., A second line that does not count.",
            Line(_folder.ReadAll("Urban1k", new DataConfig { TextLines = TextLines.Each })[3]));
        Assert.Equal(
            "image/3: The street 3 is long. A second line that does not count.",
            Line(_folder.ReadAll("Urban1k", new DataConfig { TextLines = TextLines.Joined })[3]));
    }

    [Fact]
    public void TextFilesBesideImagesAreCaptions()
    {
        Images("photos/2024", i => $"{i}.jpg");
        Write(0, "\uFEFFone ");
        Write(1, "");
        File.WriteAllBytes(_folder["photos/2024/2.txt"], [0xC3, 0x28]);
        File.WriteAllText(_folder["photos/2024/3.txt"], new string('x', (1 << 20) + 1));
        var samples = _folder.ReadAll("photos", new DataConfig { MaxBadShare = 1 });
        Assert.Equal("2024/0: one", Line(Assert.Single(samples)));
        Assert.Contains(_folder.Lines, line => line.Contains("1.jpg: no caption (") && line.Contains("1.txt is empty)"));
        Assert.Contains(_folder.Lines, line => line.Contains("2.txt is not valid UTF-8"));
        Assert.Contains(_folder.Lines, line => line.Contains("3.txt has 1,048,577 bytes, more than a caption"));
        Assert.Contains(_folder.Lines, line => line.Contains("4.jpg: has no text file (4.txt)"));

        void Write(int image, string text) => File.WriteAllText(_folder[$"photos/2024/{image}.txt"], text);
    }

    /// <summary>COCO's val2017: two images have more than five captions, in the file in any order.</summary>
    [Fact]
    public void Coco2017()
    {
        Images("val2017", i => $"{i:D12}.jpg");
        var images = string.Join(',', Ten(i =>
            $$"""{"license": 4, "file_name": "{{i:D12}}.jpg", "height": 30, "width": 40, "id": {{i}}}"""));
        var annotations = string.Join(',', Enumerable.Range(0, 6).SelectMany(n => Ten(i =>
            n < 5 || i is 2 or 7 ? $$"""{"image_id": {{i}}, "id": {{(n * 10) + i}}, "caption": "Caption {{n}} of {{i}}"}""" : null))
            .Where(text => text is not null));
        File.WriteAllText(
            _folder["captions_val2017.json"],
            $$"""{"info": {}, "licenses": [], "images": [{{images}}], "annotations": [{{annotations}}]}""");
        var samples = _folder.ReadAll("captions_val2017.json", new DataConfig { ImageRoot = _folder["val2017"] });
        Assert.Equal(Ten(i => i is 2 or 7 ? 6 : 5), samples.Select(sample => sample.Captions.Count));
        var (rows, _) = Evaluation(samples, new RetrievalConfig { CaptionsPerImage = 5 }).Run(_ => false);
        Assert.Equal(50, rows.Single().TextToImage.Queries);
        Assert.Equal(52, Evaluation(samples, new RetrievalConfig()).Run(_ => false).Rows.Single().TextToImage.Queries);
    }

    /// <summary>ShareGPT4V's first 1,000 entries are held out, whatever images are missing among them.</summary>
    [Fact]
    public void ShareGpt4V()
    {
        Images("data/coco", i => $"{i}.jpg");
        File.Delete(_folder["data/coco/1.jpg"]);
        var entries = string.Join(',', Ten(i => $$"""
            {"id": "{{i}}", "image": "coco/{{i}}.jpg", "conversations": [
             {"from": "human", "value": "<image>\nDescribe."}, {"from": "gpt", "value": "Long {{i}}."}]}
            """));
        File.WriteAllText(_folder["share.json"], $"[{entries}]");
        var config = new DataConfig { ImageRoot = _folder["data"], MaxBadShare = 1 };
        var val = Part("#:4");
        Assert.Equal(["coco/0: Long 0.", "coco/2: Long 2.", "coco/3: Long 3."], val.Select(Line));
        var train = Part("#4:");
        Assert.Equal(Ten(i => $"coco/{i}: Long {i}.").Skip(4), train.Select(Line));
        Assert.DoesNotContain(_folder.Lines, line => line.Contains("1.jpg"));
        Assert.All(train, sample => Assert.Equal(CaptionKind.Long, sample.Captions[0].Kind));

        List<Sample> Part(string range)
        {
            _folder.Lines.RemoveAll(line => line.Contains("warning"));
            return [.. Datasets.ReadAll(Datasets.Open(_folder["share.json"] + range, config, _folder), config, _folder)];
        }
    }

    /// <summary>ImageNet and -A, -O, -R: a folder per WordNet id; -V2: a folder per number.</summary>
    [Theory]
    [InlineData("n0144{0}764")]
    [InlineData("{0}")]
    public void ImageNetAndItsVariants(string name)
    {
        foreach (var i in Enumerable.Range(0, 10))
        {
            var label = string.Format(CultureInfo.InvariantCulture, name, i);
            Images($"val/{label}", _ => "ILSVRC2012_val_00000293.JPEG");
            File.WriteAllText(_folder[$"val/{label}/ILSVRC2012_val_00000293.txt"], "what lies beside is no label");
        }
        var config = new DataConfig();
        var source = Datasets.OpenLabeled(_folder["val"], config, "", "eval_zeroshot.label_key", _folder);
        var samples = Datasets.ReadAll(source, config, _folder);
        Assert.Equal(Ten(i => string.Format(CultureInfo.InvariantCulture, name, i)), samples.Select(Datasets.LabelOf));
    }

    private static IEnumerable<T> Ten<T>(Func<int, T> make) => Enumerable.Range(0, 10).Select(make);

    private static string Line(Sample sample) => $"{sample.Key}: {string.Join(", ", sample.Captions.Select(caption => caption.Text))}";

    private static RetrievalEvaluation Evaluation(IReadOnlyList<Sample> samples, RetrievalConfig config) => new(
        EncodedImages.Of(samples, [.. samples.Select((_, i) => i + 1f)], new()), config with { ShownQueries = 0 },
        (texts, _, _) => [.. texts.Select(_ => 1f)]);

    private void Images(string folder, Func<int, string> name)
    {
        Directory.CreateDirectory(_folder[folder]);
        foreach (var i in Enumerable.Range(0, 10))
        {
            File.WriteAllBytes(_folder[$"{folder}/{name(i)}"], DataFolder.Image(i));
        }
    }
}
