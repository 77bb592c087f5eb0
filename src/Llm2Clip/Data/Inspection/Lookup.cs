using Llm2Clip.Images;

namespace Llm2Clip.Data.Inspection;

/// <summary>A caption that was looked up, with the key of its image.</summary>
internal readonly record struct FoundCaption(string Text, string Key);

/// <summary>
/// Names and contents by number, read from the data a second time: the first pass keeps numbers and hashes alone. Shards without anything that is
/// wanted are not opened.
/// </summary>
internal sealed class Lookup
{
    private readonly HashSet<int> _captionsWanted = [];
    private readonly Dictionary<int, bool> _picturesWanted = []; // whether the image itself is wanted
    private readonly DecodeOptions _decode;
    private readonly int _side;

    /// <param name="decode">How images are decoded.</param>
    /// <param name="side">Longest side of the images that are kept, pixels.</param>
    public Lookup(DecodeOptions decode, int side) => (_decode, _side) = (decode, side);

    public Dictionary<int, FoundCaption> Captions { get; } = [];

    public Dictionary<int, ListedPicture> Pictures { get; } = [];

    public void WantCaption(int caption) => _captionsWanted.Add(caption);

    public void WantPicture(int picture, bool shown) => _picturesWanted[picture] = shown || _picturesWanted.GetValueOrDefault(picture);

    /// <summary>Reads what is wanted of one data set. Throws <see cref="InputException"/> where it has changed meanwhile.</summary>
    public void Read(InspectedSet set, IRunLog log, CancellationToken cancellation)
    {
        var marks = _captionsWanted.Select(caption => ShardOf(set, at => at.Caption, caption)).Concat(_picturesWanted.Keys.Select(picture => ShardOf(set, at => at.Picture, picture))).ToHashSet();
        var shards = Enumerable.Range(0, set.Source.ShardCount).Where(marks.Contains).ToList();
        if (shards.Count == 0)
        {
            return;
        }
        using var progress = log.Start("names of duplicates", shards.Count, "shards");
        foreach (var shard in shards)
        {
            var ((picture, caption), end) = (set.Shards[shard], set.Shards[shard + 1]);
            foreach (var sample in set.Source.ReadShard(shard, _ => { }, cancellation))
            {
                cancellation.ThrowIfCancellationRequested();
                Take(sample, picture, caption);
                picture++;
                caption += sample.Captions.Count;
            }
            if ((picture, caption) != end)
            {
                throw new InputException($"{set.Source.ShardName(shard)} has changed while it was inspected, or a command gives other data each time: "
                    + $"{end.Picture - set.Shards[shard].Picture} samples were read before, {picture - set.Shards[shard].Picture} now. Inspect it again.");
            }
            progress.Advance(1);
        }
    }

    private void Take(Sample sample, int picture, int caption)
    {
        for (var i = 0; i < sample.Captions.Count; i++)
        {
            if (_captionsWanted.Contains(caption + i))
            {
                Captions[caption + i] = new FoundCaption(sample.Captions[i].Text, sample.Key);
            }
        }
        if (_picturesWanted.TryGetValue(picture, out var shown))
        {
            Pictures[picture] = new ListedPicture(sample.Key, sample.Origin, shown ? Jpeg(sample) : null);
        }
    }

    private byte[] Jpeg(Sample sample) => ImageCodec.EncodeJpeg(ContactSheet.Thumbnail(ImageCodec.Decode(sample.Image.Read(), sample.Origin, _decode), _side), quality: 80);

    /// <summary>The shard that holds a number; -1 where the data set does not hold it.</summary>
    private static int ShardOf(InspectedSet set, Func<(int Picture, int Caption), int> number, int wanted)
    {
        if (wanted < number(set.Shards[0]) || wanted >= number(set.Shards[^1]))
        {
            return -1;
        }
        var (low, high) = (0, set.Shards.Count - 1);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = number(set.Shards[middle]) <= wanted ? (middle, high) : (low, middle);
        }
        return low;
    }
}
