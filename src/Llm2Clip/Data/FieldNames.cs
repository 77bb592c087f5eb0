using System.Collections.Frozen;

namespace Llm2Clip.Data;

/// <summary>
/// The usual names of fields and columns, the same in every format, in English, German and Chinese; upper and lower case are equal. Where
/// a record has several, the first that holds something counts. <c>data.image_key</c> and <c>data.caption_keys</c> name others.
/// </summary>
internal static class FieldNames
{
    /// <summary>
    /// Captions, in the order in which they are looked for; <c>txt</c> stands for a text file of the record, which tars have.
    /// </summary>
    public static IReadOnlyList<string> Captions { get; } =
    [
        "captions", "caption", CaptionReader.TextMember, "text", "texts", "sentences", "title", "description", "alt_text",
        "beschreibung", "bildbeschreibung", "bildunterschrift", "titel",
        "描述", "图片描述", "说明", "标题", "文本", "圖片描述", "說明", "標題",
    ];

    /// <summary>Images: bytes, or the names of files.</summary>
    public static IReadOnlyList<string> Images { get; } =
    [
        "image", "jpg", "jpeg", "png", "webp", "img", "picture", "photo", "image_bytes",
        "file_name", "filename", "filepath", "file", "path", "image_path", "image_file", "image_name",
        "bild", "foto", "datei", "dateiname", "bilddatei", "pfad",
        "图片", "图像", "照片", "文件", "文件名", "路径", "图片路径", "圖片", "圖像", "檔案", "檔名", "路徑",
    ];

    private static readonly FrozenDictionary<string, int> CaptionRanks = Ranks(Captions);
    private static readonly FrozenDictionary<string, int> ImageRanks = Ranks(Images);

    /// <summary>Place of a field's name among <see cref="Captions"/>; null where it is none of them.</summary>
    public static int? CaptionRank(string name) => CaptionRanks.TryGetValue(name, out var rank) ? rank : null;

    /// <summary>Place of a field's name among <see cref="Images"/>; null where it is none of them.</summary>
    public static int? ImageRank(string name) => ImageRanks.TryGetValue(name, out var rank) ? rank : null;

    /// <summary>Those of <paramref name="names"/> that have a rank, in its order.</summary>
    public static IEnumerable<string> Known(IEnumerable<string> names, Func<string, int?> rank) =>
        names.Where(name => rank(name) is not null).OrderBy(rank);

    /// <summary>The English ones, for messages.</summary>
    public static string CaptionExamples => string.Join(", ", Captions.TakeWhile(name => name != "beschreibung"));

    private static FrozenDictionary<string, int> Ranks(IReadOnlyList<string> names) =>
        names.Select((name, rank) => (name, rank)).ToFrozenDictionary(
            pair => pair.name, pair => pair.rank, StringComparer.OrdinalIgnoreCase);
}
