namespace Llm2Clip.Tests.Data.Lists;

public sealed class FolderListTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ListsGiveTheSamplesInOrder()
    {
        Directory.CreateDirectory(_folder["images"]);
        File.WriteAllBytes(_folder["images/a.jpg"], [1]);
        File.WriteAllBytes(_folder["b.png"], [2, 3]);
        File.WriteAllText(_folder["metadata.jsonl"], """
            {"file_name": "images/a.jpg", "caption": "a"}

            {"image": "b.png", "key": "own", "captions": {"en": ["b", "c"], "de": "d"}}
            """);
        var samples = _folder.ReadAll(".");
        Assert.Equal(["images/a", "own"], samples.Select(sample => sample.Key));
        Assert.Equal(["b", "c", "d"], samples[1].Captions.Select(caption => caption.Text));
        Assert.Equal([2, 3], samples[1].Image.Read());
        Assert.Contains("line 3: b.png", samples[1].Origin);
    }

    [Theory]
    [InlineData("""{"image": "absent.jpg", "caption": "a"}""", "names the image 'absent.jpg', which does not exist")]
    [InlineData("""{"caption": "a"}""",
        "names no image (looked for `image`, `file_name`, ...; its JSON has caption). Name its field with data.image_key")]
    [InlineData("""{"image": "b.png"}""", "no caption")]
    [InlineData("""{"image": "b.png", """, "is not valid JSON")]
    [InlineData("""7""", "is not an object but a number")]
    [InlineData("""{"image": "http://x/b.png", "caption": "a"}""", "images must have been downloaded")]
    [InlineData("""{"image": "b.png", "caption": "\ud800"}""", "is not valid JSON")]
    public void BadLinesAreNamedByFileAndLine(string line, string reason)
    {
        File.WriteAllBytes(_folder["a.png"], [1]);
        File.WriteAllBytes(_folder["b.png"], [2]);
        File.WriteAllText(_folder["list.jsonl"], "{\"image\": \"a.png\", \"caption\": \"a\"}\n" + line);
        var error = Assert.Throws<InputException>(() => _folder.ReadAll("list.jsonl"));
        Assert.Contains("list.jsonl: line 2: ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void LongListsAreCutIntoShardsWithoutLosingALine()
    {
        File.WriteAllBytes(_folder["b.png"], [2]);
        const int lines = 5000;
        File.WriteAllLines(_folder["list.jsonl"],
            Enumerable.Range(1, lines).Select(i => $$"""{"image": "b.png", "key": "{{i}}", "caption": "ä{{new string('x', i % 90)}}"}"""));
        var source = _folder.Open("list.jsonl");
        Assert.True(source.ShardCount > 1);
        var samples = _folder.ReadAll("list.jsonl");
        Assert.Equal(Enumerable.Range(1, lines).Select(i => i.ToString()), samples.Select(sample => sample.Key));
        Assert.All(samples, sample => Assert.Contains($"line {sample.Key}: ", sample.Origin));
    }
}
