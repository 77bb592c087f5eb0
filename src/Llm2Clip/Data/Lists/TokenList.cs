using System.Text;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data.Lists;

/// <summary>
/// The caption files that Flickr8k and Flickr30k are published with (<c>Flickr8k.token.txt</c>, <c>results_20130124.token</c>): a line per
/// caption, <c>IMAGE#NUMBER TAB caption</c>. Lines of one image are one sample, wherever they are: the first gives it with the captions of
/// all.
/// </summary>
internal sealed class TokenList : ListFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly CaptionReader _captions;
    private readonly ImageFolders _images;
    private readonly LineRecords _lines;
    private readonly NameIndex _names = new();

    public TokenList(string path, CaptionReader captions, ImageFolders images)
        : base(path)
    {
        (_captions, _images) = (captions, images);
        _lines = new LineRecords(path, Bytes);
        foreach (var record in Chunks.SelectMany(Records))
        {
            if (Parse(record.Bytes.Span) is var (image, _))
            {
                _names.Add(RecordName.Of(image, null), record.Offset, record.Bytes.Length);
            }
        }
        Close();
        _names.Seal();
    }

    public override IReadOnlyList<ListChunk> Chunks => _lines.Chunks;

    public static bool Is(FileHead head) => head.Ends(".token", ".token.txt");

    public override IEnumerable<ListRecord> Records(ListChunk chunk) => _lines.Of(chunk);

    public override ListedImage? Read(ListRecord record, List<string> remarks)
    {
        var (image, caption) = Parse(record.Bytes.Span)
            ?? throw new BadRecordException("is not of the form IMAGE#NUMBER, tab, caption");
        var name = RecordName.Of(image, null);
        if (_names.Records(name, record.Offset) is not { } lines)
        {
            return null;
        }
        var found = new List<Caption>();
        _captions.Add(caption, "its caption", found, remarks);
        foreach (var further in lines.Skip(1))
        {
            var text = Parse(Bytes.Read(further.Offset, further.Length))!.Value.Caption;
            _captions.Add(text, $"the caption at byte {further.Offset}", found, remarks);
        }
        return new ListedImage(
            _names.Key(name), image, _captions.Complete(found, remarks, "no caption"), _images.Find(Path, image));
    }

    /// <summary>
    /// What a line says; null where it is not of this format. Throws <see cref="DecoderFallbackException"/> where it is not UTF-8.
    /// </summary>
    private static (string Image, string Caption)? Parse(ReadOnlySpan<byte> line)
    {
        var tab = line.IndexOf((byte)'\t');
        var mark = tab < 0 ? -1 : line[..tab].LastIndexOf((byte)'#');
        var isOne = mark > 0 && tab > mark + 1 && !line[(mark + 1)..tab].ContainsAnyExceptInRange((byte)'0', (byte)'9');
        return isOne ? (Strict.GetString(line[..mark]), Strict.GetString(line[(tab + 1)..])) : null;
    }
}
