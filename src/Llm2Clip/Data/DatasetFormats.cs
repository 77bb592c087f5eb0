using Llm2Clip.Configuration;
using Llm2Clip.Data.Lists;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Data;

/// <summary>The registry of formats: a new format is a folder or a file, a value of <see cref="DatasetFormat"/>, and a row here.</summary>
internal static class DatasetFormats
{
    /// <summary>All formats, in the order in which a file is compared with them.</summary>
    public static IReadOnlyList<IDatasetFormat> All { get; } =
    [
        new WebDatasetFormat(),
        new ParquetFormat(),
        new ListFormat(
            DatasetFormat.ChineseClip, "Chinese-CLIP", ChineseClipList.Is, (file, data) => new ChineseClipList(file, data.Captions))
            { Language = "zh" },
        new ListFormat(
            DatasetFormat.Csv, "CSV", head => head.Ends(".csv"),
            (file, data) => new CsvList(file, data.Captions, data.Images, data.Config.ImageKey))
            { HasCaptionKeys = true, List = new CsvListWriter(',') },
        new ListFormat(
            DatasetFormat.Tsv, "TSV", head => head.Ends(".tsv"),
            (file, data) => new CsvList(file, data.Captions, data.Images, data.Config.ImageKey))
            { HasCaptionKeys = true, List = new CsvListWriter('\t') },
        new ListFormat(
            DatasetFormat.Crossmodal3600, "Crossmodal-3600", CrossmodalList.Is,
            (file, data) => new CrossmodalList(file, data.Captions, data.Images)),
        new ListFormat(
            DatasetFormat.Folder, "JSONL", head => head.Ends(".jsonl"),
            (file, data) => new FolderList(file, data.Captions, data.Images, data.Config.ImageKey))
            { HasCaptionKeys = true, List = new FolderListWriter() },
        new ListFormat(
            DatasetFormat.Karpathy, "Karpathy JSON", KarpathyList.Is,
            (file, data) => new KarpathyList(file, data.Captions, data.Images, data.Splits))
            { HasSplits = true, List = new KarpathyListWriter() },
        new ListFormat(DatasetFormat.Coco, "COCO caption JSON", CocoList.Is, (file, data) => new CocoList(file, data.Captions, data.Images))
            { List = new CocoListWriter() },
        new ListFormat(
            DatasetFormat.Sharegpt4v, "ShareGPT4V JSON", ShareGpt4VList.Is,
            (file, data) => new ShareGpt4VList(file, data.Captions, data.Images))
            { Kind = CaptionKind.Long },
        new ListFormat(
            DatasetFormat.FlickrToken, "Flickr token file", TokenList.Is, (file, data) => new TokenList(file, data.Captions, data.Images)),
        new TextFileFormat(),
        new ImageFolderFormat(),
    ];

    /// <summary>The names of all formats, for messages.</summary>
    public static string Names => NamesOf(_ => true);

    /// <summary>The names of the formats that are written too.</summary>
    public static string WrittenNames => NamesOf(format => format.Writer is not null);

    /// <summary>The row of a format; null for <see cref="DatasetFormat.Auto"/>, which is no format of its own.</summary>
    public static IDatasetFormat? Find(DatasetFormat name) => All.FirstOrDefault(format => format.Name == name);

    /// <summary>A format's name as run files write it.</summary>
    public static string Name(DatasetFormat format) => ConfigSchema.SnakeCase(format.ToString());

    /// <summary>The names of the formats that <paramref name="which"/> chooses.</summary>
    public static string NamesOf(Func<IDatasetFormat, bool> which) =>
        string.Join(", ", All.Where(which).Select(format => Name(format.Name)));
}
