using Llm2Clip.MakeQuickStart;

namespace Llm2Clip.Tests.MakeQuickStart;

public class GrammarTests
{
    private static readonly Scene Single = new(Place.Meadow, Relation.Alone, [new Group(1, Size.Small, Color.Orange, Thing.Umbrella)]);

    private static readonly Scene Pair = new(
        Place.Beach, Relation.LeftOf, [new Group(1, Size.Large, Color.Red, Thing.Star),
            new Group(3, Size.Medium, Color.Blue, Thing.Flower)]);

    private static readonly Scene Inner = new(
        Place.Sky, Relation.Inside, [new Group(1, Size.Small, Color.Green, Thing.Key), new Group(1, Size.Large, Color.Pink, Thing.Heart)]);

    private static readonly Scene Middle = new(
        Place.Road,
        Relation.Between,
        [new Group(1, Size.Medium, Color.White, Thing.Tree), new Group(1, Size.Medium, Color.Black, Thing.House),
            new Group(1, Size.Small, Color.Yellow, Thing.Moon)]);

    /// <summary>With the usual words only; what synonyms do is drawn by chance.</summary>
    public static TheoryData<string, string, Form, bool, string> Expectations => new()
    {
        { "en", nameof(Single), Form.Phrase, false, "a small orange umbrella on the grass" },
        { "en", nameof(Pair), Form.Sentence, false, "A large red star is to the left of three blue flowers on the beach." },
        { "en", nameof(Pair), Form.There, true, "There are three blue flowers to the right of a large red star on the beach." },
        { "en", nameof(Inner), Form.Phrase, true, "a large pink heart with a small green key in it in the sky" },
        { "en", nameof(Middle), Form.Sentence, false, "A white tree is between a black house and a small yellow moon on the road." },
        { "de", nameof(Single), Form.There, false, "Es gibt einen kleinen orangefarbenen Regenschirm auf der Wiese." },
        { "de", nameof(Single), Form.PlaceFirst, false, "Auf der Wiese ist ein kleiner orangefarbener Regenschirm." },
        { "de", nameof(Pair), Form.Phrase, false, "ein großer roter Stern links von drei blauen Blumen am Strand" },
        { "de", nameof(Pair), Form.There, true, "Es gibt drei blaue Blumen rechts von einem großen roten Stern am Strand." },
        { "de", nameof(Inner), Form.Phrase, false, "ein kleiner grüner Schlüssel in einem großen rosa Herzen am Himmel" },
        { "de", nameof(Inner), Form.Phrase, true, "ein großes rosa Herz mit einem kleinen grünen Schlüssel darin am Himmel" },
        { "de", nameof(Middle), Form.Phrase, true,
            "ein weißer Baum zwischen einem kleinen gelben Mond und einem schwarzen Haus auf der Straße" },
        { "zh", nameof(Single), Form.Phrase, false, "草地上的一把橙色的小雨伞" },
        { "zh", nameof(Single), Form.PlaceFirst, false, "在草地上有一把橙色的小雨伞。" },
        { "zh", nameof(Pair), Form.Phrase, false, "沙滩上的三朵蓝色的花左边的一颗红色的大星星" },
        { "zh", nameof(Inner), Form.Phrase, true, "天空中的一颗粉色的大爱心，里面有一把绿色的小钥匙" },
        { "zh", nameof(Middle), Form.Phrase, false, "马路上的一座黑色的房子和一个黄色的小月亮之间的一棵白色的树" },
    };

    [Theory]
    [MemberData(nameof(Expectations))]
    public void SaysTheSceneInProperSentences(string language, string scene, Form form, bool reversed, string expected)
    {
        var described = scene switch { nameof(Single) => Single, nameof(Pair) => Pair, nameof(Inner) => Inner, _ => Middle };
        var grammar = Grammars.All.Single(g => g.Language == language);
        // Some draw takes the usual word everywhere: among many, the expected text occurs.
        var random = new SceneRandom(1);
        var texts = Enumerable.Range(0, 3000).Select(_ => grammar.Write(described, new Intent(form, true, reversed, 0), random))
            .ToHashSet();
        Assert.Contains(expected, texts);
    }

    [Fact]
    public void ConceptsAreTheSameInEveryLanguage()
    {
        Assert.All(Grammars.All, grammar => Assert.Equal(Grammars.English.Concepts.Count, grammar.Concepts.Count));
        for (var i = 0; i < Grammars.English.Concepts.Count; i++)
        {
            Assert.Single(Grammars.All.Select(grammar => grammar.Concepts[i].Count == 0).Distinct());
        }
    }

    [Fact]
    public void MixingReplacesWordsByTheirTranslations()
    {
        var random = new SceneRandom(8);
        var mixed = Enumerable.Range(0, 500).Select(_ => MixedText.Mix("a red star on the beach.", "en", random)).ToHashSet();
        Assert.Contains("a red star on the beach.", mixed);
        Assert.Contains("a rote 星星 on the beach.", mixed);
        Assert.Contains("a 红色 Stern 沙滩上.", mixed);
        Assert.Contains("一 Stern 在 am Strand", Enumerable.Range(0, 500).Select(_ => MixedText.Mix("一星星在沙滩上", "zh", random)));
    }

    [Fact]
    public void TextIsInItsOwnScript()
    {
        var random = new SceneRandom(2);
        for (var i = 0; i < 2000; i++)
        {
            var scene = SceneSampler.Draw(random);
            foreach (var grammar in Grammars.All)
            {
                var text = grammar.Write(scene, random.Chance(0.3) ? Intent.DrawLong(random) : Intent.DrawShort(random), random);
                Assert.DoesNotContain("  ", text);
                Assert.Equal(text.Trim(), text);
                Assert.NotEqual("", text);
                Assert.True(grammar.Language == "zh" == text.Any(c => c > 0x4E00), text);
            }
        }
    }

    [Fact]
    public void GermanPluralDativesEndInNOrS()
    {
        var random = new SceneRandom(3);
        foreach (var thing in Enum.GetValues<Thing>())
        {
            var scene = new Scene(Place.Sea, Relation.LeftOf,
                [new Group(1, Size.Medium, Color.Red, Thing.Star), new Group(3, Size.Medium, Color.Blue, thing)]);
            var text = Grammars.German.Write(scene, new Intent(Form.Phrase, false, false, 0), random);
            Assert.Contains(" drei blauen ", text, StringComparison.Ordinal);
            Assert.True(text[^1] is 'n' or 's', text);
        }
    }

    [Fact]
    public void ChineseCountsTwoAsLiang()
    {
        var text = Grammars.Chinese.Describe(new Group(2, Size.Medium, Color.Blue, Thing.Fish), new SceneRandom(1));
        Assert.StartsWith("两条", text, StringComparison.Ordinal);
    }
}
