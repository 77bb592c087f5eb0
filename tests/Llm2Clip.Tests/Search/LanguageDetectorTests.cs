using Llm2Clip.Data;
using Llm2Clip.Search;

namespace Llm2Clip.Tests.Search;

public sealed class LanguageDetectorTests
{
    [Theory]
    [InlineData("a dog on the beach", "en")]
    [InlineData("Hund am Strand", "de")]
    [InlineData("un chien sur la plage", "fr")]
    [InlineData("niños jugando en la playa", "es")]
    [InlineData("un cane nella neve", "it")]
    [InlineData("um cachorro na praia", "pt")]
    [InlineData("een hond op het strand", "nl")]
    [InlineData("en hund på stranden", "sv")]
    [InlineData("pies na plaży", "pl")]
    [InlineData("sahilde bir köpek", "tr")]
    [InlineData("海滩上的狗", "zh")]
    [InlineData("ビーチの犬", "ja")]
    [InlineData("海岸の犬と子供", "ja")]
    [InlineData("해변의 개", "ko")]
    [InlineData("собака на пляже", "ru")]
    [InlineData("σκύλος στην παραλία", "el")]
    [InlineData("כלב על החוף", "he")]
    [InlineData("كلب على الشاطئ", "ar")]
    [InlineData("समुद्र तट पर कुत्ता", "hi")]
    [InlineData("สุนัขบนชายหาด", "th")]
    [InlineData("iPhone 海滩上的狗在跑", "zh")]
    [InlineData("2024 !!", null)]
    public void ASentencesLanguage(string text, string? language) => Assert.Equal(language, LanguageDetector.Instance.Detect([text], []));

    /// <summary>What many languages write alike is taken for one that the teacher knows.</summary>
    [Fact]
    public void AKnownLanguageIsLikelier()
    {
        Assert.Equal("fr", LanguageDetector.Instance.Detect(["person"], ["fr"]));
        Assert.Equal("it", LanguageDetector.Instance.Detect(["person"], ["it"]));
    }

    /// <summary>The accuracy that the class states, of captions that its sentences were not made of.</summary>
    [Theory]
    [InlineData("en", 1000, 0.995, 0.96)]
    [InlineData("de", 934, 0.995, 0.98)]
    [InlineData("fr", 934, 0.995, 0.965)]
    [InlineData("zh", 1000, 0.99, 0.99)]
    public void HeldOutCaptions(string language, int count, double whole, double firstWords)
    {
        var data = new DataConfig();
        var source = Datasets.Open(Path.Combine(SharedData.RequireShared("data", "flickr8k"), "flickr8k-val-*.tar"), data, SilentLog.Instance);
        var captions = Datasets.ReadAll(source, data, SilentLog.Instance)
            .Select(sample => sample.Captions.FirstOrDefault(caption => caption.Language == language)?.Text).OfType<string>().ToList();
        Assert.Equal(count, captions.Count);
        Assert.InRange(Share(captions), whole, 1);
        Assert.InRange(Share(captions.ConvertAll(text => string.Join(' ', text.Split(' ').Take(3)))), firstWords, 1);

        double Share(List<string> texts) =>
            texts.Count(text => LanguageDetector.Instance.Detect([text], []) == language) / (double)texts.Count;
    }
}
