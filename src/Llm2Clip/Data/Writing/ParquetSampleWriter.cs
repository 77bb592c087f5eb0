using System.Collections.Concurrent;
using Llm2Clip.Engine;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Writing;

/// <summary>
/// One Parquet file as Hugging Face's <c>datasets</c> writes them: <c>image</c> as a struct of <c>bytes</c> and <c>path</c>, row groups of 100,
/// column types in the <c>huggingface</c> metadata. Captions stand in three lists of equal length, <c>captions</c>, <c>languages</c> and
/// <c>kinds</c>, so that all files of a data set have the same columns; <c>caption</c> is the first, for readers of one.
/// </summary>
internal sealed class ParquetSampleWriter : ISampleWriter
{
    private const int RowsPerGroup = 100;
    private const int RowsInFlight = 16;

    private const string Features = """
        {"info": {"features": {"key": {"dtype": "string", "_type": "Value"}, "image": {"_type": "Image"}, "caption": {"dtype": "string", "_type": "Value"},
        "captions": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}, "languages": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
        "kinds": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}}}}
        """;

    private static readonly ParquetColumn[] Columns =
    [
        new("key", ColumnType.Text), new("image.bytes", ColumnType.Bytes), new("image.path", ColumnType.Text), new("caption", ColumnType.Text),
        new("captions", ColumnType.TextList), new("languages", ColumnType.TextList), new("kinds", ColumnType.TextList),
    ];

    private readonly BlockingCollection<object?[]> _rows = new(RowsInFlight);
    private readonly SampleNames _names = new();
    private readonly CancellationTokenSource _dropped = new();
    private readonly Task _writing;

    /// <summary>Starts the file; the table is written by a thread of its own, which draws the rows as they come.</summary>
    public ParquetSampleWriter(string path, IParquet parquet) => _writing = Task.Factory.StartNew(
        () => parquet.Write(path, Columns, _rows.GetConsumingEnumerable(_dropped.Token), new ParquetWriteOptions
        {
            RowGroupRows = RowsPerGroup,
            Metadata = new Dictionary<string, string> { ["huggingface"] = Features },
        }),
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    public void Add(Sample sample, ReadOnlyMemory<byte> picture)
    {
        object?[] row =
        [
            sample.Key, picture.ToArray(), $"{_names.Next(sample.Key)}.{ImageFormats.Extension(picture.Span)}", sample.Captions[0].Text,
            sample.Captions.Select(caption => caption.Text).ToArray(), sample.Captions.Select(caption => caption.Language).ToArray(),
            sample.Captions.Select(caption => CaptionKinds.Name(caption.Kind)).ToArray(),
        ];
        while (!_rows.TryAdd(row, millisecondsTimeout: 100))
        {
            if (_writing.IsCompleted)
            {
                Complete(); // It failed: throws why.
            }
        }
    }

    public void Complete()
    {
        _rows.CompleteAdding();
        _writing.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _dropped.Cancel();
        _rows.CompleteAdding();
        ((IAsyncResult)_writing).AsyncWaitHandle.WaitOne(); // What it throws was told, or does not matter as the file is dropped.
        _rows.Dispose();
        _dropped.Dispose();
    }
}
