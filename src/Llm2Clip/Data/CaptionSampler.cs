using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Randomness;

namespace Llm2Clip.Data;

/// <summary>One choice of a <see cref="CaptionSampler"/>: captions of a language and kind, and how often they are taken.</summary>
public sealed record CaptionChoice
{
    [Description("Language label; empty = any.")]
    public string Language { get; init; } = "";

    [Description("short | long | raw; null = any.")]
    public CaptionKind? Kind { get; init; }

    [Description("How often this choice is taken, relative to the others.")]
    [Range(0.0, double.MaxValue)]
    public double Probability { get; init; } = 1;
}

/// <summary>
/// Picks captions of an image by language and kind. What it picks depends on (seed, epoch, key) alone. Where an image has no
/// caption of a choice, the other choices share its probability.
/// </summary>
public sealed class CaptionSampler
{
    private readonly Choice[] _choices;
    private readonly long _seed;

    /// <summary>
    /// <paramref name="longShare"/> splits choices without a kind: that share of their draws goes to long captions, the rest to all
    /// others; null splits nothing. Throws <see cref="ConfigException"/> where no probability is above 0.
    /// </summary>
    public CaptionSampler(IReadOnlyList<CaptionChoice> choices, long seed, double? longShare = null)
    {
        _seed = seed;
        _choices = [.. choices.Select(choice => Checked.Require(choice)).SelectMany(choice => Choice.Of(choice, longShare))];
        if (!_choices.Any(choice => choice.Probability > 0))
        {
            throw new ConfigException("The caption choices need at least one probability above 0.");
        }
    }

    /// <summary>Whether the image has a caption that can be picked.</summary>
    public bool Accepts(Sample sample) => sample.Captions.Any(Draws);

    /// <summary>Whether a caption can be picked.</summary>
    public bool Draws(Caption caption) => Array.Exists(_choices, choice => Matches(choice, caption) && choice.Probability > 0);

    /// <summary>
    /// <paramref name="count"/> captions, all different until the image has no more; empty where it has none that fits.
    /// </summary>
    public IReadOnlyList<Caption> Pick(Sample sample, int count, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var groups = Array.ConvertAll(_choices, choice => sample.Captions.Where(caption => Matches(choice, caption)).ToList());
        var picked = new List<Caption>(count);
        var used = new HashSet<Caption>(ReferenceEqualityComparer.Instance);
        var random = SeededRandom.For(_seed, epoch, sample.Key, "caption");
        while (picked.Count < count)
        {
            var total = 0.0;
            for (var i = 0; i < groups.Length; i++)
            {
                total += Left(groups[i], used) > 0 ? _choices[i].Probability : 0;
            }
            if (total <= 0)
            {
                if (used.Count == 0)
                {
                    return [];
                }
                used.Clear(); // all taken: a further round
                continue;
            }
            var caption = PickOne(groups, used, total, ref random);
            used.Add(caption);
            picked.Add(caption);
        }
        return picked;
    }

    private Caption PickOne(List<Caption>[] groups, HashSet<Caption> used, double total, ref SeededRandom random)
    {
        var at = random.NextDouble() * total;
        var chosen = -1;
        for (var i = 0; i < groups.Length; i++)
        {
            if (_choices[i].Probability > 0 && Left(groups[i], used) > 0)
            {
                chosen = i;
                at -= _choices[i].Probability;
                if (at < 0)
                {
                    break;
                }
            }
        }
        var skip = random.NextInt32(Left(groups[chosen], used));
        return groups[chosen].Where(caption => !used.Contains(caption)).ElementAt(skip);
    }

    private static int Left(List<Caption> group, HashSet<Caption> used) => group.Count(caption => !used.Contains(caption));

    private static bool Matches(Choice choice, Caption caption) =>
        (choice.Language.Length == 0 || choice.Language == caption.Language) && choice.Takes(caption.Kind);

    /// <summary>Captions that are drawn alike.</summary>
    private readonly record struct Choice(string Language, Func<CaptionKind, bool> Takes, double Probability)
    {
        public static IEnumerable<Choice> Of(CaptionChoice choice, double? longShare) => (choice.Kind, longShare) switch
        {
            ({ } kind, _) => [new(choice.Language, other => other == kind, choice.Probability)],
            (null, null) => [new(choice.Language, _ => true, choice.Probability)],
            (null, { } share) =>
            [
                new(choice.Language, kind => kind == CaptionKind.Long, choice.Probability * share),
                new(choice.Language, kind => kind != CaptionKind.Long, choice.Probability * (1 - share)),
            ],
        };
    }
}
