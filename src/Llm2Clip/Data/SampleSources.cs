using Llm2Clip.Diagnostics;

namespace Llm2Clip.Data;

/// <summary>Opens data sets.</summary>
public static class SampleSources
{
    private static readonly string[] TarEndings = [".tar", ".tar.gz", ".tgz"];
    private static readonly string[] ListEndings = [".jsonl"];

    /// <summary>The training data of the run file. Throws <see cref="ConfigException"/> where none is named, <see cref="InputException"/> where nothing is found.</summary>
    public static ISampleSource OpenTrain(DataConfig config, IRunLog log) => Open(Named(config.Train, "data.train"), config, log);

    /// <summary>The held-out data of the run file.</summary>
    public static ISampleSource OpenVal(DataConfig config, IRunLog log) => Open(Named(config.Val, "data.val"), config, log);

    /// <summary>The data set that <paramref name="pattern"/> names; format and caption fields come from <paramref name="config"/>.</summary>
    public static ISampleSource Open(string pattern, DataConfig config, IRunLog log)
    {
        if (!(config.MaxBadShare is >= 0 and <= 1))
        {
            throw new ConfigException($"data.max_bad_share is {config.MaxBadShare}; it must lie in 0..1.");
        }
        var captions = new CaptionReader(config);
        var files = ShardPattern.Expand(pattern).SelectMany(path => Directory.Exists(path) ? InFolder(path) : [path]).ToList();
        ISampleSource source = Format(config.Format, files) switch
        {
            "webdataset" => new WebDatasetSource(pattern, files, captions),
            _ => new FolderSource(pattern, files, captions),
        };
        log.Info("Data: " + source.Description);
        if (files.Any(ShardBytes.IsGzip))
        {
            log.Warn("Gzip shards are unpacked into memory and stay there while their samples are in use; plain tars are read in place (pictures do not shrink by gzip anyway).");
        }
        return source;
    }

    /// <summary>
    /// All samples in stored order, bad ones counted, named in the log and left out. Captions are read, pictures are not.
    /// Throws <see cref="InputException"/> past <see cref="DataConfig.MaxBadShare"/>.
    /// </summary>
    public static IEnumerable<Sample> ReadAll(ISampleSource source, DataConfig config, IRunLog log)
    {
        var tally = new BadSampleTally(source.Description, config.MaxBadShare, log);
        for (var shard = 0; shard < source.ShardCount; shard++)
        {
            foreach (var sample in source.ReadShard(shard, tally.AddBad))
            {
                tally.Add(sample);
                yield return sample;
            }
        }
        tally.Finish();
    }

    private static string Named(string pattern, string key) =>
        pattern.Length > 0 ? pattern : throw new ConfigException($"{key} is empty: name the data, for example --set {key}='data/train-{{00000..00011}}.tar'.");

    /// <summary>A folder stands for the tars in it, else for its list: metadata.jsonl, or the only .jsonl file.</summary>
    private static IReadOnlyList<string> InFolder(string folder)
    {
        var files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).ToList();
        var tars = files.Where(file => Ends(file, TarEndings)).ToList();
        if (tars.Count > 0)
        {
            return tars;
        }
        var lists = files.Where(file => Ends(file, ListEndings)).ToList();
        var metadata = lists.Where(file => Path.GetFileName(file) == "metadata.jsonl").ToList();
        if (metadata.Count == 0 && lists.Count != 1)
        {
            throw new InputException($"Folder '{folder}' holds no tar and {(lists.Count == 0 ? "no" : "more than one")} .jsonl list. "
                + "Name the tars, or a list with `image` and `captions` on each line (metadata.jsonl).");
        }
        return metadata.Count > 0 ? metadata : lists;
    }

    private static string Format(string configured, List<string> files)
    {
        switch (configured)
        {
            case "webdataset" or "folder":
                return configured;
            case "auto" when files.TrueForAll(file => Ends(file, TarEndings)):
                return "webdataset";
            case "auto" when files.TrueForAll(file => Ends(file, ListEndings)):
                return "folder";
            case "auto":
                var odd = files.Find(file => !Ends(file, TarEndings) && !Ends(file, ListEndings)) ?? files[0];
                throw new InputException($"The format of '{odd}' does not show in its name, or formats are mixed. Set data.format to webdataset or folder.");
            default:
                throw new ConfigException($"data.format is '{configured}'; it must be webdataset, folder or auto.");
        }
    }

    private static bool Ends(string path, string[] endings) => Array.Exists(endings, ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
}
