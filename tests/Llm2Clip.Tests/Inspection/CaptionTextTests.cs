using Llm2Clip.Data.Inspection;

namespace Llm2Clip.Tests.Inspection;

public sealed class CaptionTextTests
{
    [Theory]
    [InlineData("A dog, running -- fast .", 4, 0)] // the point and the dashes hold no letter
    [InlineData("don't well-known 3.5 x2", 4, 0)]
    [InlineData(" \t\n", 0, 0)]
    [InlineData("两只狗。", 3, 3)]
    [InlineData("一只 iPhone 手机", 5, 4)]
    [InlineData("カメラで撮る、犬", 7, 7)]
    [InlineData("หมา", 3, 3)]
    [InlineData("개 두 마리", 3, 0)] // Korean has spaces
    public void WordsAreCounted(string text, int words, int characters) => Assert.Equal((words, characters), CaptionText.Words(text));

    [Theory]
    [InlineData("A  DOG , runs!", "a dog runs")]
    [InlineData("Ａ狗。", "a狗")]
    [InlineData("Über-Straße", "über straße")]
    [InlineData("e\u0301", "e\u0301")] // a mark is kept
    [InlineData(" ?! ", "?!")]
    public void TextsAreNormalized(string text, string expected) => Assert.Equal(expected, CaptionText.Normalize(text));

    [Theory]
    [InlineData("ab", "ab", 1)]
    [InlineData("ab", "cd", 0)]
    [InlineData("abcd", "abce", 2 / 6.0)] // " ab", "abc", "bcd", "cd " and " ab", "abc", "bce", "ce "
    [InlineData("aaaa", "aaa", 1)] // " aa", "aaa", "aa ": repeated pieces count once
    public void SimilarityIsThatOfPieces(string first, string second, double expected) =>
        Assert.Equal(expected, CaptionText.Similarity(first, second), 12);

    [Fact]
    public void HistogramsCount()
    {
        var (one, two) = (new Histogram(10), new Histogram(10));
        foreach (var value in new[] { 3, 1, 1, 25 })
        {
            one.Add(value);
        }
        two.Add(7);
        one.Add(two);
        one.Add(new Histogram(10));
        Assert.Equal((5, 1, 25, 37), (one.Count, one.Min, one.Max, one.Sum));
        Assert.Equal([1, 1, 3, 7, 25], new[] { 0.01, 0.4, 0.41, 0.8, 0.81 }.Select(one.Quantile));
        Assert.Equal([2, 1, 1, 0], new long[] { 3, 7, 20, 25 }.Select(one.Above));
        Assert.Equal([(1.0, 1.0, 2L), (2.0, 2.0, 0), (3.0, 3.0, 1)], one.Bars(20).Take(3).Select(bar => (bar.From, bar.To, bar.Count)));
        Assert.Equal((10, 25, 1), (one.Bars(20)[^1].From, one.Bars(20)[^1].To, one.Bars(20)[^1].Count));
        Assert.Equal([3, 1, 1], one.Bars(3).Select(bar => bar.Count)); // 0..4, 5..9, 10 and on
        Assert.Empty(new Histogram(10).Bars(3));
        Assert.Equal(0, new Histogram(10).Quantile(0.5));
    }
}
