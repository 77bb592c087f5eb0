using Llm2Clip.Data.Lists;

namespace Llm2Clip.Data.Parquet;

/// <summary>Parquet files that hold images and captions, as Hugging Face's data sets do.</summary>
internal sealed class ParquetFormat : IDatasetFormat
{
    public DatasetFormat Name => DatasetFormat.Parquet;

    public bool FillsFolders => true;

    public bool HasCaptionKeys => true;

    public bool HasSplits => false;

    public string Language => "en";

    public CaptionKind Kind => CaptionKind.Short;

    public IDatasetWriter Writer { get; } = new ShardFileWriter(".parquet", path => new ParquetSampleWriter(path));

    public bool Recognizes(FileHead head) => head.Ends(".parquet");

    public ISampleSource Open(NamedData data) => new ParquetSource(data.Pattern, data.Files, data.Config, data.Captions);
}
