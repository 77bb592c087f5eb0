using System.Formats.Tar;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Data.WebDataset;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>What the formats share: small valid data sets, the same bytes each time, and how a data set is read to its end.</summary>
internal static class FuzzFiles
{
    public static readonly DataConfig Lenient = new() { MaxBadShare = 1 };

    public static byte[] Json(int number) => DataFolder.Bytes($$$"""{"captions": {"en": ["caption {{{number}}}", "another"], "zh": {"short": ["雪地里的狗"], "long": "一只狗在雪地里"}}, "n": {{{number}}}}""");

    /// <summary>A tar with times that are always the same.</summary>
    public static void Tar(string path, TarEntryFormat format, params (string Name, byte[] Content)[] members)
    {
        using var file = File.Create(path);
        using var tar = new TarWriter(file, format);
        foreach (var (name, content) in members)
        {
            System.Formats.Tar.TarEntry entry = format switch
            {
                TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, name),
                TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, name),
                _ => new UstarTarEntry(TarEntryType.RegularFile, name),
            };
            entry.ModificationTime = DateTimeOffset.UnixEpoch;
            entry.DataStream = new MemoryStream(content);
            tar.WriteEntry(entry);
        }
    }

    /// <summary>Three images with captions in a tar.</summary>
    public static void Shard(string path, TarEntryFormat format, string prefix = "k") =>
        Tar(path, format, [.. Enumerable.Range(0, 3).SelectMany(i => new[]
    {
        ($"{prefix}{i}.jpg", DataFolder.Image(i, 16, 12)),
        ($"{prefix}{i}.json", Json(i)),
        ($"{prefix}{i}.txt", DataFolder.Bytes("a text")),
    })]);

    /// <summary>
    /// The same data set as the project writes it in one of its forms; returns the names of all files below the folder that are no images.
    /// </summary>
    public static string[] Converted(string folder, DatasetFormat form)
    {
        var tar = Path.Combine(folder, "source.tar");
        Shard(tar, TarEntryFormat.Ustar);
        var to = Path.Combine(folder, "set");
        DataSetConversion.Convert(Datasets.Open(tar, Lenient, SilentLog.Instance), new ConvertConfig { To = to, Format = form }, Lenient,
            SilentLog.Instance, CancellationToken.None);
        File.Delete(tar);
        return [.. Directory.EnumerateFiles(to).Where(file => Path.GetFileName(file) != "write.lock")
            .Select(file => Path.GetRelativePath(folder, file))];
    }

    /// <summary>Every record and image of a data set, bad ones reported to the case.</summary>
    public static void ReadAll(FuzzCase damaged, string? pattern = null, DataConfig? config = null)
    {
        config ??= Lenient;
        var source = Datasets.Open(pattern ?? damaged.Path, config, SilentLog.Instance);
        for (var shard = 0; shard < source.ShardCount; shard++)
        {
            foreach (var sample in source.ReadShard(shard, damaged.OnBad))
            {
                Image(sample, damaged);
            }
        }
    }

    /// <summary>The bytes of a sample's image, as a loader fetches them: one that cannot be had is a bad record.</summary>
    private static void Image(Sample sample, FuzzCase damaged)
    {
        try
        {
            sample.Image.Read();
        }
        catch (InputException failure)
        {
            damaged.OnBad(BadSample.Of(sample, failure));
        }
    }

    public static string Text(string folder, string name, string text)
    {
        File.WriteAllText(Path.Combine(folder, name), text);
        return name;
    }

    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
