using System.Text;
using Llm2Clip.Files;
using Llm2Clip.Images;

namespace Llm2Clip.Data.WebDataset;

/// <summary>
/// One WebDataset tar: <c>KEY.jpg</c> (png, webp, ... by content), <c>KEY.json</c> and <c>KEY.txt</c> side by side, as webdataset groups
/// them and img2dataset writes them. Keys are made by <see cref="SampleNames"/>. The same samples give the same bytes.
/// </summary>
internal sealed class TarSampleWriter(string path) : ISampleWriter
{
    private readonly PendingFile _file = new(path);
    private readonly SampleNames _names = new();

    public void Add(Sample sample, ReadOnlyMemory<byte> image)
    {
        var key = _names.Next(sample.Key);
        TarHeader.WriteMember(_file.Stream, $"{key}.{ImageFormats.Extension(image.Span)}", image.Span);
        TarHeader.WriteMember(_file.Stream, key + ".json", CaptionWriter.Record(sample));
        TarHeader.WriteMember(_file.Stream, key + ".txt", Encoding.UTF8.GetBytes(sample.Captions[0].Text));
    }

    public void Complete()
    {
        TarHeader.WriteEnd(_file.Stream);
        _file.Complete();
    }

    public void Dispose() => _file.Dispose();
}
