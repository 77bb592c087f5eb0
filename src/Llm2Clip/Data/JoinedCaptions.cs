namespace Llm2Clip.Data;

/// <summary>
/// A data set whose images have a long caption in each language that they have several captions in: all of these in stored order, each once
/// and ended by a full stop where it has no end, with blanks between them. A language with long captions of its own keeps those.
/// </summary>
/// <param name="images">The data set.</param>
internal sealed class JoinedCaptions(ISampleSource images) : ISampleSource
{
    public string Description => images.Description;

    public bool IsUpright => images.IsUpright;

    public int ShardCount => images.ShardCount;

    public string ShardName(int shard) => images.ShardName(shard);

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default) =>
        images.ReadShard(shard, onBad, cancellation).Select(sample => sample with
        {
            Captions = [.. sample.Captions, .. sample.Captions.GroupBy(caption => caption.Language).SelectMany(Joined)],
        });

    private static IEnumerable<Caption> Joined(IGrouping<string, Caption> captions)
    {
        var texts = captions.Select(caption => caption.Text.Trim()).Where(text => text.Length > 0).Distinct().ToList();
        if (texts.Count > 1 && captions.All(caption => caption.Kind != CaptionKind.Long))
        {
            yield return new Caption(string.Join(' ', texts.Select(Ended)), captions.Key, CaptionKind.Long);
        }
    }

    private static string Ended(string text) => char.IsPunctuation(text[^1]) ? text : text + ".";
}
