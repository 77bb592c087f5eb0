namespace Llm2Clip.Data.Lists;

/// <summary>
/// JSON lines: <c>file_name</c> as Hugging Face's imagefolder reads it, with <c>key</c>, <c>caption</c> and our <c>captions</c>.
/// </summary>
internal sealed class FolderListWriter : ListWriter
{
    public override string FileName => "metadata.jsonl";

    public override IEnumerable<(int Section, byte[] Entry)> Entries(WrittenImage image, string split) =>
        [(0, [.. CaptionWriter.Record(image.Sample, image.Path), (byte)'\n'])];
}
