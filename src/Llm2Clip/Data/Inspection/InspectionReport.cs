using System.Text.Json;
using System.Text.Json.Serialization;
using Llm2Clip.Files;

namespace Llm2Clip.Data.Inspection;

/// <summary>A bar of a histogram: how many values lie from <paramref name="From"/> to <paramref name="To"/>, both included.</summary>
public sealed record HistogramBar(double From, double To, long Count);

/// <summary>How values are spread. Quantiles are values that occur: of all, the named share is not above it.</summary>
public sealed record Distribution(
    long Count, double Min, double Max, double Mean, double P1, double P5, double P25, double P50, double P75, double P95, double P99,
    IReadOnlyList<HistogramBar> Histogram);

/// <summary>A sample that cannot be used.</summary>
public sealed record BrokenSample(string Origin, string Reason);

/// <summary>Samples that cannot be used for one reason; the first of them by name.</summary>
public sealed record BrokenCause(BadSampleCause Cause, long Count, IReadOnlyList<BrokenSample> Samples);

/// <summary>Lengths in a teacher's tokens, template included.</summary>
/// <param name="Lengths">Tokens per caption.</param>
/// <param name="PastLimit">Captions longer than the teacher reads (<c>teacher.max_length</c>).</param>
/// <param name="PastContext">Captions longer than <c>inspect.context_tokens</c>.</param>
public sealed record TokenLengths(Distribution Lengths, long PastLimit, long PastContext);

/// <summary>Captions of one language.</summary>
/// <param name="Language">Label.</param>
/// <param name="Captions">Captions.</param>
/// <param name="Kinds">Of these, short, long and raw ones.</param>
/// <param name="Unit"><c>characters</c> where most counted words are letters of a script written without spaces, else <c>words</c>.</param>
/// <param name="Words">Words (or characters) per caption.</param>
/// <param name="Distinct">Distinct texts, letter case and punctuation aside.</param>
/// <param name="Repeated">Captions whose text occurs at another image too.</param>
/// <param name="Tokens">Lengths in tokens, where a teacher is named.</param>
public sealed record LanguageReport(
    string Language, long Captions, IReadOnlyDictionary<string, long> Kinds, string Unit, Distribution Words, long Distinct, long Repeated,
    TokenLengths? Tokens);

/// <summary>An image and its size in pixels.</summary>
public sealed record NamedImage(string Key, int Width, int Height);

/// <summary>Sizes and formats of the images as they are decoded.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Aspect">Width by height, in steps of 0.01.</param>
/// <param name="Kilobytes">Encoded size in 1,000 bytes, rounded up.</param>
/// <param name="Formats">Images by format, as their first bytes say it.</param>
/// <param name="Smallest">The one of fewest pixels.</param>
/// <param name="Largest">The one of most pixels.</param>
/// <param name="Flat">Images of one color, or nearly so.</param>
public sealed record ImageReport(
    Distribution Width, Distribution Height, Distribution Aspect, Distribution Kilobytes, IReadOnlyDictionary<string, long> Formats,
    NamedImage? Smallest, NamedImage? Largest, long Flat);

/// <summary>A key that occurs more than once.</summary>
/// <param name="Key">Key.</param>
/// <param name="Records">Records that have it.</param>
/// <param name="First">Where it occurs first.</param>
/// <param name="Second">Where it occurs again.</param>
public sealed record ListedKey(string Key, long Records, string First, string Second);

/// <summary>Keys that occur more than once in one data set.</summary>
/// <param name="Keys">Different ones.</param>
/// <param name="Records">Records that have one of these, broken ones included.</param>
/// <param name="Listed">The first ones in the data.</param>
public sealed record RepeatedKeyReport(long Keys, long Records, IReadOnlyList<ListedKey> Listed);

/// <summary>What one data set holds. Images and captions are those of usable samples.</summary>
/// <param name="Data">The data as it was named, and its format.</param>
/// <param name="Records">Records read, broken ones included.</param>
/// <param name="Images">Usable samples.</param>
/// <param name="Captions">Their captions.</param>
/// <param name="Broken">Samples that cannot be used.</param>
/// <param name="BrokenShare">Share of the records.</param>
/// <param name="BrokenByCause">The same by cause.</param>
/// <param name="Remarks">Flaws of samples that are used all the same, such as one empty caption of five.</param>
/// <param name="CaptionsPerImage">Captions per image.</param>
/// <param name="Languages">By language.</param>
/// <param name="ImageStatistics">Sizes and formats.</param>
/// <param name="ContactSheet">A random sample as JPEG; null where there is none.</param>
public sealed record SetReport(
    string Data, long Records, long Images, long Captions, long Broken, double BrokenShare, IReadOnlyList<BrokenCause> BrokenByCause,
    long Remarks, Distribution CaptionsPerImage, IReadOnlyList<LanguageReport> Languages, ImageReport ImageStatistics,
    [property: JsonIgnore] byte[]? ContactSheet)
{
    /// <summary>Keys that occur more than once: a store or a list by key would keep one record of each.</summary>
    public RepeatedKeyReport RepeatedKeys { get; init; } = new(0, 0, []);

    /// <summary>Members of tars that belong to no sample.</summary>
    public StrayMembers StrayMembers { get; init; } = new(0, []);
}

/// <summary>
/// Members of tars that belong to no sample: hidden files, files without an extension, files whose key has neither image nor caption.
/// </summary>
/// <param name="Members">How many.</param>
/// <param name="Listed">The first of them, with their shards.</param>
public sealed record StrayMembers(long Members, IReadOnlyList<string> Listed);

/// <summary>Where duplicates were looked for.</summary>
public enum Scope
{
    /// <summary>Within the data set.</summary>
    Data,

    /// <summary>Within the second one.</summary>
    Against,

    /// <summary>One in the data set, one in the second: leakage.</summary>
    Between,
}

/// <summary>How two images are alike.</summary>
public enum Likeness
{
    /// <summary>The files are equal.</summary>
    SameBytes,

    /// <summary>The files differ, what they decode to is equal.</summary>
    SamePixels,

    /// <summary>They look alike.</summary>
    Near,
}

/// <summary>Equal images or texts.</summary>
/// <param name="Groups">Different ones that occur more than once (between data sets: in both).</param>
/// <param name="InData">Places of the data set where these occur.</param>
/// <param name="InAgainst">Places of the second data set.</param>
public sealed record TwinCount(long Groups, long InData, long InAgainst)
{
    /// <summary>Both together.</summary>
    public static TwinCount operator +(TwinCount a, TwinCount b) =>
        new(a.Groups + b.Groups, a.InData + b.InData, a.InAgainst + b.InAgainst);
}

/// <summary>Alike but not equal images or texts; of equal ones, one is counted.</summary>
/// <param name="Pairs">Pairs.</param>
/// <param name="InData">Those of the data set that belong to one or more pairs.</param>
/// <param name="InAgainst">Those of the second data set.</param>
public sealed record NearCount(long Pairs, long InData, long InAgainst);

/// <summary>An image of a listed pair.</summary>
/// <param name="Key">Key.</param>
/// <param name="Origin">Where it is.</param>
/// <param name="Jpeg">The image for the page, small; null where it is not shown.</param>
public sealed record ListedImage(string Key, string Origin, [property: JsonIgnore] byte[]? Jpeg);

/// <summary>Two images that are alike; between data sets, the first is of the data set and the second of the other one.</summary>
/// <param name="Likeness">How.</param>
/// <param name="Bits">Bits of 128 in which their perceptual hashes differ; 0 for equal ones.</param>
/// <param name="First">One.</param>
/// <param name="Second">The other.</param>
public sealed record ListedImagePair(Likeness Likeness, int Bits, ListedImage First, ListedImage Second);

/// <summary>A text that occurs at several images.</summary>
/// <param name="Text">The caption where it occurs first.</param>
/// <param name="InData">Captions of the data set that say the same.</param>
/// <param name="InAgainst">Captions of the second data set.</param>
/// <param name="Key">Key of the image where it occurs first.</param>
public sealed record ListedText(string Text, long InData, long InAgainst, string Key);

/// <summary>Two captions that are alike.</summary>
/// <param name="Similarity">Share of common 3-character pieces.</param>
/// <param name="First">One.</param>
/// <param name="FirstKey">Its image.</param>
/// <param name="Second">The other.</param>
/// <param name="SecondKey">Its image.</param>
public sealed record ListedTextPair(double Similarity, string First, string FirstKey, string Second, string SecondKey);

/// <summary>Equal and alike images.</summary>
/// <param name="SameBytes">Equal files.</param>
/// <param name="SamePixels">Equal pixels; equal files are among them.</param>
/// <param name="Near">Alike ones.</param>
/// <param name="Pairs">Examples, of each likeness as many as are listed.</param>
public sealed record ImageDuplicateReport(TwinCount SameBytes, TwinCount SamePixels, NearCount Near, IReadOnlyList<ListedImagePair> Pairs);

/// <summary>Equal and alike captions.</summary>
/// <param name="Same">Texts that occur at two images or more, letter case and punctuation aside.</param>
/// <param name="WithinImage">Captions that repeat another one of their own image; null between data sets.</param>
/// <param name="Near">Alike ones.</param>
/// <param name="NearIsComplete">False where so many are alike that not all could be compared; the counts are lower bounds then.</param>
/// <param name="Texts">The most frequent of the equal ones.</param>
/// <param name="Pairs">The most alike of the alike ones.</param>
public sealed record TextDuplicateReport(
    TwinCount Same, long? WithinImage, NearCount Near, bool NearIsComplete, IReadOnlyList<ListedText> Texts,
    IReadOnlyList<ListedTextPair> Pairs);

/// <summary>Duplicates within a data set or between two.</summary>
public sealed record DuplicateReport(Scope Scope, ImageDuplicateReport Images, TextDuplicateReport Captions);

/// <summary>
/// What <c>data inspect</c> found. Its JSON is what scripts read: fields are added without notice, <see cref="Schema"/> changes where one
/// changes its meaning or goes.
/// </summary>
/// <param name="Schema">Version of this layout.</param>
/// <param name="Data">The data set.</param>
/// <param name="Against">The second one.</param>
/// <param name="Duplicates">Within each, and between both.</param>
/// <param name="Bounds">What was called alike.</param>
/// <param name="Folder">Where the report was written; empty = nowhere.</param>
/// <param name="Seconds">Wall clock.</param>
public sealed record InspectionReport(
    int Schema, SetReport Data, SetReport? Against, IReadOnlyList<DuplicateReport> Duplicates, InspectionBounds Bounds, string Folder,
    double Seconds)
{
    /// <summary>Name of the page in <see cref="Folder"/>.</summary>
    public const string PageFile = "report.html";

    /// <summary>The report as indented JSON with snake_case keys; shares in [0, 1], images left out.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.Report);
}

/// <summary>The bounds that the numbers of a report depend on.</summary>
/// <param name="NearImageBits">Bits in which the coarse hashes of images that look alike differ at most, of 64.</param>
/// <param name="NearImageFineBits">The same of the fine hashes.</param>
/// <param name="NearCaptionSimilarity">Least similarity of near duplicate captions.</param>
/// <param name="ContextTokens">The context that lengths are compared with.</param>
/// <param name="TeacherTokens">The teacher's limit; null without a teacher.</param>
public sealed record InspectionBounds(
    int NearImageBits, int NearImageFineBits, double NearCaptionSimilarity, int ContextTokens, int? TeacherTokens);
