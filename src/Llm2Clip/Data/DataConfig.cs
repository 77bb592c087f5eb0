using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Images;

namespace Llm2Clip.Data;

/// <summary>
/// The <c>data</c> section of a run file: where the images and captions lie, how captions are named, how they are loaded.
/// </summary>
public sealed record DataConfig : ICheckedConfig
{
    [Description(
        "Training data: path with {a,b}, {00000..00011}, * ? [] (several joined with ::), a folder, `pipe:COMMAND` that writes a tar, "
        + "or - for a tar from standard input; FILE#SPLIT takes one split of a Karpathy file (#train+restval: two), "
        + "DATA#FROM:TO the records FROM to TO - 1, counted from 0 (#:1000, #1000:).")]
    public string Train { get; init; } = "";

    [Description("Several training data sets in place of train, each with the share of the images that are drawn from it, and with format "
        + "and caption fields of its own where they differ (docs/data.md).")]
    public IReadOnlyList<TrainSetConfig> TrainSets { get; init; } = [];

    [Description("Held-out data for validation and evaluation, written like train.")]
    public string Val { get; init; } = "";

    [Description("Format of the data; auto: by file name, JSON files by content.")]
    public DatasetFormat Format { get; init; } = DatasetFormat.Auto;

    [Description(
        "Folder of the images that a list names; several, searched in turn, as {a,b} or joined with ::. Empty: the list's own folder.")]
    public string ImageRoot { get; init; } = "";

    [Description("Column or field of the images in Parquet (bytes, a struct with `bytes` and `path`, or names of files), CSV, TSV and "
        + "JSONL (names of files). "
        + "Empty: the first of image, jpg, png, img, file_name, filepath, path, Bild, Datei, 图片, ... (docs/data.md).")]
    public string ImageKey { get; init; } = "";

    [Description("Language of captions that do not state one (txt members, a plain `caption` field). Empty: en, or zh for chinese_clip.")]
    public string Language { get; init; } = "";

    [Description("Kind of captions that do not state one: short | long | raw. Null: short, or long for sharegpt4v.")]
    public CaptionKind? Kind { get; init; }

    [Description(
        "Which fields or columns are captions, each with language and kind; `txt` names the txt member. Empty: the first that holds "
        + "something of captions, caption, txt, text, texts, sentences, title, description, Beschreibung, 描述, ... (docs/data.md).")]
    public IReadOnlyList<CaptionKey> CaptionKeys { get; init; } = [];

    [Description("Of format text_files, first | each | joined: the first line of an image's text file is its caption, each line is one, or "
        + "all lines are one together.")]
    public TextLines TextLines { get; init; }

    [Description("Adds a long caption in each language that an image has several captions in: all of them joined.")]
    public bool JoinCaptions { get; init; }

    [Description("Share of bad records (unreadable image, no caption) past which a run stops, 0 to 1.")]
    [Range(0.0, 1.0)]
    public double MaxBadShare { get; init; } = 0.01;

    [Description("Images that declare more pixels than this are refused, in millions (guards against decompression bombs).")]
    [Range(0.0, Images.DecodeOptions.MaxMegapixelsOfAnArray, MinimumIsExclusive = true)]
    public double MaxMegapixels { get; init; } = 178;

    [Description(
        "Shrink large JPEGs by 2, 4 or 8 while decoding, as long as this many times the target size remain: 2 is faster and hardly "
        + "differs, 1 is the fastest (docs/data.md); 0 = never.")]
    public double JpegReducingGap { get; init; }

    [Description(
        "Turn images as their EXIF orientation says. Null: yes for folders and lists of image files, no for shards (webdataset, parquet), "
        + "which are what training pipelines wrote that ignore it, as CLIP's own processors do.")]
    public bool? Upright { get; init; }

    [Description("R, G, B in 0..255 that transparent pixels are blended over, such as [255, 255, 255]; empty = alpha is dropped, "
        + "as CLIP's processors do.")]
    public IReadOnlyList<int> Background { get; init; } = [];

    [Description("Decode threads; 0 = as many as the machine has cores, at most 8.")]
    [Range(0, 1024)]
    public int Workers { get; init; }

    [Description("Batches decoded ahead of the trainer. Null = 4, or as many as have 2,048 images together, but at least 1.")]
    [Range(1, int.MaxValue)]
    public int? Prefetch { get; init; }

    [Description(
        "Records held in the shuffle buffer; images are read later, so a large one is cheap. A data set that fits is shuffled as a "
        + "whole.")]
    [Range(1, int.MaxValue)]
    public int ShuffleBuffer { get; init; } = 100_000;

    [Description(
        "Memory for encoded images in the shuffle buffer, MB. Counts for Parquet files and for shards from pipe:, - and gzip alone, "
        + "whose images cannot be read one by one later; other images stay in their files.")]
    [Range(1, int.MaxValue)]
    public int ShuffleBufferMb { get; init; } = 1024;

    [Description("Memory for decoded training images, MB; 0 = none. Small data sets then decode every JPEG once.")]
    [Range(0, int.MaxValue)]
    public int ImageCacheMb { get; init; }

    [Description(
        "Short side to which images are shrunk before they enter the cache, pixels; 0 = kept at full size, which changes no pixel.")]
    [Range(0, int.MaxValue)]
    public int ImageCacheSide { get; init; }

    [Description("How training images are cropped, flipped and colored.")]
    public AugmentConfig Augment { get; init; } = new();

    /// <summary>How encoded images are decoded, by these settings.</summary>
    internal DecodeOptions DecodeOptions() => new()
    {
        MaxMegapixels = MaxMegapixels,
        JpegReducingGap = JpegReducingGap,
        Upright = Upright ?? false,
        Background = Background,
    };

    /// <summary>These settings for the images of one data set, with what null means for it.</summary>
    internal DataConfig For(ISampleSource source) => this with { Upright = Upright ?? source.IsUpright };

    /// <summary>What the training data consists of: the paths of train_sets, or train alone; empty where neither is named.</summary>
    internal IReadOnlyList<string> TrainPaths =>
        TrainSets.Count > 0 ? [.. TrainSets.Select(set => set.Path)] : Train.Length > 0 ? [Train] : [];

    /// <summary>The training data as messages and reports name it.</summary>
    internal string TrainName => string.Join(", ", TrainPaths);

    /// <summary>The settings for a data set that is read alone: of a training set its own, else these.</summary>
    internal DataConfig Of(string path) => TrainSets.FirstOrDefault(set => set.Path == path)?.Within(this) ?? this;

    /// <summary>
    /// Throws <see cref="ConfigException"/> where the training data is there once; see <see cref="ShardPattern.RequireRepeatable"/>.
    /// </summary>
    internal void RequireRepeatableTrain(string reader)
    {
        foreach (var path in TrainPaths)
        {
            ShardPattern.RequireRepeatable(path, reader);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check() => Checked.Problems(DecodeOptions()).Concat(CheckSets());

    private IEnumerable<(string Key, string Problem)> CheckSets()
    {
        if (TrainSets.Count > 0 && Train.Length > 0)
        {
            yield return ("train_sets", $"is given beside data.train, {Train}: name all data sets in train_sets, or one as train");
        }
        if (TrainSets.Any(set => set.Weight is null) && TrainSets.Any(set => set.Weight is not null))
        {
            yield return ("train_sets", $"has a weight for some sets, and none for {TrainSets.First(set => set.Weight is null).Path}: give "
                + "each set one, or none");
        }
        foreach (var twice in TrainSets.GroupBy(set => set.Path, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            yield return ("train_sets", $"names {twice.Key} twice: name it once, with a larger weight");
        }
    }
}

/// <summary>A caption field of a record: its name, and the language and kind of what it holds (a text or a list of texts).</summary>
public sealed record CaptionKey : ICheckedConfig
{
    [Description("Name of the JSON field or CSV column; `txt` names the txt member of a WebDataset sample.")]
    public string Key { get; init; } = "";

    [Description("Language label, such as en or zh; empty = the data section's language.")]
    public string Language { get; init; } = "";

    [Description("short | long | raw; null = the data section's kind.")]
    public CaptionKind? Kind { get; init; }

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Key.Length == 0)
        {
            yield return ("key", "is empty; name the JSON field or CSV column that holds captions");
        }
    }
}
