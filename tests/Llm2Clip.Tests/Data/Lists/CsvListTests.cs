using System.Text;
using Llm2Clip.Data;

namespace Llm2Clip.Tests.Data.Lists;

public sealed class CsvListTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public CsvListTests()
    {
        Directory.CreateDirectory(_folder["p"]);
        foreach (var name in new[] { "p/a.jpg", "p/b.jpg", "p/c.jpg" })
        {
            File.WriteAllBytes(_folder[name], [(byte)name[2]]);
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>What open_clip's README tells its users to make, tabs and all, in a file called .csv.</summary>
    [Fact]
    public void OpenClipFilesWorkAsTheyAre()
    {
        Write("train.csv", "filepath\ttitle\np/a.jpg\tA dog, running\np/b.jpg\t\"the \"\"best\"\" dog\"\n");
        var samples = _folder.ReadAll("train.csv");
        Assert.Equal(["p/a", "p/b"], samples.Select(sample => sample.Key));
        Assert.Equal([new("A dog, running", "en", CaptionKind.Short), new Caption("the \"best\" dog", "en", CaptionKind.Short)],
            samples.Select(sample => sample.Captions.Single()));
        Assert.Equal([(byte)'b'], samples[1].Image.Read());
        Assert.EndsWith("train.csv: line 3: p/b.jpg", samples[1].Origin);
    }

    [Theory]
    [InlineData("\uFEFFimage,caption\r\np/a.jpg,x\r\n", "x")]
    [InlineData("image,caption\np/a.jpg,\"x\r\ny, \"\"z\"\"\"", "x\r\ny, \"z\"")]
    [InlineData("image,caption\n\"p/a.jpg\",\"x\"\n\n", "x")]
    [InlineData("caption;image\nx \"y\" z;p/a.jpg", "x \"y\" z")]
    [InlineData("text,file_name,id,title\nx,p/a.jpg,7,other\n", "x")]
    [InlineData("image| comment_number| captions\np/a.jpg| 0| ä \n", "ä")]
    public void Rfc4180AndItsRelatives(string content, string caption)
    {
        Write("a.csv", content);
        Assert.Equal(caption, Assert.Single(Assert.Single(_folder.ReadAll("a.csv")).Captions).Text);
    }

    [Fact]
    public void RowsOfOneImageAreOneSampleWhereverTheyStand()
    {
        Write("a.csv", "image,caption\np/a.jpg,a1\np/a.jpg,a2\np/b.jpg,\"b\n1\"\np/a.jpg,a3\np/c.jpg,c1\np/b.jpg,b2\n");
        var samples = _folder.ReadAll("a.csv");
        Assert.Equal(["p/a: a1 a2 a3", "p/b: b\n1 b2", "p/c: c1"],
            samples.Select(sample => $"{sample.Key}: {string.Join(' ', sample.Captions.Select(caption => caption.Text))}"));
        Assert.EndsWith("line 7: p/c.jpg", samples[2].Origin);
    }

    [Fact]
    public void LongFilesAreCutIntoShardsAndFarRowsFound()
    {
        var text = new StringBuilder("image,key,caption\n");
        for (var i = 0; i < 5000; i++)
        {
            File.WriteAllBytes(_folder[$"p/{i}.png"], []);
            text.Append($"p/{i}.png,{i},\"first\n{i}\"\n");
        }
        for (var i = 4999; i >= 0; i--)
        {
            text.Append($"p/{i}.png,{i},second {i}\n");
        }
        Write("a.csv", text.ToString());
        var source = _folder.Open("a.csv");
        Assert.Equal(5, source.ShardCount);
        var samples = _folder.ReadAll("a.csv");
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => $"{i}: first\n{i}|second {i}"),
            samples.Select(sample => $"{sample.Key}: {string.Join('|', sample.Captions.Select(caption => caption.Text))}"));
        Assert.EndsWith("line 8002: p/4000.png", samples[4000].Origin);
        Assert.Equal(samples[2500].Captions,
            source.ReadShard(1, _ => { }, TestContext.Current.CancellationToken).ElementAt(2500 - 2048).Captions);
    }

    [Fact]
    public void ConfiguredColumnsHaveLanguageAndKind()
    {
        Write("a.csv", "image,en,de,dense\np/a.jpg,one,eins,long text\n");
        var config = new DataConfig
        {
            CaptionKeys =
            [new CaptionKey { Key = "de", Language = "de" }, new CaptionKey { Key = "dense", Kind = CaptionKind.Long }]
        };
        Assert.Equal([new("eins", "de", CaptionKind.Short), new Caption("long text", "en", CaptionKind.Long)],
            Assert.Single(_folder.ReadAll("a.csv", config)).Captions);
    }

    [Fact]
    public void ARowMayStateLanguageKindAndKey()
    {
        Write("a.csv", "image,caption,language,kind,key\np/a.jpg,eins,de,long,own\np/b.jpg,one,,photo,\n");
        var samples = _folder.ReadAll("a.csv");
        Assert.Equal(["own", "p/b"], samples.Select(sample => sample.Key));
        Assert.Equal([new("eins", "de", CaptionKind.Long), new Caption("one", "en", CaptionKind.Short)],
            samples.Select(sample => sample.Captions.Single()));
    }

    [Fact]
    public void SeveralFilesThroughAPatternEachWithItsHeader()
    {
        Write("t-1.tsv", "filepath\ttitle\np/b.jpg\tb\n");
        Write("t-0.tsv", "caption\timage\na\tp/a.jpg\n");
        Assert.Equal(["p/a a", "p/b b"], _folder.ReadAll("t-{0..1}.tsv").Select(sample => $"{sample.Key} {sample.Captions[0].Text}"));
    }

    [Fact]
    public void ImagesAreSoughtInTheImageRoots()
    {
        Directory.CreateDirectory(_folder["q"]);
        File.WriteAllBytes(_folder["q/d.jpg"], [4]);
        Directory.CreateDirectory(_folder["lists"]);
        Write("lists/a.csv", "image,caption\nd.jpg,d\na.jpg,a\n");
        Assert.Equal(2, _folder.ReadAll("lists/a.csv", new DataConfig { ImageRoot = _folder["{p,q}"] }).Count);
        Assert.Contains($"names the image 'd.jpg', which does not exist in {_folder["p"]}",
            Assert.Throws<InputException>(() => _folder.ReadAll("lists/a.csv", new DataConfig { ImageRoot = _folder["p"] })).Message);
    }

    [Theory]
    [InlineData("p/b.jpg,one,two", "has 3 columns where the header has 2")]
    [InlineData("p/b.jpg", "has 1 columns where the header has 2")]
    [InlineData("p/b.jpg,", "no caption is left: caption is empty")]
    [InlineData(",x", "its `image` is empty")]
    [InlineData("absent.jpg,x", "names the image 'absent.jpg', which does not exist")]
    [InlineData("https://x/y.jpg,x", "names the image by its address")]
    [InlineData("p/b.jpg,\"x\" y", "text follows the closing quote of field 2")]
    [InlineData("p/b.jpg,\"x", "a quote that opens in it is never closed")]
    public void BadRowsAreNamedCountedAndLeftOut(string row, string reason)
    {
        Write("a.csv", "image,caption\np/a.jpg,\"a\nb\"\n" + row);
        Assert.Equal("p/a", Assert.Single(_folder.ReadAll("a.csv", new DataConfig { MaxBadShare = 0.5 })).Key);
        var error = Assert.Throws<InputException>(() => _folder.ReadAll("a.csv"));
        Assert.Contains("1 of 2 records are bad", error.Message);
        Assert.Contains($"a.csv: line 4: {reason}", error.Message);
    }

    [Fact]
    public void BytesThatAreNotUtf8AreABadRow()
    {
        File.WriteAllBytes(_folder["a.csv"], [.. "image,caption\np/a.jpg,x\np/b.jpg,"u8, 0xE4, (byte)'\n']);
        Assert.Contains("line 3: is not valid UTF-8", Assert.Throws<InputException>(() => _folder.ReadAll("a.csv")).Message);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("p/a.jpg,a dog\n",
        "the first row has no image column (image, file_name, filepath, Bild, Datei, 图片, ...); it holds p/a.jpg, a dog")]
    [InlineData("image,label\n", "the header has no caption column. Looked for captions, caption, txt, text, texts, sentences, title, "
        + "description, alt_text; it has image, label. Name the columns: --set 'data.caption_keys=[{key: label, language: en}]', with the "
        + "language of the captions, one {...} per column.")]
    public void FilesWithoutTheColumnsSaySo(string content, string message)
    {
        Write("a.csv", content);
        Assert.Contains(message, Assert.Throws<InputException>(() => _folder.Open("a.csv")).Message);
    }

    [Fact]
    public void Utf16AndEndlessRowsAreErrors()
    {
        File.WriteAllText(_folder["a.csv"], "image,caption\n", Encoding.Unicode);
        Assert.Contains("is UTF-16", Assert.Throws<InputException>(() => _folder.Open("a.csv")).Message);
        Write("b.csv", "image,caption\np/a.jpg,\"" + new string('x', 17 << 20));
        Assert.Contains("the row that begins in line 2 is longer than 16 MB",
            Assert.Throws<InputException>(() => _folder.Open("b.csv")).Message);
    }

    private void Write(string name, string content) => File.WriteAllText(_folder[name], content);
}
