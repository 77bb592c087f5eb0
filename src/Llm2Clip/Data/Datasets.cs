using System.Globalization;
using System.Text.RegularExpressions;
using Llm2Clip.Configuration;
using Llm2Clip.Data.Lists;
using Llm2Clip.Data.WebDataset;
using Llm2Clip.Files;

namespace Llm2Clip.Data;

/// <summary>Opens data sets, whatever their format.</summary>
public static partial class Datasets
{
    /// <summary>
    /// The training data of the run file; several sets are read one after the other. Throws <see cref="ConfigException"/> where none is
    /// named, <see cref="InputException"/> where nothing is found.
    /// </summary>
    public static ISampleSource OpenTrain(DataConfig config, IRunLog log)
    {
        var sources = OpenTrainSets(config, log).Select(set => set.Source).ToList();
        return sources.Count == 1 ? sources[0] : new JoinedSource(sources);
    }

    /// <summary>The training data of the run file, set by set. Throws as <see cref="OpenTrain"/>.</summary>
    internal static IReadOnlyList<TrainSet> OpenTrainSets(DataConfig config, IRunLog log)
    {
        Checked.Require(config, "data");
        return config.TrainSets.Count > 0
            ? [.. config.TrainSets.Select((set, index) => Open($"data.train_sets.{index}", set.Path, set.Within(config), set.Weight))]
            : [Open("data.train", Named(config.Train, "data.train"), config, null)];

        TrainSet Open(string key, string path, DataConfig data, double? weight) =>
            new(key, path, data, Datasets.Open(path, data, log), weight);
    }

    /// <summary>The held-out data of the run file.</summary>
    public static ISampleSource OpenVal(DataConfig config, IRunLog log) => Open(Named(config.Val, "data.val"), config, log);

    /// <summary>
    /// The data set that <paramref name="pattern"/> names; format and caption fields come from <paramref name="config"/>. A folder of
    /// images alone is taken where <paramref name="needsCaptions"/> is false: its samples have no captions.
    /// </summary>
    public static ISampleSource Open(string pattern, DataConfig config, IRunLog log, bool needsCaptions = true)
    {
        var (format, data) = Find(pattern, Checked.Require(config, "data"), log);
        if (needsCaptions && !format.HasCaptions)
        {
            throw new InputException(
                $"'{pattern}' holds images, but no captions, which this command needs. Put a list beside them: captions.csv with the "
                + "columns image and caption, or metadata.jsonl with {\"file_name\": \"a.jpg\", \"caption\": \"...\"} on each line; or a "
                + "text file per image, a.txt beside a.jpg.");
        }
        return Opened(format, data, log, config.JoinCaptions ? images => new JoinedCaptions(images) : null);
    }

    /// <summary>A data set of images, with the captions that they have, if any.</summary>
    internal static ISampleSource OpenImages(string pattern, DataConfig config, IRunLog log)
    {
        var (format, data) = Find(pattern, Checked.Require(config, "data"), log);
        return Opened(format, data with { Captions = data.Captions.Optional() }, log);
    }

    /// <summary>
    /// A data set of labeled images: each sample has one label, a class id or number, in the place of captions
    /// (<see cref="LabelOf"/>). Of a folder per class that is the folder's name, else what the field, column or member
    /// <paramref name="labelKey"/> holds: where that is empty, <c>cls</c> of tars and <c>label</c> of lists.
    /// </summary>
    /// <param name="pattern">The data.</param>
    /// <param name="config">Format, image folders, share of bad records; captions do not count.</param>
    /// <param name="labelKey">Where the label is.</param>
    /// <param name="setting">The key of the run file that says so, for messages.</param>
    /// <param name="log">Hears what is read.</param>
    internal static ISampleSource OpenLabeled(string pattern, DataConfig config, string labelKey, string setting, IRunLog log)
    {
        var (format, data) = Find(pattern, Checked.Require(config, "data"), log, needsLabels: true);
        if (!format.HasCaptions)
        {
            return labelKey.Length == 0
                ? Opened(format, data, log, images => new LabeledSource(images, inFolders: true))
                : throw new ConfigException(
                    $"{setting} is {labelKey}, but '{pattern}' is a folder of images, whose labels are the names of the folders in it. "
                    + "Leave the key out.");
        }
        if (!format.HasCaptionKeys)
        {
            throw new ConfigException(
                $"'{pattern}' is of the format {DatasetFormats.Name(format.Name)}, which has no place for labels. Take a folder per class, "
                + $"or one of {DatasetFormats.NamesOf(other => other.HasCaptionKeys)}.");
        }
        var key = labelKey.Length > 0 ? labelKey : format.Name == DatasetFormat.Webdataset ? CaptionReader.ClassMember : "label";
        return Opened(
            format, data with { Captions = new CaptionReader(key, setting) }, log, images => new LabeledSource(images, inFolders: false));
    }

    /// <summary>The label of a sample of <see cref="OpenLabeled"/>.</summary>
    internal static string LabelOf(Sample sample) => sample.Captions[0].Text;

    private static (IDatasetFormat Format, NamedData Data) Find(
        string pattern, DataConfig config, IRunLog log, bool needsLabels = false)
    {
        var chosen = DatasetFormats.Find(config.Format);
        // Text files beside the images of a class say nothing about its label.
        IReadOnlyList<IDatasetFormat> candidates = chosen is null
            ? [.. DatasetFormats.All.Where(format => !needsLabels || !format.TakesFolders || !format.HasCaptions)]
            : [chosen];
        var (whole, range) = TakeRange(pattern);
        var (place, splits) = TakeSplits(whole);
        var files = ShardPattern.Expand(place)
            .SelectMany(path => Directory.Exists(path) && chosen?.TakesFolders != true ? InFolder(path, candidates) : [path]).ToList();
        files.FindAll(file => !ShardStream.IsStream(file)).ForEach(LfsPointer.Refuse);
        var format = chosen ?? Recognize(files, candidates);
        Check(format, config, splits, pattern);
        if (chosen is null)
        {
            log.Detail($"{pattern}: recognized as data.format {DatasetFormats.Name(format.Name)}");
        }
        var captions = new CaptionReader(config, format.Language, format.Kind);
        return (format, new NamedData(pattern, files, captions, new ImageFolders(config.ImageRoot), splits, range, config));
    }

    private static ISampleSource Opened(
        IDatasetFormat format, NamedData data, IRunLog log, Func<ISampleSource, ISampleSource>? wrap = null)
    {
        var source = format.Open(data);
        source = data.Range is { } range ? new SlicedSource(source, range) : source;
        source = wrap?.Invoke(source) ?? source;
        log.Info($"Data: {source.Description}");
        if (data.Files.Any(ShardStream.Takes))
        {
            log.Info("Images of streamed and gzip shards travel with their records: the shuffle buffer holds at most "
                + $"{data.Config.ShuffleBufferMb:N0} MB of them (data.shuffle_buffer_mb). Each pass runs the commands again; plain tars "
                + "are read in place.");
        }
        return source;
    }

    /// <summary>
    /// All samples in stored order, bad ones counted, named in the log and left out. Captions are read, images are not.
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
        pattern.Length > 0
            ? pattern
            : throw new ConfigException($"{key} is empty: name the data, for example --set {key}='data/train-{{00000..00011}}.tar'.");

    /// <summary>A pattern without the range of records that follows it (<c>a.json#:1000</c>, <c>a.json#1000:</c>), and that.</summary>
    private static (string Pattern, RecordRange? Range) TakeRange(string pattern)
    {
        var match = RangeSuffix().Match(pattern);
        if (!match.Success || Path.Exists(pattern))
        {
            return (pattern, null);
        }
        var (from, to) = (Number(match.Groups[1].Value) ?? 0, Number(match.Groups[2].Value));
        if (ShardStream.IsStream(pattern))
        {
            throw new ConfigException(
                $"'{pattern}' names records {match.Value} of a stream, which is read once; write it into files first.");
        }
        return to is null || from < to
            ? (pattern[..match.Index], new RecordRange(from, to))
            : throw new ConfigException($"'{pattern}' names no record: {match.Value} is FROM:TO, from 0, without TO.");

        long? Number(string digits) => digits.Length == 0 ? null
            : long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new ConfigException($"'{pattern}': {digits} is too large for the number of a record.");
    }

    [GeneratedRegex(@"#([0-9]*):([0-9]*)$")]
    private static partial Regex RangeSuffix();

    /// <summary>A pattern without the splits that follow it (<c>dataset_coco.json#train+restval</c>), and those.</summary>
    private static (string Pattern, IReadOnlyList<string> Splits) TakeSplits(string pattern)
    {
        var match = SplitSuffix().Match(pattern);
        return match.Success && !ShardStream.IsStream(pattern) && !Path.Exists(pattern)
            ? (pattern[..match.Index], match.Groups[1].Value.Split('+', StringSplitOptions.RemoveEmptyEntries))
            : (pattern, []);
    }

    [GeneratedRegex(@"#([\w+-]+)$")]
    private static partial Regex SplitSuffix();

    /// <summary>
    /// A folder means the tars in it, else its Parquet files, else its list: metadata.*, or the only file that is one; else its images.
    /// Names that begin with a dot are passed over, as in patterns: among them are the halves of files that a Mac leaves on other systems
    /// (AppleDouble).
    /// </summary>
    private static IReadOnlyList<string> InFolder(string folder, IReadOnlyList<IDatasetFormat> candidates)
    {
        var files = Directory.GetFiles(folder).Where(file => !Path.GetFileName(file).StartsWith('.'))
            .Order(StringComparer.Ordinal).Select(file => new FileHead(file)).ToList();
        foreach (var format in candidates.Where(format => format.FillsFolders))
        {
            if (files.FindAll(format.Recognizes) is { Count: > 0 } found)
            {
                return [.. found.Select(file => file.Path)];
            }
        }
        var lists = files.FindAll(file => candidates.Any(format => format.Recognizes(file)));
        var metadata = lists.FindAll(file => Path.GetFileNameWithoutExtension(file.Path) == "metadata");
        return (metadata.Count, lists.Count) switch
        {
            (1, _) => [metadata[0].Path],
            (0, 1) => [lists[0].Path],
            (0, 0) when candidates.Any(format => format.TakesFolders) && ImageFolderSource.HasImages(folder) => [folder],
            _ => throw new InputException(
            $"Folder '{folder}' holds no tar and {(lists.Count == 0 ? "no list" : "several lists")} of images"
                + (lists.Count == 0 ? ". " : $" ({string.Join(", ", lists.Take(4).Select(list => Path.GetFileName(list.Path)))}). ")
                + "Name the tars, or the list, such as a metadata.jsonl with `image` and `captions` on each line, or a captions.csv."),
        };
    }

    private static IDatasetFormat Recognize(List<string> files, IReadOnlyList<IDatasetFormat> candidates)
    {
        var heads = files.ConvertAll(file => new FileHead(file));
        var formats = heads.ConvertAll(head => candidates.FirstOrDefault(format => format.Recognizes(head)));
        if (formats.IndexOf(null) is var unknown and >= 0)
        {
            var odd = heads[unknown];
            if (Path.GetExtension(odd.Path).ToLowerInvariant() is ".xlsx" or ".xls" or ".xlsm" or ".ods" or ".numbers")
            {
                throw new InputException(
                    $"{odd.Path} is a spreadsheet, which is not read. Save its table as CSV beside the images (in Excel: "
                    + "CSV UTF-8), with a column of file names and a column of captions.");
            }
            throw new InputException($"The format of '{odd.Path}' shows neither in its name nor in its content"
                + $"{(odd.Problem.Length > 0 ? $" ({odd.Problem.TrimEnd('.')})" : "")}. Set data.format to one of {DatasetFormats.Names}.");
        }
        var first = formats[0]!;
        var other = formats.FindIndex(format => format != first);
        return other < 0
            ? first
            : throw new InputException($"The pattern names files of several formats: '{files[0]}' is {DatasetFormats.Name(first.Name)}, "
                + $"'{files[other]}' is {DatasetFormats.Name(formats[other]!.Name)}.");
    }

    private static void Check(IDatasetFormat format, DataConfig config, IReadOnlyList<string> splits, string pattern)
    {
        if (splits.Count > 0 && !format.HasSplits)
        {
            throw new ConfigException($"'{pattern}' names a split, but files of the format {DatasetFormats.Name(format.Name)} have none; "
                + $"those of {DatasetFormats.NamesOf(other => other.HasSplits)} have.");
        }
        if (config.CaptionKeys.Count > 0 && !format.HasCaptionKeys)
        {
            throw new ConfigException("data.caption_keys names fields, but captions of the format "
                + $"{DatasetFormats.Name(format.Name)} have places of their own. Leave it empty.");
        }
    }
}
