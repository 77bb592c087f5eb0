using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using Llm2Clip.Data;

namespace Llm2Clip.Tests.Data;

/// <summary>JSON and texts as Python and Windows write them.</summary>
public sealed class RecordJsonTests : IDisposable
{
    private static readonly byte[] Jpeg = DataFolder.Image(1);
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"a": NaN, "b": [Infinity, -Infinity, -1], "c": "NaN \"Infinity\\"}""",
        """{"a": "" , "b": [""      , ""       , -1], "c": "NaN \"Infinity\\"}""")]
    [InlineData("""{"NaN": 1, "I": "-"}""", """{"NaN": 1, "I": "-"}""")]
    [InlineData("[-Infinit, Nan, N]", "[-Infinit, Nan, N]")]
    public void WordsOfPythonBecomeEmptyTextsWhereverTheBytesAreCut(string json, string expected)
    {
        for (var cut = 0; cut <= json.Length; cut++)
        {
            var bytes = Encoding.UTF8.GetBytes(json);
            var words = new PythonNumbers();
            var settled = words.Replace(bytes.AsSpan(0, cut), final: false);
            Assert.InRange(settled, Math.Max(0, cut - 8), cut);
            Assert.Equal(bytes.Length - settled, words.Replace(bytes.AsSpan(settled), final: true));
            Assert.Equal(expected, Encoding.UTF8.GetString(bytes));
        }
    }

    [Fact]
    public void WhatIsNotJsonStaysAnError()
    {
        Assert.ThrowsAny<JsonException>(() => RecordJson.Parse("{\"a\": Nan}"u8.ToArray()));
        Assert.ThrowsAny<JsonException>(() => RecordJson.Parse("{\"a\": NaN"u8.ToArray()));
        Assert.Equal(1, RecordJson.Parse("\uFEFF{\"a\": NaN, \"b\": 1}"u8.ToArray()).RootElement.GetProperty("b").GetInt32());
    }

    [Fact]
    public void ByteOrderMarksAreNoPartOfMembers()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar,
            ("1.jpg", Jpeg), ("1.txt", DataFolder.Bytes("\uFEFFEin Hund\r\n")), ("2.jpg", Jpeg),
                ("2.json", DataFolder.Bytes("\uFEFF{\"caption\": \"two\"}")));
        Assert.Equal(["Ein Hund", "two"], _folder.ReadAll("a.tar").Select(sample => sample.Captions[0].Text));
    }

    [Fact]
    public void TextsThatAreNotUtf8AreNamedWithTheRemedy()
    {
        File.WriteAllText(_folder["a.txt"], "eins\nzwölf\n", Encoding.Latin1);
        var texts = CaptionStream.Of(new TextSourceConfig { Path = _folder["a.txt"] }, new DataConfig(), _folder,
            TestContext.Current.CancellationToken);
        Assert.Contains("a.txt: not valid UTF-8 near line 1. Save the list as UTF-8",
            Assert.Throws<InputException>(() => texts.Count()).Message);
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", Jpeg), ("1.txt", Encoding.Latin1.GetBytes("zwölf")));
        Assert.Contains("a.tar: 1: its txt member is not UTF-8", Assert.Throws<InputException>(() => _folder.ReadAll("a.tar")).Message);
    }

    /// <summary>An empty place is passed over for the next one, in the order of the documentation.</summary>
    [Theory]
    [InlineData("""{"caption": null, "url": "u"}""", "text")]
    [InlineData("""{"captions": [], "caption": "", "url": "u"}""", "text")]
    [InlineData("""{"caption": NaN, "punsafe": NaN}""", "text")]
    [InlineData("""{"captions": {"en": [null, ""]}, "caption": "c"}""", "c")]
    [InlineData("""{"punsafe": NaN, "pwatermark": -Infinity, "caption": "c"}""", "c")]
    [InlineData("""{"text": "t", "title": "x"}""", "text")]
    public void EmptyPlacesArePassedOver(string json, string caption)
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", Jpeg), ("1.json", DataFolder.Bytes(json)),
            ("1.txt", DataFolder.Bytes("text")));
        Assert.Equal(caption, Assert.Single(Assert.Single(_folder.ReadAll("a.tar")).Captions).Text);
        Assert.DoesNotContain(_folder.Lines, line => line.StartsWith("warning", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a.jsonl", """{"file_name": "a.jpg", "text": "one", "score": NaN}""")]
    [InlineData("a.jsonl", """{"image/key": "a", "score": NaN, "en": {"caption": ["one"], "score": -Infinity}}""")]
    [InlineData("a.json", """{"info": {"x": NaN}, "images": [{"filename": "a.jpg", "cocoid": NaN, "split": "train", "sentences": [{"raw": "one", "p": NaN}]}]}""")]
    [InlineData("a.json", """{"images": [{"id": 0, "file_name": "a.jpg", "width": NaN}], "annotations": [{"id": NaN, "image_id": 0.0, "caption": "one", "p": Infinity}]}""")]
    [InlineData("a.json", """[{"image": "a.jpg", "score": NaN, "conversations": [{"from": "gpt", "value": "one"}]}]""")]
    public void ListsOfEveryKindBearThem(string name, string content)
    {
        File.WriteAllBytes(_folder["a.jpg"], Jpeg);
        File.WriteAllText(_folder[name], "\uFEFF" + content);
        Assert.Equal("one", Assert.Single(Assert.Single(_folder.ReadAll(name)).Captions).Text);
    }

    [Fact]
    public void ChineseClipsTextsBearThem()
    {
        File.WriteAllText(_folder["x_imgs.tsv"], $"\uFEFF7\t{Convert.ToBase64String(Jpeg)}\n");
        File.WriteAllText(_folder["x_texts.jsonl"],
            "\uFEFF{\"text_id\": NaN, \"text\": \"一只猫\", \"image_ids\": [7.0, NaN], \"score\": -Infinity}\n");
        Assert.Equal("一只猫", Assert.Single(Assert.Single(_folder.ReadAll("x_imgs.tsv")).Captions).Text);
    }

    /// <summary>A list larger than the reader's buffer, with the words at every place of its border.</summary>
    [Fact]
    public void WordsAtTheBordersOfTheBufferAreFound()
    {
        File.WriteAllBytes(_folder["a.jpg"], Jpeg);
        var pad = new string('x', 1000);
        for (var shift = 0; shift < 20; shift++)
        {
            var records = Enumerable.Range(0, 1100).Select(i =>
                $$"""{"id": {{i}}, "image": "a.jpg", "s": NaN, "t": -Infinity, "conversations": [{"from": "gpt", "value": "{{pad}}{{i}}"}]}""");
            File.WriteAllText(_folder["a.json"], new string(' ', shift) + "[" + string.Join(",", records) + "]");
            Assert.Equal(1100, Assert.Single(_folder.ReadAll("a.json")).Captions.Count);
        }
    }
}
