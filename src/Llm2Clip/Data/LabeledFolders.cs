namespace Llm2Clip.Data;

/// <summary>
/// A folder per class, as torchvision's ImageFolder has it: the label of an image, in the place of its captions, is the name of the folder
/// right below the one that the pattern names, at whatever depth the image is. Images beside the class folders are bad samples.
/// </summary>
internal sealed class LabeledFolders(ISampleSource images) : ISampleSource
{
    public string Description => images.Description.Replace(" without captions", ", a folder per class", StringComparison.Ordinal);

    public bool IsUpright => images.IsUpright;

    public int ShardCount => images.ShardCount;

    public string ShardName(int shard) => images.ShardName(shard);

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        foreach (var sample in images.ReadShard(shard, onBad, cancellation))
        {
            if (sample.Key.IndexOf('/', StringComparison.Ordinal) is > 0 and var end)
            {
                yield return sample with { Captions = [new Caption(sample.Key[..end], "", CaptionKind.Short)] };
            }
            else
            {
                onBad(new BadSample(sample.Origin, "is in no class folder", Cause: BadSampleCause.NoCaption));
            }
        }
    }
}
