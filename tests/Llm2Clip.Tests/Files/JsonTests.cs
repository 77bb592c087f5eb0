using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Tests.Files;

public class JsonTests
{
    private enum Kind
    {
        LongText,
        Fp16,
    }

    private sealed record Entry(string Name, Kind Kind)
    {
        public double? LearningRate { get; init; }
    }

    [Fact]
    public void AFileIsWrittenAsPeopleReadIt()
    {
        var entry = new Entry("ein Hund läuft, 一只狗 <i>", Kind.LongText) { LearningRate = 0.5 };
        Assert.Equal(
            "{\n  \"name\": \"ein Hund läuft, 一只狗 <i>\",\n  \"kind\": \"long_text\",\n  \"learning_rate\": 0.5\n}",
            JsonSerializer.Serialize(entry, Json.File));
        Assert.Equal(
            """{"name":"a","kind":"fp16","learning_rate":null}""", JsonSerializer.Serialize(new Entry("a", Kind.Fp16), Json.Line));
    }

    [Theory]
    [InlineData("""{"name": "a", "kind": "fp16", "learning_rate": 1}""", true)]
    [InlineData("""{"name": "a", "kind": "Fp16"}""", true)] // as stores were written before
    [InlineData("""{"name": "a", "kind": "fp16", "color": 1}""", false)]
    [InlineData("""{"name": "a", "name": "b", "kind": "fp16"}""", false)]
    [InlineData("""{"kind": "fp16"}""", false)]
    [InlineData("""{"name": null, "kind": "fp16"}""", false)]
    [InlineData("""{"name": "a", "kind": 1}""", false)]
    [InlineData("""{"name": "a", "kind": "fp8"}""", false)]
    [InlineData("""{"name": "a", "kind": "fp16", "learning_rate": "NaN"}""", false)]
    public void ReadingIsStrict(string json, bool valid)
    {
        foreach (var options in new[] { Json.File, Json.Line })
        {
            if (valid)
            {
                var entry = JsonSerializer.Deserialize<Entry>(json, options)!;
                Assert.Equal(("a", Kind.Fp16), (entry.Name, entry.Kind));
            }
            else
            {
                Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Entry>(json, options));
            }
        }
    }

    [Fact]
    public void AReportMayHoldWhatIsNoNumber()
    {
        var entry = new Entry("a", Kind.Fp16) { LearningRate = double.NaN };
        Assert.Contains("\"learning_rate\": \"NaN\"", JsonSerializer.Serialize(entry, Json.Report));
        Assert.Throws<ArgumentException>(() => JsonSerializer.Serialize(entry, Json.File));
    }

    [Fact]
    public void NoOtherOptionsAreMade()
    {
        var source = Path.Combine(SharedData.RepositoryRoot(), "src");
        var found = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(source, path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
            .SelectMany(path => File.ReadLines(path).Where(MakesOptions).Select(_ => Path.GetFileName(path)));
        // Report and Strict, from which File and Line come; and results, which are Report with recall in percent.
        Assert.Equal(["Json.cs", "Json.cs", "RecallJson.cs"], found.Order());

        static bool MakesOptions(string line) =>
            line.Contains("new JsonSerializerOptions") || (line.Contains("JsonSerializerOptions ") && line.Contains("new("));
    }
}
