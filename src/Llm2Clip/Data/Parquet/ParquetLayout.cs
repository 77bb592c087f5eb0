namespace Llm2Clip.Data.Parquet;

/// <summary>Which columns of a Parquet file hold what.</summary>
/// <param name="Key">Names the sample; null = the image's path, else file and row do.</param>
/// <param name="Image">Encoded images; null where the file has texts alone.</param>
/// <param name="Path">Names of the images, or files beside the Parquet file where <paramref name="Image"/> is null in a row.</param>
/// <param name="Captions">Texts and lists of texts.</param>
/// <param name="IsLabelled">The captions are three lists, as this program writes them: texts, their languages, their kinds.</param>
internal sealed record ParquetLayout(string? Key, string? Image, string? Path, IReadOnlyList<string> Captions, bool IsLabelled)
{
    private static readonly string[] KeyNames = ["key", "__key__", "id", "image_id", "img_id"];
    private static readonly string[] ImageNames = ["image", "jpg", "jpeg", "png", "webp", "img", "picture", "image_bytes"];
    private static readonly string[] CaptionNames = ["captions", "caption", "text", "texts", "sentences", "title"];
    private static readonly string[] Labelled = ["captions", "languages", "kinds"];

    /// <summary>
    /// Finds the columns. Throws <see cref="InputException"/> that lists those of the file where no caption or the configured image is
    /// among them.
    /// </summary>
    public static ParquetLayout Of(string file, IReadOnlyList<ParquetColumn> columns, DataConfig config)
    {
        var names = columns.Select(column => column.Name).ToHashSet(StringComparer.Ordinal);
        var image = config.ImageKey.Length > 0
            ? Image_(config.ImageKey)
            : ImageNames.Select(Image_).FirstOrDefault(name => name is not null);
        if (config.ImageKey.Length > 0 && image is null)
        {
            throw new InputException(
                $"{file} has no column {config.ImageKey} (data.image_key) of bytes or of a struct with `bytes`; it has {List()}.");
        }
        var path = image is null ? null : $"{image.Split('.')[0]}.path";
        var captions = Captions_();
        if (captions.Count == 0)
        {
            var looked = string.Join(", ", config.CaptionKeys.Count > 0 ? config.CaptionKeys.Select(key => key.Key) : CaptionNames);
            throw new InputException(
                $"{file} has no column of captions (looked for {looked}; it has {List()}). Name them with data.caption_keys.");
        }
        return new ParquetLayout(
            KeyNames.FirstOrDefault(name => TypeOf(name) is ColumnType.Text or ColumnType.Int64),
            image,
            path is not null && TypeOf(path) == ColumnType.Text ? path : null,
            captions,
            captions.Count == Labelled.Length && config.CaptionKeys.Count == 0);

        ColumnType? TypeOf(string name) => columns.FirstOrDefault(column => column.Name == name)?.Type;

        string? Image_(string name) => Array.Find([name, name + ".bytes"], column => TypeOf(column) == ColumnType.Bytes);

        bool IsCaption(string name) => TypeOf(name) is ColumnType.Text or ColumnType.TextList;

        IReadOnlyList<string> Captions_() => config.CaptionKeys.Count > 0
            ? [.. config.CaptionKeys.Select(key => key.Key).Distinct().Where(IsCaption)]
            : Array.TrueForAll(Labelled, name => TypeOf(name) == ColumnType.TextList) ? Labelled
            : [.. CaptionNames.Where(IsCaption).Take(1)];

        string List() => names.Count == 0 ? "no column that can be read" : string.Join(", ", columns.Select(column => column.Name));
    }
}
