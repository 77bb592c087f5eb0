using Llm2Clip.Data;

namespace Llm2Clip.Evaluation;

/// <summary>A direction of the caption probe: queries of one language, candidates of another or of the same.</summary>
internal readonly record struct ProbePair(string From, string To)
{
    /// <summary>Reads <c>en-&gt;zh</c>. Labels may hold hyphens (<c>zh-mt</c>), so the arrow separates.</summary>
    public static ProbePair Parse(string text)
    {
        var parts = text.Split("->", StringSplitOptions.TrimEntries);
        return parts is [{ Length: > 0 } from, { Length: > 0 } to]
            ? new ProbePair(from, to)
            : throw new ConfigException($"\"{text}\" is no pair of languages; write it as en->zh.");
    }

    public override string ToString() => $"{From}->{To}";
}

/// <summary>The first two captions of each language of each image: all that the caption probe needs of a data set.</summary>
internal sealed class ProbeTexts
{
    private readonly List<Dictionary<string, (string First, string? Second)>> _images = [];

    private ProbeTexts()
    {
    }

    /// <summary>Images with any caption.</summary>
    public int Images => _images.Count;

    /// <summary>Languages that occur, in label order.</summary>
    public IReadOnlyList<string> Languages => [.. _images.SelectMany(p => p.Keys).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Keeps what the probe needs of a stream of captions; a caption that repeats the image's first one is no second.</summary>
    public static ProbeTexts Read(IEnumerable<CaptionGroup> groups, int limit = 0)
    {
        var texts = new ProbeTexts();
        foreach (var (_, captions) in limit > 0 ? groups.Take(limit) : groups)
        {
            var image = new Dictionary<string, (string First, string? Second)>();
            foreach (var caption in captions)
            {
                if (!image.TryGetValue(caption.Language, out var held))
                {
                    image[caption.Language] = (caption.Text, null);
                }
                else if (held.Second is null && held.First != caption.Text)
                {
                    image[caption.Language] = (held.First, caption.Text);
                }
            }
            texts._images.Add(image);
        }
        return texts;
    }

    /// <summary>
    /// Queries and candidates of a pair, row i of both being the same image: the first caption against the second of the same language, or
    /// against the first of another. Images that lack either are in neither list.
    /// </summary>
    public (IReadOnlyList<string> Queries, IReadOnlyList<string> Candidates) Pair(ProbePair pair)
    {
        List<string> queries = [];
        List<string> candidates = [];
        foreach (var image in _images)
        {
            if (image.TryGetValue(pair.From, out var from) && image.TryGetValue(pair.To, out var to)
                && (pair.From == pair.To ? to.Second : to.First) is { } candidate)
            {
                queries.Add(from.First);
                candidates.Add(candidate);
            }
        }
        return (queries, candidates);
    }

    /// <summary>Every caption that these pairs compare.</summary>
    public IEnumerable<Caption> Captions(IReadOnlyList<ProbePair> pairs)
    {
        foreach (var pair in pairs)
        {
            var (queries, candidates) = Pair(pair);
            foreach (var text in queries)
            {
                yield return new Caption(text, pair.From, CaptionKind.Short);
            }
            foreach (var text in candidates)
            {
                yield return new Caption(text, pair.To, CaptionKind.Short);
            }
        }
    }

    /// <summary>
    /// The pairs asked for; where none is: the training language to itself, and to and from every other language that occurs. Throws
    /// <see cref="InputException"/> where no image has captions for one of them.
    /// </summary>
    public IReadOnlyList<ProbePair> Pairs(IReadOnlyList<string> asked, string training)
    {
        var usable = UsablePairs(asked, training);
        return usable.Count > 0
            ? usable
            : throw new InputException(
                $"No image has captions for {string.Join(", ", Named(asked, training))}; languages found: {string.Join(", ", Languages)}.");
    }

    /// <summary>The same; empty where no image has captions for one of them.</summary>
    public IReadOnlyList<ProbePair> UsablePairs(IReadOnlyList<string> asked, string training) =>
        [.. Named(asked, training).Where(pair => Pair(pair).Queries.Count > 1)];

    private IReadOnlyList<ProbePair> Named(IReadOnlyList<string> asked, string training) => asked.Count > 0
        ? [.. asked.Select(ProbePair.Parse)]
        :
        [
            new(training, training),
            .. Languages.Where(other => other != training)
                .SelectMany(other => new ProbePair[] { new(training, other), new(other, training) }),
        ];
}
