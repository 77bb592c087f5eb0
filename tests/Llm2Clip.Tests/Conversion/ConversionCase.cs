using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Conversion;

/// <summary>What tests of conversions share: settings for tiny shards, and folders compared byte by byte.</summary>
internal static class ConversionCase
{
    public static readonly DataConfig Lenient = new() { MaxBadShare = 1 };

    public static ConversionResult Convert(DataFolder folder, ISampleSource source, string to, DatasetFormat form, int perShard = 4) =>
        DataSetConversion.Convert(source, Config(folder, to, form, perShard), Lenient, folder, CancellationToken.None);

    public static ConvertConfig Config(DataFolder folder, string to, DatasetFormat form, int perShard = 4) =>
        new() { To = folder[to], Format = form, SamplesPerShard = perShard };

    /// <summary>
    /// Every file below a folder with its bytes as hexadecimal digits, the lock aside; nothing where there is no such folder.
    /// </summary>
    public static SortedDictionary<string, string> Files(string folder) => !Directory.Exists(folder) ? [] : new(
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "write.lock")
            .ToDictionary(file => Path.GetRelativePath(folder, file), file => System.Convert.ToHexString(File.ReadAllBytes(file))),
                StringComparer.Ordinal);

    /// <summary>Captions and image of a sample on one line.</summary>
    public static string Content(Sample sample) =>
        string.Join(" | ", sample.Captions.Select(c => $"{c.Language}/{c.Kind}/{c.Text}")) + " "
            + System.Convert.ToHexString(sample.Image.Read());

    /// <summary>The good samples of a source.</summary>
    public static List<Sample> Good(ISampleSource source) =>
        [.. Enumerable.Range(0, source.ShardCount)
            .SelectMany(shard => source.ReadShard(shard, _ => { }, TestContext.Current.CancellationToken))
            .Where(sample => sample.Image.Read().Length > 0)];
}
