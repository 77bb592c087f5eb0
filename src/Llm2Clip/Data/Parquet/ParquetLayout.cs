using Llm2Clip.Images;

namespace Llm2Clip.Data.Parquet;

/// <summary>A column of captions: what it is called in run files, and where its texts are.</summary>
internal readonly record struct CaptionColumn(string Name, ParquetColumn Column);

/// <summary>Which columns of a Parquet file hold what.</summary>
/// <param name="Key">Names the sample; null = the image's path, else file and row do.</param>
/// <param name="Image">Encoded images; null where the file has none inside.</param>
/// <param name="Path">Names of the images, or files beside the Parquet file where a row has no bytes.</param>
/// <param name="Captions">Texts (as bytes too) and lists of texts, in the order in which they are looked at.</param>
/// <param name="IsLabeled">The captions are three lists, as this program writes them: texts, their languages, their kinds.</param>
/// <param name="Problem">Why there is no image, where a column has the name of one; else empty.</param>
internal sealed record ParquetLayout(
    string? Key, string? Image, string? Path, IReadOnlyList<CaptionColumn> Captions, bool IsLabeled, string Problem)
{
    private static readonly string[] KeyNames = ["key", "__key__", "id", "image_id", "img_id"];
    /// <summary>Texts that are looked at to find whether a column names images.</summary>
    private const int Looked = 100;

    private static readonly string[] Labeled = ["captions", "languages", "kinds"];

    /// <summary>Members of a struct, or of structs in a list, that hold the text of a caption.</summary>
    private static readonly string[] TextMembers = ["raw", "caption", "text"];

    /// <summary>
    /// Finds the columns. Throws <see cref="InputException"/> that lists those of the file with their types where no caption or the
    /// configured image is among them.
    /// </summary>
    public static ParquetLayout Of(string file, ParquetTable table, DataConfig config, CaptionReader captions)
    {
        var columns = new Columns(file, table);
        var labeled = config.CaptionKeys.Count == 0 && Array.TrueForAll(Labeled, name => columns.TypeOf(name) == ColumnType.TextList);
        IReadOnlyList<CaptionColumn> texts = labeled
            ? [.. Labeled.Select(name => new CaptionColumn(name, new ParquetColumn(name, ColumnType.TextList)))]
            : columns.Captions(captions);
        if (texts.Count == 0 && captions.IsForLabels)
        {
            throw new InputException($"{file} has no column of labels (looked for {captions.Wanted}; it has {columns.List()}). Labels are "
                + "texts or whole numbers.");
        }
        if (texts.Count == 0 && !captions.IsOptional)
        {
            throw new InputException(
                $"{file} has no column of captions (looked for {captions.Wanted}; it has {columns.List()}). Captions are texts, "
                + "texts as bytes, lists of texts, or lists of structs with `raw`, `caption` or `text`. Name them with data.caption_keys.");
        }
        var (image, path, problem) = columns.Image(config.ImageKey);
        return new ParquetLayout(
            KeyNames.FirstOrDefault(name => columns.TypeOf(name) is ColumnType.Text or ColumnType.Int64), image, path, texts, labeled,
            problem);
    }

    private sealed class Columns(string file, ParquetTable table)
    {
        public ColumnType? TypeOf(string name) => table.Columns.FirstOrDefault(column => column.Name == name)?.Type;

        public string List() => string.Join(", ", table.Columns.Select(column => $"{column.Name} ({Words(column.Type)})")
            .Concat(table.Unread.Select(column => $"{column.Name} ({column.Type}, which is not read)"))
            .DefaultIfEmpty("no column"));

        /// <summary>The columns that are looked for, each in the first of its shapes that the file has.</summary>
        public IReadOnlyList<CaptionColumn> Captions(CaptionReader reader)
        {
            var found = (reader.IsForLabels ? table.Columns.SelectMany(ForLabels) : table.Columns.SelectMany(ForCaptions)).ToList();
            return [.. reader.Columns([.. found.Select(column => column.Name)])
                .Select(name => found
                    .Where(column => column.Name == name).MinBy(column => Array.IndexOf(TextMembers, Member(column.Column.Name))))];
        }

        /// <summary>
        /// The column of images, that of their names, and what is wrong where a column has the name of images and neither.
        /// </summary>
        public (string? Image, string? Path, string Problem) Image(string configured)
        {
            IEnumerable<string> all = table.Columns.Select(column => Parent(column.Name))
                .Concat(table.Unread.Select(column => Parent(column.Name)));
            var names = configured.Length > 0 ? [configured] : FieldNames.Known(all.Distinct(), FieldNames.ImageRank).ToList();
            foreach (var name in names)
            {
                var image = Array.Find([name, name + ".bytes"], column => TypeOf(column) == ColumnType.Bytes);
                if (image is not null)
                {
                    return (image, TypeOf(name + ".path") == ColumnType.Text ? name + ".path" : null, "");
                }
            }
            // Without bytes anywhere, texts are names of files, where they look so: a table of texts alone may have a column `path` too.
            if (names.Select(name => Array.Find([name, name + ".path"], column => TypeOf(column) == ColumnType.Text))
                .FirstOrDefault(path => path is not null && (configured.Length > 0 || NamesImages(path))) is { } paths)
            {
                return (null, paths, "");
            }
            var problem = names.Count > 0 ? Problem(names[0]) : "";
            return configured.Length == 0
                ? (null, null, problem)
                : throw new InputException(
                    $"{file}: data.image_key names {configured}, and {(problem.Length > 0 ? problem : "there is no such column")}. "
                    + $"Images are bytes, structs with `bytes`, or names of files. The file has {List()}.");
        }

        private bool NamesImages(string column)
        {
            var texts = table.Texts(column);
            foreach (var group in table.RowGroups.Where(group => group.Rows > 0).Take(1))
            {
                texts.Read(group);
                return Enumerable.Range(0, group.Rows).Select(row => texts[row]).Where(text => text is not null).Take(Looked)
                    .Any(text => ImageFormats.Rank(System.IO.Path.GetExtension(text!).TrimStart('.').ToLowerInvariant()) >= 0);
            }
            return false;
        }

        private string Problem(string name) => string.Join(" and ", table.Columns.Where(column => Parent(column.Name) == name)
            .Select(column => $"column {column.Name} is {Words(column.Type)}")
            .Concat(table.Unread.Where(column => Parent(column.Name) == name).Select(column => $"column {column.Name} is {column.Type}")));

        /// <summary>
        /// The names by which a column can be taken for captions: its own, and, of a text in a struct, that of the struct.
        /// </summary>
        private static IEnumerable<CaptionColumn> ForCaptions(ParquetColumn column)
        {
            if (column.Type is ColumnType.Text or ColumnType.TextList or ColumnType.Bytes)
            {
                yield return new CaptionColumn(column.Name, column);
            }
            if (column.Type is ColumnType.Text or ColumnType.TextList && column.Name.Contains('.')
                && TextMembers.Contains(Member(column.Name)))
            {
                yield return new CaptionColumn(Parent(column.Name), column);
            }
        }

        private static IEnumerable<CaptionColumn> ForLabels(ParquetColumn column) =>
            column.Type is ColumnType.Text or ColumnType.Int64 ? [new CaptionColumn(column.Name, column)] : [];

        private static string Parent(string name) => name.Contains('.') ? name[..name.IndexOf('.')] : name;

        private static string Member(string name) => name[(name.IndexOf('.') + 1)..];

        private static string Words(ColumnType type) => type switch
        {
            ColumnType.Text => "text",
            ColumnType.Int64 => "whole numbers",
            ColumnType.Float64 => "numbers",
            ColumnType.Bytes => "bytes",
            ColumnType.FloatVector => "lists of numbers",
            _ => "lists of texts",
        };
    }
}
