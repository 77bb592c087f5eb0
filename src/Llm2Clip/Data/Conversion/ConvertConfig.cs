using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Llm2Clip.Configuration;

namespace Llm2Clip.Data.Conversion;

/// <summary>
/// The <c>convert</c> section of a run file: what <c>data convert</c>, <c>data split</c> and <c>data sample</c> read and write.
/// </summary>
public sealed record ConvertConfig : ICheckedConfig
{
    [Description("Data that is read, written like data.train; empty = data.train.")]
    public string Data { get; init; } = "";

    [Description("Folder that is written; new, empty, or left by a run of the same command that was stopped.")]
    public string To { get; init; } = "";

    [Description("Format that is written, one that `data convert --help` lists.")]
    public DatasetFormat Format { get; init; } = DatasetFormat.Webdataset;

    [Description("Images of a shard (a tar, a Parquet file, a subfolder of images) at most.")]
    [Range(1, int.MaxValue)]
    public int SamplesPerShard { get; init; } = 10_000;

    [Description("Bytes of a shard's images at most, MB; a larger image has a shard of its own.")]
    [Range(1, int.MaxValue)]
    public int ShardMb { get; init; } = 1000;

    [Description("Languages of the captions that are kept; empty = all. Images without any are left out.")]
    public IReadOnlyList<string> Languages { get; init; } = [];

    [Description("Kinds of the captions that are kept: short, long, raw; empty = all.")]
    public IReadOnlyList<CaptionKind> Kinds { get; init; } = [];

    [Description("Parts of `data split` and their shares, which add up to 1.")]
    public IReadOnlyDictionary<string, double> Parts { get; init; } = new Dictionary<string, double> { ["train"] = 0.9, ["val"] = 0.1 };

    [Description("Images that `data sample` draws.")]
    [Range(0, int.MaxValue)]
    public int Count { get; init; }

    [Description("Seed of split and sample.")]
    public long Seed { get; init; }

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (DatasetFormats.Find(Format)?.Writer is null)
        {
            yield return (
                "format", $"is {DatasetFormats.Name(Format)}, which is not written; it must be one of {DatasetFormats.WrittenNames}");
        }
        foreach (var (name, share) in Parts)
        {
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') || !(share > 0))
            {
                yield return ("parts", $"has '{name}={share.ToString(CultureInfo.InvariantCulture)}'; "
                    + "a part has a name of letters, digits, _ and -, and a share above 0, such as train=0.9,val=0.1");
            }
        }
        if (Math.Abs(Parts.Values.Sum() - 1) > 1e-6)
        {
            yield return (
                "parts", $"add up to {Parts.Values.Sum().ToString("0.######", CultureInfo.InvariantCulture)}; shares must add up to 1");
        }
    }
}

/// <summary>What a conversion wrote, earlier runs that it went on from included.</summary>
/// <param name="To">Folder.</param>
/// <param name="Format">Format that was written.</param>
/// <param name="Parts">The data sets written: one, or one a part.</param>
/// <param name="Seen">Records of the source.</param>
/// <param name="BadSamples">Of these, records left out because they, or their images, could not be read.</param>
/// <param name="LeftOut">Images left out because they have no caption in the chosen languages and kinds.</param>
/// <param name="Kept">Images that were there already, written by a run that was stopped.</param>
/// <param name="Seconds">Wall clock of this run.</param>
public sealed record ConversionResult(
    string To, DatasetFormat Format, IReadOnlyList<WrittenPart> Parts, long Seen, long BadSamples, long LeftOut, long Kept, double Seconds);

/// <summary>A data set that was written.</summary>
/// <param name="Name">Its part, or <c>data</c>.</param>
/// <param name="Folder">Where it lies.</param>
/// <param name="Shards">Tars, Parquet files or subfolders.</param>
/// <param name="Images">Images.</param>
/// <param name="Captions">Captions of these.</param>
public sealed record WrittenPart(string Name, string Folder, int Shards, long Images, long Captions);
