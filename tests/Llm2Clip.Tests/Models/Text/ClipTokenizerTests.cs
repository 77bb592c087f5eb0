using Llm2Clip.Models.Text;
using Llm2Clip.Tests.Teachers;

namespace Llm2Clip.Tests.Models.Text;

/// <summary>Merging, truncation and errors of CLIP's tokenizer, with a vocabulary small enough to follow by hand.</summary>
public sealed class ClipTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Ids by hand: 512 byte symbols, then the merges in order, start and end.</summary>
    [Fact]
    public void PairsOfTheBestRankAreMergedFirst()
    {
        // "l o" is better than "o w": "low" is lo + w, and not l + ow.
        var tokenizer = new ClipTokenizer(ClipVocabulary.Of("test", [("l", "o"), ("o", "w</w>"), ("lo", "lo")]));
        var (lo, ow, lolo, start, end) = (512, 513, 514, 515, 516);
        int Last(char letter) => 256 + letter - '!';
        int Inner(char letter) => letter - '!';
        Assert.Equal([start, lo, Last('w'), end], tokenizer.Encode("Low"));
        Assert.Equal([start, Inner('c'), ow, end], tokenizer.Encode("cow"));
        Assert.Equal([start, lolo, lo, Last('x'), end], tokenizer.Encode("  lololox\n"));
        Assert.Equal(517, tokenizer.Size);
    }

    /// <summary>A caption that quotes an end token is no shorter for it.</summary>
    [Fact]
    public void SpelledOutSpecialTokensAreText()
    {
        var vocabulary = ClipVocabulary.Of("test", []);
        var plain = new ClipTokenizer(vocabulary).Encode("a <|endoftext|>");
        Assert.Equal(1 + 1 + "<|endoftext|>".Length + 1, plain.Length);
        var special = new ClipTokenizer(vocabulary, SpecialSpelling.OpenAi).Encode("a <|endoftext|>");
        Assert.Equal([512, 256 + 'a' - '!', 513, 513], special);
    }

    [Fact]
    public void TooLongIsAnErrorUnlessTruncationIsAskedFor()
    {
        var tokenizer = new ClipTokenizer(ClipVocabulary.Of("test", []));
        var error = Assert.Throws<InputException>(() => tokenizer.Encode(["ab", "abcdefgh"], 6, truncate: false)).Message;
        Assert.Equal(
            "A caption has 10 tokens with its start and end, but the text tower has 6 positions: \"abcdefgh\". Set eval.truncate: true to "
            + "cut captions off at the end, or stretch the tower (llm2clip longclip stretch).", error);
        var cut = tokenizer.Encode(["ab", "abcdefgh"], 6, truncate: true);
        Assert.Equal(1, cut.Truncated);
        Assert.Equal(6, cut.Rows[1].Length);
        Assert.Equal(tokenizer.Encode("abcdefgh")[..5], cut.Rows[1][..5]);
        Assert.Equal(tokenizer.End, cut.Rows[1][5]);
        Assert.Equal(tokenizer.Encode("ab"), cut.Rows[0]);
    }

    [Fact]
    public void AFolderWithoutAVocabularySaysWhatIsMissing() =>
        Assert.StartsWith(
            $"{_folder.Path} holds no vocabulary of CLIP's tokenizer. Put vocab.json and merges.txt there",
            Assert.Throws<InputException>(() => ClipTokenizer.Open(_folder.Path)).Message);

    [Theory]
    [InlineData("a b c", "merges.txt, line 3: a merge is two symbols with a blank between them.")]
    [InlineData("q z", "vocab.json has no token 'qz', which merge 2 makes.")]
    public void DamagedMergesAreNamed(string line, string message)
    {
        ClipVocabulary.Of("test", [("l", "o")]).Save(_folder.Path, 77);
        File.AppendAllText(Path.Combine(_folder.Path, "merges.txt"), line + "\n");
        Assert.EndsWith(message, Assert.Throws<InputException>(() => ClipTokenizer.Open(_folder.Path)).Message);
    }

    [Theory]
    [InlineData("{\"a\": \"b\"}", "the id of 'a' is \"b\"; it must be a whole number.")]
    [InlineData("{\"a\": 1}", "has no token '<|startoftext|>', so it is no vocabulary of CLIP's tokenizer.")]
    public void DamagedVocabulariesAreNamed(string json, string message)
    {
        ClipVocabulary.Of("test", []).Save(_folder.Path, 77);
        File.WriteAllText(Path.Combine(_folder.Path, "vocab.json"), json);
        Assert.EndsWith(message, Assert.Throws<InputException>(() => ClipTokenizer.Open(_folder.Path)).Message);
    }

    [Fact]
    public void AFileOfMergesThatIsNoGzipIsNamed()
    {
        var path = Path.Combine(_folder.Path, ClipVocabulary.OpenAiName);
        File.WriteAllText(path, "l o\n");
        Assert.StartsWith($"{path} cannot be read as a file of merges:", Assert.Throws<InputException>(() =>
            ClipTokenizer.Open(_folder.Path)).Message);
    }

    /// <summary>Composed forms by the definition of Unicode's normalization (UAX 15): its own examples, and Hangul's arithmetic.</summary>
    [Theory]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u1E0B\u0323", "\u1E0D\u0307")] // marks are ordered by class, and the nearer one joins
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("\u2126", "\u03A9")] // the ohm sign is an omega
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\uAC01\u11A8", "\uAC01\u11A8")]
    [InlineData("a\u0308\u0308", "\u00E4\u0308")]
    public void MarksJoinTheirLetters(string text, string composed) => Assert.Equal(composed, UnicodeForms.Compose(text));
}
