using Llm2Clip.Data;

namespace Llm2Clip.Tests.Conversion;

/// <summary>A source of made-up samples; it can break, as a cable does, when a certain sample is asked for.</summary>
internal sealed class ListedSource(IReadOnlyList<IReadOnlyList<Sample>> shards) : ISampleSource
{
    /// <summary>Samples that are given out before <see cref="ReadShard"/> throws.</summary>
    public int BreaksAfter { get; set; } = int.MaxValue;

    /// <summary>Called before each sample that is given out, with its number in this reading.</summary>
    public Action<int>? Before { get; set; }

    public string Description => "made up";

    public int ShardCount => shards.Count;

    public string ShardName(int shard) => $"shard {shard}";

    /// <summary>A sample without captions stands for a bad record.</summary>
    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        var number = 0;
        foreach (var sample in shards[shard])
        {
            if (BreaksAfter-- == 0)
            {
                throw new InputException("the cable was pulled");
            }
            if (sample.Captions.Count == 0)
            {
                onBad(new BadSample(sample.Origin, "no caption"));
                continue;
            }
            Before?.Invoke(number++);
            yield return sample;
        }
    }

    /// <summary>Images of 1 to 300 bytes with one to four captions; every eleventh record is bad, every thirteenth image empty.</summary>
    public static ListedSource Make(int shards, int perShard) => new([.. Enumerable.Range(0, shards).Select(shard =>
        (IReadOnlyList<Sample>)[.. Enumerable.Range(shard * perShard, perShard).Select(Sample)])]);

    public static Sample Sample(int index)
    {
        var image = new byte[index % 13 == 12 ? 0 : 1 + index * 37 % 300];
        new Random(index).NextBytes(image);
        Caption[] captions =
        [
            new($"image {index}, \"short\"", "en", CaptionKind.Short),
            new($"image {index},\tagain", "en", CaptionKind.Short),
            new($"Bild {index}\nüber zwei Zeilen", "de", CaptionKind.Long),
            new($"图 {index}", "zh-mt", CaptionKind.Raw),
        ];
        return new Sample($"set.{index % 7}/{index}", $"made up: {index}", index % 11 == 10 ? [] : captions[..(1 + index % 4)],
            new MemoryImage(image));
    }
}
