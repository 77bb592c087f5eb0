using Llm2Clip.Images;

namespace Llm2Clip.Data.Inspection;

/// <summary>A caption that was looked up, with the key of its image.</summary>
internal readonly record struct FoundCaption(string Text, string Key);

/// <summary>
/// Names and contents by number, read from the data a second time: the first pass keeps numbers and hashes alone. Shards without anything
/// that is wanted are not opened.
/// </summary>
internal sealed class Lookup
{
    private readonly HashSet<int> _captionsWanted = [];
    private readonly Dictionary<int, bool> _imagesWanted = []; // whether the image itself is wanted
    private readonly DataConfig _data;
    private readonly int _side;

    /// <param name="data">How images are decoded.</param>
    /// <param name="side">Longest side of the images that are kept, pixels.</param>
    public Lookup(DataConfig data, int side) => (_data, _side) = (data, side);

    public Dictionary<int, FoundCaption> Captions { get; } = [];

    public Dictionary<int, ListedImage> Images { get; } = [];

    public void WantCaption(int caption) => _captionsWanted.Add(caption);

    public void WantImage(int image, bool shown) => _imagesWanted[image] = shown || _imagesWanted.GetValueOrDefault(image);

    /// <summary>Reads what is wanted of one data set. Throws <see cref="InputException"/> where it has changed meanwhile.</summary>
    public void Read(InspectedSet set, IRunLog log, CancellationToken cancellation)
    {
        var marks = _captionsWanted.Select(caption => ShardOf(set, at => at.Caption, caption))
            .Concat(_imagesWanted.Keys.Select(image => ShardOf(set, at => at.Image, image))).ToHashSet();
        var shards = Enumerable.Range(0, set.Source.ShardCount).Where(marks.Contains).ToList();
        if (shards.Count == 0)
        {
            return;
        }
        var decode = _data.For(set.Source).DecodeOptions();
        using var progress = log.Start("names of duplicates", shards.Count, "shards");
        foreach (var shard in shards)
        {
            var ((image, caption), end) = (set.Shards[shard], set.Shards[shard + 1]);
            foreach (var sample in set.Source.ReadShard(shard, _ => { }, cancellation))
            {
                cancellation.ThrowIfCancellationRequested();
                Take(sample, image, caption, decode);
                image++;
                caption += sample.Captions.Count;
            }
            if ((image, caption) != end)
            {
                throw new InputException(
                    $"{set.Source.ShardName(shard)} has changed while it was inspected, or a command gives other data each time: "
                    + $"{end.Image - set.Shards[shard].Image} samples were read before, {image - set.Shards[shard].Image} now. Inspect "
                    + "it again.");
            }
            progress.Advance(1);
        }
    }

    private void Take(Sample sample, int image, int caption, DecodeOptions decode)
    {
        for (var i = 0; i < sample.Captions.Count; i++)
        {
            if (_captionsWanted.Contains(caption + i))
            {
                Captions[caption + i] = new FoundCaption(sample.Captions[i].Text, sample.Key);
            }
        }
        if (_imagesWanted.TryGetValue(image, out var shown))
        {
            Images[image] = new ListedImage(sample.Key, sample.Origin, shown ? Jpeg(sample, decode) : null);
        }
    }

    private byte[] Jpeg(Sample sample, DecodeOptions decode)
    {
        var image = ImageCodec.Decode(sample.Image.Read(), sample.Origin, decode);
        return ImageCodec.EncodeJpeg(ContactSheet.Thumbnail(image, _side), quality: 80);
    }

    /// <summary>The shard that holds a number; -1 where the data set does not hold it.</summary>
    private static int ShardOf(InspectedSet set, Func<(int Image, int Caption), int> number, int wanted)
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
