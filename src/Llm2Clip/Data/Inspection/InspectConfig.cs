using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Data.Inspection;

/// <summary>The <c>inspect</c> section of a run file: what <c>data inspect</c> looks at, and what it calls alike.</summary>
public sealed record InspectConfig
{
    [Description("Data that is inspected, written like data.train; empty = data.train.")]
    public string Data { get; init; } = "";

    [Description(
        "A second data set that shares nothing with the first if all is well, such as the test set of a training set; empty = none.")]
    public string Against { get; init; } = "";

    [Description("Folder for inspection.json, report.html and contact-sheet.jpg; empty = nothing is written.")]
    public string Output { get; init; } = "";

    [Description("Bits of 64 in which the perceptual hashes of images that look alike may differ; the next 64, of finer detail, may "
        + "differ in half as many more.")]
    [Range(0, 12)]
    public int NearImageBits { get; init; } = 8;

    /// <summary>Bits of the finer 64 that may differ.</summary>
    public int NearImageFineBits => NearImageBits * 3 / 2;

    [Description("Share of common 3-character pieces from which on captions are near duplicates (Jaccard similarity).")]
    [Range(0.7, 1.0)]
    public double NearCaptionSimilarity { get; init; } = 0.8;

    [Description("Tokens of an encoder to compare caption lengths with; CLIP's has 77. Counted in the teacher's tokens.")]
    [Range(1, 1 << 20)]
    public int ContextTokens { get; init; } = 77;

    [Description("Images of the contact sheet, drawn at random.")]
    [Range(0, 1000)]
    public int SheetImages { get; init; } = 60;

    [Description("Duplicates of a kind that are listed by name; all are counted.")]
    [Range(0, 100_000)]
    public int Listed { get; init; } = 200;

    [Description("Of these, pairs of images of a kind that the page shows.")]
    [Range(0, 1000)]
    public int ShownPairs { get; init; } = 12;

    [Description("Seed of the contact sheet.")]
    public long Seed { get; init; }
}
