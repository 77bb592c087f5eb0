using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>How a comparison is written.</summary>
public enum CompareFormat
{
    /// <summary>For a terminal.</summary>
    Text,

    /// <summary>Tables of GitHub's Markdown.</summary>
    Markdown,

    /// <summary>Tables for LaTeX with the package booktabs.</summary>
    Latex,

    /// <summary>Values separated by commas, one file per table.</summary>
    Csv,
}

/// <summary>The <c>compare</c> section of a run file: results of runs side by side.</summary>
public sealed record CompareConfig : ICheckedConfig
{
    [Description("Folders of runs, of their students or of evaluations. Runs whose settings differ in nothing but seeds and places are "
        + "taken together. The first is the one that the others are compared with.")]
    public IReadOnlyList<string> Runs { get; init; } = [];

    [Description("text | markdown | latex | csv. null = by the ending of compare.output: .md, .tex, .csv, else text.")]
    public CompareFormat? Format { get; init; }

    [Description("File for the tables; of csv each table gets its own, with its name before the ending. Empty = they are printed.")]
    public string Output { get; init; } = "";

    [Description("Folder for figures, each as SVG and as PNG: recall per language, loss curves, recall against the length of the caption. "
        + "Empty = none.")]
    public string Figures { get; init; } = "";

    [Description("Depth of the recall that figures show: 1, 5 or 10.")]
    public int Depth { get; init; } = 10;

    [Description("Draws of the paired bootstrap.")]
    [Range(100, 1_000_000)]
    public int Draws { get; init; } = 2000;

    [Description("Seed of the paired bootstrap.")]
    public int Seed { get; init; } = 1;

    /// <summary>The format in effect.</summary>
    internal CompareFormat EffectiveFormat => Format ?? Path.GetExtension(Output).ToLowerInvariant() switch
    {
        ".md" => CompareFormat.Markdown,
        ".tex" => CompareFormat.Latex,
        ".csv" => CompareFormat.Csv,
        _ => CompareFormat.Text,
    };

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (!RecallNumbers.Depths.Contains(Depth))
        {
            yield return ("depth", $"is {Depth}; it must be one of {string.Join(", ", RecallNumbers.Depths)}");
        }
        var same = Runs.GroupBy(Path.GetFullPath, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (same is not null)
        {
            yield return ("runs", $"names {same.First()} {same.Count()} times; name each run once");
        }
    }
}
