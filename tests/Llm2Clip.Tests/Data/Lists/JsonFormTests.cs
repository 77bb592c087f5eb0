using System.Text;
using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Data.Lists;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Tests.Data.Lists;

/// <summary>Karpathy, COCO, ShareGPT4V and Crossmodal-3600 files as their makers write them, cut down to a few records.</summary>
public sealed class JsonFormTests : IDisposable
{
    private const string Karpathy = """
        {"images": [
          {"filepath": "val2014", "sentids": [1, 2], "filename": "COCO_val2014_01.jpg", "imgid": 0, "split": "test",
           "sentences": [{"tokens": ["a", "man"], "raw": "A man.", "imgid": 0, "sentid": 1}, {"tokens": [], "raw": "Riders ", "imgid": 0, "sentid": 2}], "cocoid": 391895},
          {"sentids": [3], "filename": "two.jpg", "imgid": 1, "split": "train", "sentences": [{"tokens": ["b"], "raw": "B", "imgid": 1, "sentid": 3}]},
          {"sentids": [4], "filename": "three.jpg", "imgid": 2, "split": "restval", "sentences": [{"raw": "C"}]}],
         "dataset": "coco"}
        """;

    private const string Coco = """
        {"info": {"description": "COCO 2014 Dataset", "images": [{"id": 9}]},
         "images": [{"license": 5, "file_name": "one.jpg", "coco_url": "http://x", "height": 3, "width": 4, "id": 57870}, {"file_name": "two.jpg", "id": 2}],
         "licenses": [{"url": "http://x", "id": 1}],
         "annotations": [{"image_id": 2, "id": 48, "caption": "two b"}, {"image_id": 57870, "id": 787980, "caption": "A restaurant"}, {"image_id": 2, "id": 47, "caption": "two a"}]}
        """;

    private const string ShareGpt4V = """
        [{"id": "000000000009", "image": "coco/one.jpg", "conversations": [{"from": "human", "value": "What do you see?\n<image>"}, {"from": "gpt", "value": "In the center of the image.\n\nA dog."}]},
         {"id": "2", "image": "two.jpg", "model": "sharecaptioner", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "first"}, {"from": "human", "value": "q"}, {"from": "gpt", "value": "second"}]}]
        """;

    private const string Crossmodal = """
        {"image/key": "one", "image/locale": "quz", "en": {"caption": ["a", "b"], "caption/tokenized": ["a", "b"]}, "zh": {"caption": ["狗"], "caption/tokenized": ["狗"]}}
        {"image/key": "two", "image/locale": "fi", "fi": {"caption": ["koira"]}, "en": {"caption/tokenized": []}}
        """;

    private readonly DataFolder _folder = new();

    public JsonFormTests()
    {
        foreach (var name in new[] { "val2014/COCO_val2014_01.jpg", "one.jpg", "two.jpg", "three.jpg", "coco/one.jpg" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder["images/" + name])!);
            File.WriteAllBytes(_folder["images/" + name], Encoding.UTF8.GetBytes(name));
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("k.json", Karpathy, "val2014/COCO_val2014_01=A man./en/Short|Riders/en/Short two=B/en/Short three=C/en/Short")]
    [InlineData("c.json", Coco, "one=A restaurant/en/Short two=two b/en/Short|two a/en/Short")]
    [InlineData("s.json", ShareGpt4V, "coco/one=In the center of the image.\n\nA dog./en/Long two=first/en/Long")]
    [InlineData("x.jsonl", Crossmodal, "one=a/en/Short|b/en/Short|狗/zh/Short two=koira/fi/Short")]
    public void EveryFormGivesItsSamples(string name, string content, string expected)
    {
        var samples = Read(name, content);
        Assert.Equal(expected, string.Join(' ', samples.Select(Line)));
        Assert.All(samples, sample => Assert.Contains(Path.GetFileName(sample.Key), Encoding.UTF8.GetString(sample.Image.Read())));
        Assert.Equal(samples.Select(Line), Read(name, content).Select(Line));
    }

    [Theory]
    [InlineData("test", "val2014/COCO_val2014_01")]
    [InlineData("train+restval", "two three")]
    public void KarpathySplitsAreNamedBehindTheFile(string split, string keys)
    {
        File.WriteAllText(_folder["k.json"], Karpathy);
        Assert.Equal(keys, string.Join(' ', _folder.ReadAll("k.json#" + split, Root).Select(sample => sample.Key)));
        Assert.Contains("k.json has no split 'val'; it has restval, test, train.",
            Assert.Throws<InputException>(() => _folder.ReadAll("k.json#val", Root)).Message);
    }

    [Fact]
    public void LanguageAndKindOfTheRunFileCount()
    {
        File.WriteAllText(_folder["s.json"], ShareGpt4V);
        Assert.All(_folder.ReadAll("s.json", Root with { Language = "de", Kind = CaptionKind.Raw }), sample =>
            Assert.Equal(("de", CaptionKind.Raw), (sample.Captions[0].Language, sample.Captions[0].Kind)));
    }

    [Fact]
    public void SeveralFilesThroughAPattern()
    {
        File.WriteAllText(_folder["c-1.json"],
            Coco.Replace("57870", "1").Replace("one.jpg", "three.jpg").Replace("two.jpg", "coco/one.jpg"));
        File.WriteAllText(_folder["c-0.json"], Coco);
        Assert.Equal(["one", "two", "three", "coco/one"], _folder.ReadAll("c-*.json", Root).Select(sample => sample.Key));
    }

    [Theory]
    [InlineData("k.json", Karpathy, "\"raw\": \"B\"", "\"raw\": \" \"", "images[1]: no caption is left: sentences[0].raw is empty")]
    [InlineData("k.json", Karpathy, "\"sentids\": [3], \"filename\"", "\"name\"", "images[1]: has no `filename`")]
    [InlineData("k.json", Karpathy, "\"raw\": \"B\"", "\"row\": \"B\"", "images[1]: no caption is left: sentences[0] has no `raw` text")]
    [InlineData("k.json", Karpathy, "two.jpg", "absent.jpg", "images[1]: names the image 'absent.jpg', which does not exist")]
    [InlineData("c.json", Coco, "\"image_id\": 57870", "\"image_id\": 4", "images[0]: no caption (no annotation names image_id 57870)")]
    [InlineData("c.json", Coco, "\"file_name\": \"two.jpg\", ", "", "images[1]: has no `file_name`")]
    [InlineData("c.json", Coco, "\"caption\": \"A restaurant\"", "\"bbox\": []",
        "images[0]: no caption is left: annotation 787980 has no `caption`")]
    [InlineData("c.json", Coco, "\"image_id\": 57870, ", "", "annotations[1]: has no `image_id`", 2)]
    [InlineData("s.json", ShareGpt4V, "\"image\": \"two.jpg\", ", "", "[1]: has no `image`")]
    [InlineData("s.json", ShareGpt4V, "\"value\": \"first\"", "\"value\": \"\"",
        "[1]: no caption is left: conversations[1].value is empty")]
    [InlineData("s.json", ShareGpt4V, "\"gpt\", \"value\": \"In", "\"human\", \"value\": \"In",
        "[0]: no caption (no turn of its `conversations` is from gpt or assistant)")]
    [InlineData("s.json", ShareGpt4V, "{\"id\": \"2\"", "7, {\"id\": \"2\"", "[1]: is not an object but a number")]
    [InlineData("s.json", ShareGpt4V, "first", "\\ud800", "[1]: is not valid JSON")]
    [InlineData("x.jsonl", Crossmodal, "\"image/key\": \"two\"", "\"key\": \"two\"", "line 2: has no `image/key`")]
    [InlineData("x.jsonl", Crossmodal, "[\"koira\"]", "[]", "line 2: no caption is left: en has no `caption`")]
    [InlineData("x.jsonl", Crossmodal, "[\"koira\"]", "[5]", "line 2: fi.caption[0] is a number where a text was expected")]
    [InlineData("x.jsonl", Crossmodal, "\"fi\": {", "\"fi\": {{", "line 2: is not valid JSON")]
    public void BadRecordsAreNamedCountedAndLeftOut(string name, string content, string good, string bad, string reason, int count = 1)
    {
        Assert.Contains(good, content);
        var all = Read(name, content).Count;
        var kept = Read(name, content.Replace(good, bad), new DataConfig { MaxBadShare = 1 }).Count;
        Assert.Equal(bad.StartsWith("7,", StringComparison.Ordinal) ? all : all - 1, kept);
        var error = Assert.Throws<InputException>(() => Read(name, content.Replace(good, bad)));
        Assert.Contains($"{count} of {kept + count} records are bad", error.Message);
        Assert.Contains($"{name}: {reason}", error.Message);
    }

    [Theory]
    [InlineData("k.json", Karpathy, "two.jpg\",", "two.jpg\",,", "broken JSON at line 4, byte 42 of it: ")]
    [InlineData("s.json", ShareGpt4V, "}]}]", "}]}", "broken JSON at line 2, byte ")]
    [InlineData("s.json", ShareGpt4V, "}]}]", "}]}] x", "broken JSON at line 2, byte ")]
    public void BrokenJsonIsNamedByLineAndByte(string name, string content, string good, string bad, string message)
    {
        var error = Assert.Throws<InputException>(() => Read(name, content.Replace(good, bad)));
        Assert.Contains($"{name}: {message}", error.Message);
    }

    [Theory]
    [InlineData(DatasetFormat.Karpathy, """{"dataset": "coco"}""", "this JSON has no list `images`")]
    [InlineData(DatasetFormat.Coco, """{"images": []}""", "this JSON has no list `annotations`")]
    [InlineData(DatasetFormat.Sharegpt4v, """{"images": []}""", "this JSON is not a list of records")]
    public void AFileOfAnotherFormatSaysSo(DatasetFormat format, string content, string message)
    {
        File.WriteAllText(_folder["a.json"], content);
        Assert.Contains(message, Assert.Throws<InputException>(() => _folder.Open("a.json", new DataConfig { Format = format })).Message);
    }

    [Fact]
    public void AnnotationsOfUnknownImagesAreRemarked()
    {
        Assert.Equal(2, Read("c.json", Coco.Replace("{\"image_id\": 2, \"id\": 48", "{\"image_id\": 3, \"id\": 48")).Count);
        Assert.Contains(_folder.Lines, line => line.Contains("c.json: annotations: 1 of them name an image that `images` does not hold"));
    }

    /// <summary>Values larger than the reader's buffer, before, between and inside lists; elements across its ends.</summary>
    [Fact]
    public void LargeFilesAreWalkedThroughInPieces()
    {
        var file = _folder["big.json"];
        using (var writer = new StreamWriter(file, false, new UTF8Encoding(true)))
        {
            writer.Write($$"""{"skip": [{{string.Join(',', Enumerable.Range(0, 300_000))}}], "o": {"images": [1], "t": "{{new string('ä', 700_000)}}"}, "images": [""");
            writer.Write(string.Join(" ,\n",
                Enumerable.Range(0, 20_000).Select(i => $$"""{"i": {{i}}, "text": "{{new string('x', i % 211)}}"}""")));
            writer.Write($$""", "{{new string('y', 3 << 20)}}", 5], "images2": [], "last": null}""");
        }
        var bytes = File.ReadAllBytes(file);
        using var reader = new JsonArrayReader(file, "images", "");
        for (var i = 0; i < 20_002; i++)
        {
            Assert.True(reader.Next(out var element));
            Assert.Equal($"images[{i}]", element.Place);
            Assert.True(element.Bytes.Span.SequenceEqual(bytes.AsSpan((int)element.Offset, element.Bytes.Length)));
            using var json = JsonDocument.Parse(element.Bytes);
            Assert.Equal(i switch { 20_000 => JsonValueKind.String, 20_001 => JsonValueKind.Number, _ => JsonValueKind.Object },
                json.RootElement.ValueKind);
        }
        Assert.False(reader.Next(out _));
        Assert.Equal(["images"], reader.Found);
    }

    [Fact]
    public void LongListsAreCutIntoShards()
    {
        foreach (var i in Enumerable.Range(0, 5000))
        {
            File.WriteAllBytes(_folder[$"images/{i}.jpg"], []);
        }
        File.WriteAllText(_folder["s.json"],
            "[" + string.Join(",\n ", Enumerable.Range(0, 5000)
            .Select(i => $$"""{"image": "{{i}}.jpg", "id": "{{i}}", "conversations": [{"from": "gpt", "value": "{{i}}"}]}""")) + "]");
        var source = _folder.Open("s.json", Root);
        Assert.Equal(3, source.ShardCount);
        Assert.Equal("4096", source.ReadShard(2, _ => { }, TestContext.Current.CancellationToken).First().Captions[0].Text);
        Assert.EndsWith("s.json: [4096]: 4096.jpg", source.ReadShard(2, _ => { }, TestContext.Current.CancellationToken).First().Origin);
    }

    private DataConfig Root => new() { ImageRoot = _folder["images"] };

    private List<Sample> Read(string name, string content, DataConfig? config = null)
    {
        File.WriteAllText(_folder[name], content);
        var format = Path.GetFileNameWithoutExtension(name) switch
        {
            "k" => DatasetFormat.Karpathy,
            "c" => DatasetFormat.Coco,
            "s" =>
            DatasetFormat.Sharegpt4v,
            _ => DatasetFormat.Crossmodal3600
        };
        return _folder.ReadAll(name, (config ?? new DataConfig()) with { ImageRoot = _folder["images"], Format = format });
    }

    private static string Line(Sample sample) =>
        $"{sample.Key}={string.Join('|', sample.Captions.Select(caption => $"{caption.Text}/{caption.Language}/{caption.Kind}"))}";
}
