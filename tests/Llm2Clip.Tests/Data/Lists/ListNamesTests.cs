using System.Text;
using Llm2Clip.Data;

namespace Llm2Clip.Tests.Data.Lists;

/// <summary>What names an image in a list, and what it is called there.</summary>
public sealed class ListNamesTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public ListNamesTests()
    {
        Directory.CreateDirectory(_folder["x"]);
        Directory.CreateDirectory(_folder["y"]);
        foreach (var name in new[] { "a.jpg", "a.png", "x/a.jpg", "y/a.jpg", "b.jpg" })
        {
            File.WriteAllBytes(_folder[name], DataFolder.Bytes(name));
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.csv", "image,caption\na.jpg,1\na.png,2\nx/a.jpg,3\ny/a.jpg,4\nb.jpg,5\n")]
    [InlineData("a.jsonl", """
        {"image": "a.jpg", "caption": "1"}
        {"image": "a.png", "caption": "2"}
        {"image": "x/a.jpg", "caption": "3"}
        {"image": "y/a.jpg", "caption": "4"}
        {"image": "b.jpg", "caption": "5"}
        """)]
    [InlineData("a.json", """
        {"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "a.png"}, {"id": 3, "file_name": "x/a.jpg"}, {"id": 4, "file_name": "y/a.jpg"},
        {"id": 5, "file_name": "b.jpg"}], "annotations": [{"image_id": 1.0, "caption": "1"}, {"image_id": 2e0, "caption": "2"}, {"image_id": 3, "caption": "3"},
        {"image_id": 4.0, "caption": "4"}, {"image_id": 5, "caption": "5"}]}
        """)]
    public void ImagesOfOneBaseNameAreDifferentImages(string name, string content)
    {
        File.WriteAllText(_folder[name], content);
        var samples = _folder.ReadAll(name);
        Assert.Equal(["a.jpg", "a.png", "x/a", "y/a", "b"], samples.Select(sample => sample.Key));
        Assert.Equal(["1", "2", "3", "4", "5"], samples.Select(sample => sample.Captions.Single().Text));
        Assert.Equal("y/a.jpg", Encoding.UTF8.GetString(samples[3].Image.Read()));
    }

    [Fact]
    public void OneKeyOfTwoImagesIsMadeDifferent()
    {
        File.WriteAllText(_folder["a.jsonl"], """
            {"image": "a.jpg", "key": "k", "caption": "1"}
            {"image": "b.jpg", "key": "k", "caption": "2"}
            """);
        Assert.Equal(["k:a.jpg: 1", "k:b.jpg: 2"],
            _folder.ReadAll("a.jsonl").Select(sample => $"{sample.Key}: {sample.Captions.Single().Text}"));
    }

    [Fact]
    public void RecordsOfOneImageAreOneSampleInEveryList()
    {
        File.WriteAllText(_folder["a.jsonl"], """
            {"image": "a.jpg", "caption": "1"}
            {"image": "b.jpg", "caption": "2"}
            {"image": "a.jpg", "caption": null}
            {"image": "a.jpg", "text": "3"}
            {"image": "a.jpg", "caption": 5}
            {"image": "a.jpg", "caption": "1"}
            """);
        Assert.Equal(["a: 1 3", "b: 2"], All("a.jsonl"));
        Assert.Contains(_folder.Lines, line => line.Contains("line 1: its record at byte 70 has no caption", StringComparison.Ordinal));
        Assert.Contains(_folder.Lines, line =>
            line.Contains("in its record at byte 138, caption is a number where a text or a list of texts was expected",
            StringComparison.Ordinal));
        File.WriteAllText(_folder["k.json"], """
            {"images": [{"filename": "a.jpg", "split": "train", "sentences": [{"raw": "1"}]}, {"filename": "b.jpg", "split": "train", "sentences": [{"raw": "2"}]},
            {"filename": "a.jpg", "split": "test", "sentences": [{"raw": "4"}]}, {"filename": "a.jpg", "split": "train", "sentences": [{"raw": "3"}]}]}
            """);
        Assert.Equal(["a: 1 3", "b: 2"],
            [.. Datasets.ReadAll(Datasets.Open(_folder["k.json"] + "#train", new DataConfig(), _folder), new DataConfig(), _folder)
            .Select(Line)]);
        Assert.Equal(["a: 1 4 3", "b: 2"], All("k.json"));
        File.WriteAllText(_folder["s.json"], """
            [{"image": "a.jpg", "conversations": [{"from": "gpt", "value": "1"}]}, {"image": "b.jpg", "conversations": [{"from": "gpt", "value": "2"}]},
            {"image": "a.jpg", "conversations": [{"from": "gpt", "value": "3"}]}]
            """);
        Assert.Equal(["a: 1 3", "b: 2"], All("s.json"));
    }

    [Theory]
    [InlineData("image,text\na.jpg,x\n")]
    [InlineData("Datei;Beschreibung\na.jpg;x\n")]
    [InlineData("Bild\tTitel\na.jpg\tx\n")]
    [InlineData("图片,描述\na.jpg,x\n")]
    [InlineData("sep=;\r\nBild;Beschreibung\r\na.jpg;x\r\n")]
    [InlineData("\uFEFFsep=,\nimage,caption\na.jpg,x\n")]
    [InlineData("Nr;FileName;Caption\n1;a.jpg;x\n")]
    [InlineData("caption,description,file_name\n,x,a.jpg\n")]
    public void TheUsualNamesOfColumnsAreKnown(string content)
    {
        File.WriteAllText(_folder["a.csv"], content);
        Assert.Equal(["a: x"], All("a.csv"));
        Assert.DoesNotContain(_folder.Lines, line => line.StartsWith("warning", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a.csv", "Aufnahme;Notiz\na.jpg;x\n")]
    [InlineData("a.jsonl", """{"Aufnahme": "a.jpg", "Notiz": "x", "image": "no.jpg", "caption": "no"}""")]
    public void OtherNamesAreConfigured(string name, string content)
    {
        File.WriteAllText(_folder[name], content);
        var config = new DataConfig { ImageKey = "Aufnahme", CaptionKeys = [new CaptionKey { Key = "Notiz", Language = "de" }] };
        var sample = Assert.Single(_folder.ReadAll(name, config));
        Assert.Equal(("a", new Caption("x", "de", CaptionKind.Short)), (sample.Key, sample.Captions.Single()));
    }

    [Theory]
    [InlineData("B.JPG", "b")]
    [InlineData("X\\A.jpg", "x/a")]
    [InlineData("./Y/a.JPG", "y/a")]
    [InlineData("GR\u00d6\u00dfE.JPG", "size")]
    public void TheCaseOfLettersDoesNotCountWhereOneFileAloneFits(string name, string image)
    {
        File.WriteAllBytes(_folder["Gr\u00f6\u00dfe.jpg"], DataFolder.Bytes("size.jpg"));
        File.WriteAllText(_folder["t.csv"], $"image,caption\n{name},1\n");
        var sample = Assert.Single(_folder.ReadAll("t.csv"));
        Assert.Equal(DataFolder.Bytes(image + ".jpg"), sample.Image.Read());
    }

    [Theory]
    [InlineData("C.jpg")] // c.JPG or c.Jpg
    [InlineData("z/a.jpg")]
    [InlineData("/B.JPG")]
    public void ANameThatFitsNoFileOrSeveralIsABadRecord(string name)
    {
        File.WriteAllBytes(_folder["c.JPG"], DataFolder.Bytes("1"));
        File.WriteAllBytes(_folder["c.Jpg"], DataFolder.Bytes("2"));
        File.WriteAllText(_folder["t.csv"], $"image,caption\n{name},1\nb.jpg,2\n");
        var sample = Assert.Single(_folder.ReadAll("t.csv", new DataConfig { MaxBadShare = 1 }));
        Assert.Equal("2", sample.Captions.Single().Text);
        Assert.Contains(_folder.Lines,
            line => line.Contains($"names the image '{name}', which does not exist", StringComparison.Ordinal));
    }

    [Fact]
    public void ASpreadsheetIsCalledThat()
    {
        File.WriteAllBytes(_folder["t.xlsx"], [0x50, 0x4b, 3, 4, 20, 0]);
        Assert.Contains("t.xlsx is a spreadsheet, which is not read. Save its table as CSV", Error("t.xlsx", new DataConfig()));
    }

    [Fact]
    public void NamesThatAreNotThereAreNamedWithTheKeysOfTheRunFile()
    {
        File.WriteAllText(_folder["a.csv"], "Aufnahme;Notiz\na.jpg;x\n");
        Assert.EndsWith("name that of the images with data.image_key.", Error("a.csv", new DataConfig()));
        Assert.Contains("has no image column (Bildname (data.image_key)); it holds Aufnahme, Notiz.",
            Error("a.csv", new DataConfig { ImageKey = "Bildname" }));
        Assert.Contains("Name the columns: --set 'data.caption_keys=[{key: Notiz, language: en}]', with",
            Error("a.csv", new DataConfig { ImageKey = "Aufnahme" }));
        File.WriteAllText(_folder["a.jsonl"], """{"image": ["a.jpg"], "caption": "x"}""");
        Assert.Contains("its `image` is a list where the name of an image file was expected",
            Assert.Throws<InputException>(() => _folder.ReadAll("a.jsonl")).Message);
    }

    [Fact]
    public void SeparatorsOfWindowsAreUnderstood()
    {
        File.WriteAllText(_folder["a.csv"], "image;caption\nx\\a.jpg;1\n.\\y\\a.jpg;2\nC:\\Bilder\\c.jpg;3\n");
        var samples = _folder.ReadAll("a.csv", new DataConfig { MaxBadShare = 1 });
        Assert.Equal(["x/a", "./y/a"], samples.Select(sample => sample.Key));
        Assert.Equal("x/a.jpg", Encoding.UTF8.GetString(samples[0].Image.Read()));
        Assert.Contains(_folder.Lines, line =>
            line.Contains("which does not exist (a path of another machine: write paths relative to the list", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Bild;Beschreibung für alle\na.jpg;x\n", "the header is not valid UTF-8. Save the list as UTF-8 (in Excel: CSV UTF-8)")]
    [InlineData("Bild;Beschreibung\na.jpg;schön\n",
        "line 2: is not valid UTF-8. Save the list as UTF-8 (in Excel: CSV UTF-8), or convert it: iconv -f WINDOWS-1252")]
    public void OtherEncodingsAreNamedWithTheRemedy(string content, string message)
    {
        File.WriteAllText(_folder["a.csv"], content, Encoding.Latin1);
        Assert.Contains(message, Assert.Throws<InputException>(() => _folder.ReadAll("a.csv")).Message);
    }

    private List<string> All(string name) => [.. _folder.ReadAll(name).Select(Line)];

    private static string Line(Sample sample) => $"{sample.Key}: {string.Join(' ', sample.Captions.Select(caption => caption.Text))}";

    private string Error(string name, DataConfig config) => Assert.Throws<InputException>(() => _folder.Open(name, config)).Message;
}
