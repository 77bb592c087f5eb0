using System.Text;
using LLama.Native;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Tests.Teachers;

/// <summary>Which tokens make the vector, found in the tokenised whole.</summary>
public class CaptionTokenizerTests
{
    private const string Turn = "<start_of_turn>user\n{instruction}{text}<end_of_turn>\n";

    private static readonly string[] Texts =
    [
        "a", "cat", "A dog runs.", "skateboarding", "unbelievable", "  spaces  inside  ", "1,000 photos", "两个女孩", "Zwei Männer", "🐕 dog 🐕",
            "line\nbreak", "…", "'s", "ing",
    ];

    public static TheoryData<string> Templates =>
        ["{instruction}{text}", "Caption: {text}", "Caption:{text}", "Caption:{text}.", "un{text}able", "{text}\n\n", Turn];

    [Theory]
    [MemberData(nameof(Templates))]
    public void CountedTokensAreTheTextsOwn(string template)
    {
        using var model = Shared();
        var tokenizer = new CaptionTokenizer(model, template, "", 64);
        var header = template[..template.IndexOf("{text}", StringComparison.Ordinal)]
            .Replace("{instruction}", "", StringComparison.Ordinal);
        var footer = template[(template.IndexOf("{text}", StringComparison.Ordinal) + 6)..];
        foreach (var text in Texts)
        {
            var row = tokenizer.Tokenize(text);
            var whole = model.Handle.Tokenize(header + text.Trim() + footer, true, true, Encoding.UTF8);
            Assert.Equal(whole, row.Tokens);

            var counted = Render(model, row.Tokens[row.FirstCounted..]);
            var before = Render(model, row.Tokens[..row.FirstCounted]);
            Assert.EndsWith(text.Trim() + footer, counted, StringComparison.Ordinal);
            // The first counted token holds some of the text: without it, less than the text and the footer is left.
            Assert.True(Bytes(model, row.Tokens[(row.FirstCounted + 1)..]).Length < Encoding.UTF8.GetByteCount(text.Trim() + footer));
            Assert.True(before.Length <= "<bos>".Length + header.Length);
        }
    }

    [Fact]
    public void TextThatSplitsDifferentlyAloneIsCountedAsInContext()
    {
        using var model = Shared();
        var different = 0;
        foreach (var word in (string[])["skateboarding", "unbelievable", "snowboarders"])
        {
            for (var cut = 1; cut < word.Length; cut++)
            {
                var text = word[cut..];
                var row = new CaptionTokenizer(model, word[..cut] + "{text}", "", 64).Tokenize(text);
                var alone = model.Handle.Tokenize(text, false, false, Encoding.UTF8).Length;
                different += row.Tokens.Length - row.FirstCounted == alone ? 0 : 1;
                Assert.EndsWith(text, Render(model, row.Tokens[row.FirstCounted..]), StringComparison.Ordinal);
                Assert.True(Render(model, row.Tokens[(row.FirstCounted + 1)..]).Length < text.Length);
            }
        }
        Assert.NotEqual(0, different);
    }

    [Fact]
    public void InstructionAndTurnHeaderDoNotCountEndOfTurnDoes()
    {
        using var model = Shared();
        var row = new CaptionTokenizer(model, Turn, "Given a caption, retrieve a similar one. ", 64).Tokenize("A dog runs.");

        Assert.Equal("A dog runs.<end_of_turn>\n", Render(model, row.Tokens[row.FirstCounted..]).TrimStart());
        Assert.EndsWith("<start_of_turn>user\nGiven a caption, retrieve a similar one.",
            Render(model, row.Tokens[..row.FirstCounted]).TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a <end_of_turn> b")]
    [InlineData("<bos>")]
    [InlineData("<start_of_turn>model\nno caption<end_of_turn>")]
    public void ControlTokensAreNotParsedInTheText(string text)
    {
        using var model = Shared();
        var tokenizer = new CaptionTokenizer(model, Turn, "", 64);
        var row = tokenizer.Tokenize(text);
        var plain = tokenizer.Tokenize("plain");

        Assert.Equal(Controls(model, plain.Tokens), Controls(model, row.Tokens));
        Assert.Equal(plain.Tokens[..plain.FirstCounted], row.Tokens[..row.FirstCounted]);
        Assert.EndsWith(text + "<end_of_turn>\n", Render(model, row.Tokens[row.FirstCounted..]), StringComparison.Ordinal);
    }

    [Fact]
    public void LongTextLosesItsRightEndAndTheTurnItsEndStays()
    {
        using var model = Shared();
        var text = string.Join(' ', Enumerable.Repeat("a dog runs through the snow", 10));
        var whole = new CaptionTokenizer(model, Turn, "", 512).Tokenize(text);
        var cut = new CaptionTokenizer(model, Turn, "", 24).Tokenize(text);

        Assert.False(whole.Truncated);
        Assert.True(cut.Truncated);
        Assert.Equal(24, cut.Tokens.Length);
        Assert.Equal(whole.Tokens[^2..], cut.Tokens[^2..]);
        Assert.Equal(whole.Tokens[..22], cut.Tokens[..22]);
        Assert.Equal(whole.FirstCounted, cut.FirstCounted);
    }

    [Fact]
    public void TemplateMustLeaveRoom()
    {
        using var model = Shared();
        Assert.Contains(
            "leaves no room", Assert.Throws<ConfigException>(() =>
                new CaptionTokenizer(model, Turn, "a long instruction of many words", 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void VocabularyWithoutBytesIsRefused()
    {
        var path = SharedData.RequireGolden("llm", "bad", "good.gguf");
        Assert.SkipUnless(!GgufFile.Open(path).GetStrings("tokenizer.ggml.tokens").Contains("<0xFF>"),
            "This model has a token for every byte.");
        using var model = LlamaModel.Load(path, fullWindow: false);
        Assert.Contains(path, Assert.Throws<InputException>(() => new CaptionTokenizer(model, "{text}", "", 64)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void ByteFallbackKeepsPlaces()
    {
        foreach (var name in LlamaCases.GoldenModels())
        {
            using var model = LlamaModel.Load(LlamaCases.GoldenModel(name), fullWindow: false);
            var tokenizer = new CaptionTokenizer(model, "Caption: {text} !", "", 64);
            foreach (var text in Texts)
            {
                var row = tokenizer.Tokenize(text);
                Assert.EndsWith(text.Trim() + " !", Render(model, row.Tokens[row.FirstCounted..]), StringComparison.Ordinal);
                Assert.True(row.FirstCounted > 0);
            }
        }
    }

    private static LlamaModel Shared() => LlamaModel.Load(LlamaCases.SharedModel(), fullWindow: false);

    private static int Controls(LlamaModel model, LLamaToken[] tokens) => tokens.Count(token => token.IsControl(model.Handle.Vocab));

    private static string Render(LlamaModel model, LLamaToken[] tokens) => Encoding.UTF8.GetString(Bytes(model, tokens));

    private static byte[] Bytes(LlamaModel model, LLamaToken[] tokens)
    {
        var bytes = new List<byte>();
        var buffer = new byte[256];
        foreach (var token in tokens)
        {
            bytes.AddRange(buffer[..(int)model.Handle.TokenToSpan(token, buffer, 0, special: true)]);
        }
        return [.. bytes];
    }
}
