using Llm2Clip.Data;

namespace Llm2Clip.Tests.Data;

public sealed class ShardPatternTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a", "a")]
    [InlineData("{a,b}", "a b")]
    [InlineData("x{8..11}", "x8 x9 x10 x11")]
    [InlineData("x{08..11}", "x08 x09 x10 x11")]
    [InlineData("x{00098..00101}.tar", "x00098.tar x00099.tar x00100.tar x00101.tar")]
    [InlineData("{2..0}", "2 1 0")]
    [InlineData("{a,b{1..2}}-{x,y}", "a-x a-y b1-x b1-y b2-x b2-y")]
    [InlineData("{a}", "a")]
    [InlineData("{,s}x", "x sx")]
    public void BracesExpandAsInAShell(string pattern, string expected) =>
        Assert.Equal(expected.Split(' '), ShardPattern.ExpandBraces(pattern));

    [Theory]
    [InlineData("a{b", "without its")]
    [InlineData("{1..x}", "not a range")]
    [InlineData("{1..}", "not a range")]
    [InlineData("{0..999999999}", "more than")]
    public void BadBracesNameThePattern(string pattern, string message)
    {
        var error = Assert.Throws<InputException>(() => ShardPattern.ExpandBraces(pattern));
        Assert.Contains(message, error.Message);
        Assert.Contains(pattern, error.Message);
    }

    [Fact]
    public void GlobsMatchInEveryPartSortedAndOnce()
    {
        Touch("one/a-0.tar", "one/a-1.tar", "one/b-0.tar", "two/a-0.tar", "two/.a-9.tar", "two/a-0.txt");
        Assert.Equal(["one/a-0.tar", "one/a-1.tar", "two/a-0.tar"], Expand("*/a-?.tar"));
        Assert.Equal(["one/a-0.tar", "one/b-0.tar"], Expand("one/[a-b]-0.tar"));
        Assert.Equal(["one/b-0.tar"], Expand("one/[!a]*.tar"));
        Assert.Equal(["one/a-0.tar", "one/a-1.tar"], Expand("one/a-{1,0}.tar"));
        Assert.Equal(["one/a-0.tar", "two/a-0.tar"], Expand("{one,two}/a-[0].tar::" + _folder["one/a-0.tar"], prefixOnly: true));
    }

    [Fact]
    public void AFileWithPatternCharactersIsTakenAsItIs()
    {
        Touch("odd[1].tar");
        Assert.Equal(["odd[1].tar"], Expand("odd[1].tar"));
    }

    [Fact]
    public void WhatIsNotFoundIsNamed()
    {
        Touch("x-0.tar");
        var missing = Assert.Throws<InputException>(() => ShardPattern.Expand(_folder["x-{0..1}.tar"]));
        Assert.Contains("x-1.tar' (named by '", missing.Message);
        var none = Assert.Throws<InputException>(() => ShardPattern.Expand(_folder["y-*.tar"]));
        Assert.Contains("No file matches", none.Message);
        Assert.Equal(3, none.ExitCode);
        Assert.Throws<InputException>(() => ShardPattern.Expand(" :: "));
    }

    private string[] Expand(string pattern, bool prefixOnly = false)
    {
        var full = prefixOnly ? _folder[pattern] : Path.Combine(_folder.Path, pattern);
        return [.. ShardPattern.Expand(full).Select(path => Path.GetRelativePath(_folder.Path, path))];
    }

    private void Touch(params string[] names)
    {
        foreach (var name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
            File.WriteAllBytes(_folder[name], []);
        }
    }
}
