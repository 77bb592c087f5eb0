namespace Llm2Clip.Data;

/// <summary>
/// Images with one label each, in the place of captions. A folder per class, as torchvision's ImageFolder has it: the label is the name of
/// the folder right below the one that the pattern names, however deep the image is below that. Of other data it is the text that the
/// source was told to read. Images without a label, or with several, are bad samples.
/// </summary>
/// <param name="images">The images.</param>
/// <param name="inFolders">Whether the names of folders are the labels.</param>
internal sealed class LabeledSource(ISampleSource images, bool inFolders) : ISampleSource
{
    public string Description => images.Description.Replace(" without captions", ", a folder per class", StringComparison.Ordinal);

    public bool IsUpright => images.IsUpright;

    public int ShardCount => images.ShardCount;

    public string ShardName(int shard) => images.ShardName(shard);

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        foreach (var sample in images.ReadShard(shard, onBad, cancellation))
        {
            if (Problem(sample) is { } problem)
            {
                onBad(new BadSample(sample.Origin, problem, Cause: BadSampleCause.NoCaption));
            }
            else
            {
                yield return inFolders ? sample with { Captions = [new Caption(Folder(sample), "", CaptionKind.Short)] } : sample;
            }
        }
    }

    private string? Problem(Sample sample)
    {
        if (inFolders)
        {
            return Folder(sample).Length == 0 ? "lies beside the class folders, so that it has no label" : null;
        }
        var labels = sample.Captions.Select(label => label.Text).Distinct().ToList();
        return labels.Count > 1 ? $"has several labels ({string.Join(", ", labels.Take(3))})" : null;
    }

    private static string Folder(Sample sample) => sample.Key[..Math.Max(0, sample.Key.IndexOf('/', StringComparison.Ordinal))];
}
