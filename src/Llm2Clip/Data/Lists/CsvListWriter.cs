using System.Text;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// A table with one row per caption, as open_clip reads it (<c>filepath</c>, <c>title</c>), with language, kind and key beside.
/// </summary>
internal sealed class CsvListWriter(char separator) : ListWriter
{
    private static readonly string[] Columns = ["filepath", "title", "language", "kind", "key"];

    public override string FileName => separator == '\t' ? "captions.tsv" : "captions.csv";

    public override IReadOnlyList<ListSection> Sections(string name) => [new ListSection(Opening: Row(Columns))];

    public override IEnumerable<(int Section, byte[] Entry)> Entries(WrittenImage image, string split) =>
        image.Sample.Captions.Select(caption =>
            (0, Encoding.UTF8.GetBytes(
                Row([image.Path, caption.Text, caption.Language, CaptionKinds.Name(caption.Kind), image.Sample.Key]))));

    private string Row(string[] cells) => string.Join(separator, cells.Select(Cell)) + "\n";

    /// <summary>Quoted where it has to be (RFC 4180; Python's csv and pandas read tab-separated files by the same rule).</summary>
    private string Cell(string text) =>
        text.AsSpan().IndexOfAny(['"', '\n', '\r', separator]) < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
