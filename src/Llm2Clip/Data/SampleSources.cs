using System.Text.RegularExpressions;
using Llm2Clip.Data.Lists;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Data;

/// <summary>Opens data sets, whatever their form.</summary>
public static partial class SampleSources
{
    private const string Auto = "auto";

    /// <summary>The forms, in the order in which a file is held against them.</summary>
    private static readonly SampleForm[] Forms =
    [
        new("webdataset", head => ShardStream.IsStream(head.Path) || head.Ends(".tar", ".tar.gz", ".tgz"), data => new WebDatasetSource(data.Pattern, data.Files, data.Captions))
            { FillsFolders = true, HasCaptionKeys = true },
        new("parquet", head => head.Ends(".parquet"), data => new ParquetSource(data.Pattern, data.Files, data.Config, data.Captions))
            { FillsFolders = true, HasCaptionKeys = true },
        SampleForm.List("chinese_clip", "Chinese-CLIP", head => head.Ends(ChineseClipList.PicturesEnding), (file, data) => new ChineseClipList(file, data.Captions))
            with { Language = "zh" },
        SampleForm.List("csv", "CSV", head => head.Ends(".csv", ".tsv"), (file, data) => new CsvList(file, data.Captions, data.Pictures)) with { HasCaptionKeys = true },
        SampleForm.List("crossmodal3600", "Crossmodal-3600", CrossmodalList.Is, (file, data) => new CrossmodalList(file, data.Captions, data.Pictures)),
        SampleForm.List("folder", "JSONL", head => head.Ends(".jsonl"), (file, data) => new FolderList(file, data.Captions, data.Pictures)) with { HasCaptionKeys = true },
        SampleForm.List("karpathy", "Karpathy JSON", head => head.JsonHas("images", "sentences"), (file, data) => new KarpathyList(file, data.Captions, data.Pictures, data.Splits))
            with { HasSplits = true },
        SampleForm.List("coco", "COCO caption JSON", head => head.JsonHas("images", "file_name") || head.JsonHas("annotations", "caption"), (file, data) => new CocoList(file, data.Captions, data.Pictures)),
        SampleForm.List("sharegpt4v", "ShareGPT4V JSON", head => head.JsonHas("", "conversations"), (file, data) => new ShareGpt4VList(file, data.Captions, data.Pictures))
            with { Kind = CaptionKind.Long },
    ];

    private static string Names => string.Join(", ", Forms.Select(form => form.Name));

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
        var candidates = config.Format == Auto ? Forms : Array.FindAll(Forms, form => form.Name == config.Format);
        if (candidates.Length == 0)
        {
            throw new ConfigException($"data.format is '{config.Format}'; it must be one of {Names}, or {Auto}.");
        }
        _ = new CaptionReader(config); // mistakes of the run file before those of the data
        var (place, splits) = TakeSplits(pattern);
        var files = ShardPattern.Expand(place).SelectMany(path => Directory.Exists(path) ? InFolder(path, candidates) : [path]).ToList();
        var form = config.Format == Auto ? Recognise(files) : candidates[0];
        Check(form, config, splits, pattern);
        var source = form.Open(new NamedData(pattern, files, new CaptionReader(config, form.Language, form.Kind), new PictureFolders(config.ImageRoot), splits, config));
        log.Info($"Data: {source.Description}{(config.Format == Auto ? $"; recognised as data.format {form.Name}" : "")}");
        if (files.Any(ShardStream.Takes))
        {
            log.Info($"Pictures of streamed and gzip shards travel with their records: the shuffle buffer holds at most {config.ShuffleBufferMb:N0} MB of them (data.shuffle_buffer_mb). "
                + "Each pass runs the commands again; plain tars are read in place.");
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

    /// <summary>A pattern without the splits that stand behind it (<c>dataset_coco.json#train+restval</c>), and those.</summary>
    private static (string Pattern, IReadOnlyList<string> Splits) TakeSplits(string pattern)
    {
        var match = SplitSuffix().Match(pattern);
        return match.Success && !ShardStream.IsStream(pattern) && !Path.Exists(pattern)
            ? (pattern[..match.Index], match.Groups[1].Value.Split('+', StringSplitOptions.RemoveEmptyEntries))
            : (pattern, []);
    }

    [GeneratedRegex(@"#([\w+-]+)$")]
    private static partial Regex SplitSuffix();

    /// <summary>A folder stands for the tars in it, else for its list: metadata.*, or the only file that is one.</summary>
    private static IReadOnlyList<string> InFolder(string folder, SampleForm[] candidates)
    {
        var files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(file => new FileHead(file)).ToList();
        foreach (var form in candidates.Where(form => form.FillsFolders))
        {
            if (files.FindAll(file => form.Recognises(file)) is { Count: > 0 } found)
            {
                return [.. found.Select(file => file.Path)];
            }
        }
        var lists = files.FindAll(file => Array.Exists(candidates, form => form.Recognises(file)));
        var metadata = lists.FindAll(file => Path.GetFileNameWithoutExtension(file.Path) == "metadata");
        return (metadata.Count, lists.Count) switch
        {
            (1, _) => [metadata[0].Path],
            (0, 1) => [lists[0].Path],
            _ => throw new InputException($"Folder '{folder}' holds no tar and {(lists.Count == 0 ? "no" : "more than one")} list of pictures. "
                + "Name the tars, or the list, such as a metadata.jsonl with `image` and `captions` on each line."),
        };
    }

    private static SampleForm Recognise(List<string> files)
    {
        var heads = files.ConvertAll(file => new FileHead(file));
        var forms = heads.ConvertAll(head => Array.Find(Forms, form => form.Recognises(head)));
        if (forms[0] is { } first && forms.TrueForAll(form => form == first))
        {
            return first;
        }
        var odd = heads[Math.Max(0, forms.FindIndex(form => form is null))];
        throw new InputException(forms.Contains(null)
            ? $"The format of '{odd.Path}' shows neither in its name nor in its content{(odd.Problem.Length > 0 ? $" ({odd.Problem.TrimEnd('.')})" : "")}. Set data.format to one of {Names}."
            : $"The pattern names files of several formats: '{files[0]}' is {forms[0]!.Name}, '{files[forms.FindIndex(form => form != forms[0])]}' is {forms.Find(form => form != forms[0])!.Name}.");
    }

    private static void Check(SampleForm form, DataConfig config, IReadOnlyList<string> splits, string pattern)
    {
        if (splits.Count > 0 && !form.HasSplits)
        {
            throw new ConfigException($"'{pattern}' names a split, but files of the format {form.Name} have none; those of {string.Join(", ", Forms.Where(f => f.HasSplits).Select(f => f.Name))} have.");
        }
        if (config.CaptionKeys.Count > 0 && !form.HasCaptionKeys)
        {
            throw new ConfigException($"data.caption_keys names fields, but captions of the format {form.Name} stand in places of their own. Leave it empty.");
        }
    }
}
