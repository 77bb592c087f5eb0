using Llm2Clip.Cli;

namespace Llm2Clip.Tests.Cli;

public class ScreenTests
{
    private static readonly Terminal Narrow = new(() => 40, Color: false, Unicode: true);

    [Theory]
    [InlineData("[red]dog[/].tar")]
    [InlineData("photo[1].jpg")]
    [InlineData("[[x]] [/] [bold")]
    [InlineData("]:dog:[")]
    public void BracketsAreText(string name)
    {
        foreach (var terminal in new[] { null, Narrow })
        {
            var text = Drawn(terminal, [[name, "n"], [name, new Cell("1", name)]]);
            Assert.Equal(3, text.Split(name).Length - 1);
            var prose = new StringWriter();
            new Screen(prose, terminal).Paragraph(name);
            Assert.Equal(name + "\n", prose.ToString());
        }
    }

    /// <summary>A wide table is longer than a window rather than cut, on a terminal too, which breaks lines by itself.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NoCellLosesText(bool terminal)
    {
        var numbers = Enumerable.Range(0, 30).Select(i => (Cell)$"number {i:00} {new string('x', 40 + i)}");
        Cell[] cells = ["a label of words", .. numbers];
        var lines = Drawn(terminal ? Narrow : null, [cells, cells]).Split('\n');
        Assert.Equal(2, lines.Count(line => cells.Skip(1).All(cell => line.Contains(cell.Text, StringComparison.Ordinal))));
        Assert.Equal(2, Drawn(terminal ? Narrow : null, [cells, cells]).Split("words").Length - 1);
        var path = "/" + string.Join('/', Enumerable.Repeat("folder", 50));
        Assert.Contains(path, Drawn(terminal ? Narrow : null, [["path", path]], headings: false), StringComparison.Ordinal);
    }

    [Fact]
    public void ProseIsBrokenOnATerminalAlone()
    {
        var prose = string.Join(' ', Enumerable.Repeat("word", 30));
        var (file, terminal) = (new StringWriter(), new StringWriter());
        new Screen(file).Paragraph(prose);
        new Screen(terminal, Narrow).Paragraph(prose);
        Assert.Equal(prose + "\n", file.ToString());
        Assert.All(terminal.ToString().TrimEnd().Split('\n'), line => Assert.InRange(line.Length, 20, 40));
        Assert.Equal(prose, string.Join(' ', terminal.ToString().TrimEnd().Split('\n')));
    }

    /// <summary>A Chinese character takes two places.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ColumnsOfChineseAreAligned(bool terminal)
    {
        string[] names = ["en", "中文", "中文 [繁體]", "日本語のキャプション", "한국어", "ｆｕｌｌ，。"];
        var lines = Drawn(terminal ? Narrow : null, [["name", "n"], .. names.Select((name, i) => (Cell[])[name, $"{i}"])])
            .Split('\n').Where(line => names.Any(name => line.Contains(name, StringComparison.Ordinal))).ToList();
        Assert.Equal(names.Length, lines.Count);
        Assert.Single(lines.Select(line => Places(line[..^1])).Distinct());
        Assert.Equal(names.Max(Places) + (terminal ? 3 : 2), Places(lines[0][..^1]));
    }

    /// <summary>Labels give way to the numbers, between words.</summary>
    [Fact]
    public void LabelsAreBrokenWhereATerminalIsNarrow()
    {
        var text = Drawn(Narrow, [["vectors", "R@1"], ["minus the mean of all the captions there are", "12.3"], ["raw", "4.5"]]);
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 40));
        Assert.Matches(@"\n minus the mean of all the +12\.3\n captions there are\n", text);
    }

    [Fact]
    public void ATerminalWithoutUnicodeGetsAscii() =>
        Assert.True(Drawn(Narrow with { Unicode = false }, [["a", "b"], ["c", new Cell("d", "e-f")]]).All(char.IsAscii));

    private static string Drawn(Terminal? terminal, Cell[][] rows, bool headings = true)
    {
        var text = new StringWriter();
        new Screen(text, terminal).Table(rows, labels: 1, headings);
        return text.ToString();
    }

    /// <summary>Places on a terminal, by Unicode's East Asian Width as Python's unicodedata gives it: W and F take two.</summary>
    private static int Places(string text) => text.Sum(c =>
        c is (>= '\u1100' and <= '\u115F') or (>= '\u2E80' and <= '\uA4CF') or (>= '\uAC00' and <= '\uD7A3') or (
            >= '\uFF01' and <= '\uFF60')
            ? 2
            : 1);
}
