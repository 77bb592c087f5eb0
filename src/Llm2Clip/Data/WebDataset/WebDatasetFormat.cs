using Llm2Clip.Data.Lists;

namespace Llm2Clip.Data.WebDataset;

/// <summary>WebDataset tars, plain, gzipped, or from a command or standard input.</summary>
internal sealed class WebDatasetFormat : IDatasetFormat
{
    public DatasetFormat Name => DatasetFormat.Webdataset;

    public bool FillsFolders => true;

    public bool HasCaptionKeys => true;

    public bool HasSplits => false;

    public string Language => "en";

    public CaptionKind Kind => CaptionKind.Short;

    public IDatasetWriter Writer { get; } = new ShardFileWriter(".tar", path => new TarSampleWriter(path));

    public bool Recognizes(FileHead head) => ShardStream.IsStream(head.Path) || head.Ends(".tar", ".tar.gz", ".tgz");

    public ISampleSource Open(NamedData data) => new WebDatasetSource(data.Pattern, data.Files, data.Captions);
}
