using System.Text.Json;
using Llm2Clip.Models.Text;

namespace Llm2Clip.Tests.Models.Text;

/// <summary>CLIP's tokenizer against the ids of open_clip's and Long-CLIP's: all cases of golden/tokenizer and golden/longclip.</summary>
[Trait("Category", "Golden")]
public sealed class ClipTokenizerGoldenTests
{
    private const int Short = 77;
    private const int Long = 248;

    /// <summary>
    /// A repair of text that was decoded by a wrong table is left out (<see cref="CaptionCleaning"/>); a control character that
    /// Windows-1252 has a letter for is repaired all the same.
    /// </summary>
    private static readonly string[] LeftOut = ["decode utf-8", "decode_inconsistent_utf8"];

    [Fact]
    public void CaptionsAreCleanedAndCutAsOpenClipDoes()
    {
        var tokenizer = Open(SpecialSpelling.OpenClip);
        var cases = Cases("tokenizer", "clip-bpe-expected.json").Where(IsKept).ToList();
        Assert.NotEmpty(cases);
        Assert.All(cases, one =>
        {
            var text = Text(one, "text");
            Assert.Equal(Text(one, "cleaned"), CaptionCleaning.Clean(text));
            Assert.Equal(Ids(one, "ids_77"), Row(tokenizer, text, Short));
            Assert.Equal(one.GetProperty("full_length").GetInt32(), tokenizer.Encode(text).Length);
        });
    }

    [Fact]
    public void LongContextsAreCutAsLongClipDoes()
    {
        var tokenizer = Open(SpecialSpelling.OpenAi);
        var cases = Cases("tokenizer", "clip-bpe-expected.json").Where(IsKept).ToList();
        Assert.Contains(cases, one => one.TryGetProperty("ids_248", out _));
        Assert.All(cases, one =>
        {
            var expected = Ids(one, one.TryGetProperty("ids_248", out _) ? "ids_248" : "ids_77");
            Assert.Equal(expected, Row(tokenizer, Text(one, "text"), Long));
        });
    }

    /// <summary>The cases that are left out are few, and each is one of text that was decoded by a wrong table.</summary>
    [Fact]
    public void OnlyTextOfAWrongTableIsLeftOut()
    {
        var all = Cases("tokenizer", "clip-bpe-expected.json").ToList();
        var leftOut = all.Where(one => !IsKept(one)).ToList();
        Assert.InRange(leftOut.Count, 1, all.Count / 40);
        Assert.All(leftOut, one => Assert.Contains(Text(one, "text"), letter => letter is >= '\u00C0' and <= '\u00FF'));
    }

    [Fact]
    public void ParagraphsAreCutAsLongClipDoes()
    {
        var tokenizer = Open(SpecialSpelling.OpenAi);
        var cases = Cases("longclip", "tokenizer.json").ToList();
        Assert.NotEmpty(cases);
        Assert.All(cases, one =>
        {
            // The model's input has blanks in the place of newlines (golden/longclip/README).
            var input = Text(one, "text").Replace('\n', ' ');
            foreach (var (kind, text) in new[] { ("long", input), ("short", Text(one, "short")) })
            {
                Assert.Equal(one.GetProperty($"{kind}_length").GetInt32(), tokenizer.Encode(text).Length);
                Assert.Equal(Ids(one, $"{kind}_ids_77"), Row(tokenizer, text, Short));
                var name = one.TryGetProperty($"{kind}_ids_248", out _) ? $"{kind}_ids_248" : $"{kind}_ids_77";
                Assert.Equal(Ids(one, name), Row(tokenizer, text, Long));
            }
        });
    }

    /// <summary>The three kinds of files that hold a vocabulary give the same ids.</summary>
    [Fact]
    public void EveryFileOfTheVocabularyGivesTheSameIds()
    {
        using var folder = new Llm2Clip.Tests.Teachers.TemporaryFolder();
        var source = Read();
        source.Save(folder.Path, Short);
        var ids = new System.Text.Json.Nodes.JsonObject(
            source.Ids.Select(pair => KeyValuePair.Create(pair.Key, (System.Text.Json.Nodes.JsonNode?)pair.Value)));
        var merges = new System.Text.Json.Nodes.JsonArray([.. source.Merges.Select(pair =>
            (System.Text.Json.Nodes.JsonNode)new System.Text.Json.Nodes.JsonArray(pair.Left, pair.Right))]);
        var whole = Directory.CreateDirectory(Path.Combine(folder.Path, "whole")).FullName;
        File.WriteAllText(
            Path.Combine(whole, ClipVocabulary.WholeName),
            new System.Text.Json.Nodes.JsonObject
            {
                ["model"] = new System.Text.Json.Nodes.JsonObject { ["vocab"] = ids, ["merges"] = merges },
            }.ToJsonString());
        ClipTokenizer[] tokenizers = [new(source), ClipTokenizer.Open(folder.Path), ClipTokenizer.Open(whole)];
        var texts = Cases("longclip", "tokenizer.json").Select(one => Text(one, "text")).ToList();
        Assert.All(texts, text => Assert.Single(
            tokenizers.Select(tokenizer => string.Join(' ', tokenizer.Encode(text))).Distinct()));
    }

    private static bool IsKept(JsonElement one) => !one.TryGetProperty("ftfy_steps", out var steps)
        || !steps.EnumerateArray().Any(step => LeftOut.Contains(step.GetString()));

    private static int[] Row(ClipTokenizer tokenizer, string text, int context) =>
        tokenizer.Encode([text], context, truncate: true).Rows[0];

    private static int[] Ids(JsonElement one, string name) => [.. one.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    private static string Text(JsonElement one, string name) => one.GetProperty(name).GetString()!;

    private static IEnumerable<JsonElement> Cases(string area, string file) =>
        JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden(area, file))).RootElement.GetProperty("cases").EnumerateArray();

    private static ClipVocabulary Read() => ClipVocabulary.OfOpenAi(SharedData.RequireGolden("tokenizer", ClipVocabulary.OpenAiName));

    private static ClipTokenizer Open(SpecialSpelling spelling) => new(Read(), spelling);
}
