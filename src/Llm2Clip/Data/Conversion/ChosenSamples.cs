namespace Llm2Clip.Data.Conversion;

/// <summary>
/// The samples of a source with the captions of the chosen languages and kinds, from a position on; bad records are counted by
/// <paramref name="tally"/>, images without a chosen caption in <see cref="LeftOut"/>.
/// </summary>
internal sealed class ChosenSamples(ISampleSource source, ConvertConfig config, BadSampleTally tally)
{
    private readonly IReadOnlyList<CaptionKind> _kinds = config.Kinds;
    private readonly SortedSet<string> _otherLanguages = new(StringComparer.Ordinal);

    /// <summary>Images without a chosen caption so far.</summary>
    public long LeftOut { get; private set; }

    /// <summary>
    /// Reads on from <paramref name="start"/>, each sample with its position. Whoever takes a sample counts it. Throws
    /// <see cref="InputException"/> where the source is shorter than it was.
    /// </summary>
    /// <param name="onShard">Called behind each shard.</param>
    public IEnumerable<(Sample Sample, SourcePosition At)> From(SourcePosition start, Action onShard, CancellationToken cancellation)
    {
        tally.Continue(start.Seen, start.Bad);
        LeftOut = start.LeftOut;
        for (var shard = start.Shard; shard < source.ShardCount; shard++)
        {
            // What the first shard says before the sample that it starts with was counted by the run that stopped there.
            var counts = shard > start.Shard || start.Sample < 0;
            var index = -1;
            foreach (var sample in source.ReadShard(shard, bad => { if (counts) { tally.AddBad(bad); } }, cancellation))
            {
                cancellation.ThrowIfCancellationRequested();
                index++;
                if (!counts && index < start.Sample)
                {
                    continue;
                }
                counts = true;
                var at = new SourcePosition(shard, index, tally.Seen, tally.Bad, LeftOut);
                if (Choose(sample) is { } chosen)
                {
                    yield return (chosen, at);
                }
                else
                {
                    LeftOut++;
                    tally.AddGood();
                }
            }
            if (!counts)
            {
                throw new InputException($"{source.ShardName(shard)} has {index + 1} samples, but sample {start.Sample + 1} was read "
                    + "before. The data has changed; convert it into a new folder.");
            }
            onShard();
        }
    }

    /// <summary>Languages of the captions that were not chosen, in the order of their names.</summary>
    public IReadOnlyCollection<string> OtherLanguages => _otherLanguages;

    private Sample? Choose(Sample sample)
    {
        if (config.Languages.Count == 0 && _kinds.Count == 0)
        {
            return sample;
        }
        var captions = sample.Captions
            .Where(c => (config.Languages.Count == 0 || config.Languages.Contains(c.Language))
                && (_kinds.Count == 0 || _kinds.Contains(c.Kind))).ToList();
        if (captions.Count == 0)
        {
            _otherLanguages.UnionWith(sample.Captions.Select(caption => caption.Language));
        }
        return captions.Count > 0 ? sample with { Captions = captions } : null;
    }
}
