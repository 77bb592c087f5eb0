namespace Llm2Clip.Data.Inspection;

/// <summary>
/// How often a language's texts are repeated: distinct texts, and captions whose text occurs at another image of the data set too.
/// </summary>
internal sealed class LanguageTexts
{
    public long Distinct { get; set; }

    public long Repeated { get; set; }
}

/// <summary>A text that occurs at several images: the number of its first caption, and how many say it.</summary>
internal readonly record struct FrequentText(int Caption, long InData, long InAgainst)
{
    public long Count => InData + InAgainst;
}

/// <summary>What was found of equal captions within one data set, or between two.</summary>
internal sealed class CaptionFindings
{
    public TwinCount Same { get; set; } = new(0, 0, 0);

    /// <summary>Captions that repeat another of their own image.</summary>
    public long WithinImage { get; set; }

    /// <summary>The most frequent of the equal ones; of equally frequent ones the first in the data. The rarest leaves first.</summary>
    public PriorityQueue<FrequentText, (long Count, int)> Texts { get; } = new();
}

/// <summary>A distinct text: the number of the first caption that says it, of each data set; -1 where none does.</summary>
internal readonly record struct DistinctText(int Data, int Against);

/// <summary>
/// Finds equal captions and candidates for alike ones. Equal ones are side by side when hashes of normalized texts are sorted; what is
/// left of each is one text, and <see cref="MinHashPairs"/> says which of these may be alike. Captions of the first data set have numbers
/// below <paramref name="boundary"/>.
/// </summary>
internal sealed class CaptionDuplicates(int boundary, InspectConfig config, InspectionTables tables, CancellationToken cancellation)
{
    private readonly List<DistinctText> _texts = [];
    private readonly List<MinHash> _signatures = [];

    /// <summary>Equal captions by scope.</summary>
    public IReadOnlyDictionary<Scope, CaptionFindings> Found { get; } = Enum.GetValues<Scope>()
        .ToDictionary(scope => scope, _ => new CaptionFindings());

    /// <summary>By data set (the scope that it is) and number of the language.</summary>
    public Dictionary<(Scope Set, byte Language), LanguageTexts> Languages { get; } = [];

    /// <summary>Pairs of texts that may be alike.</summary>
    public IReadOnlyList<(DistinctText First, DistinctText Second)> Candidates { get; private set; } = [];

    /// <summary>Whether there may be more than <see cref="Candidates"/>.</summary>
    public bool Cut { get; private set; }

    /// <summary>Finds all; the tables' hashes are used up.</summary>
    public void Find()
    {
        var keys = tables.Texts.TakeArray(tables.CaptionCount);
        _texts.EnsureCapacity(keys.Length);
        _signatures.EnsureCapacity(keys.Length);
        EqualRuns.Visit(keys, cancellation, run =>
        {
            run.Sort();
            Equal(run);
        });
        tables.Signatures.Clear();
        tables.CaptionLanguages.Clear();
        var (pairs, cut) = MinHashPairs.Find(
            _signatures, config.NearCaptionSimilarity, (a, b) => Scopes(_texts[a], _texts[b]).Any(), cancellation);
        Candidates = [.. pairs.Select(pair => (_texts[pair.First], _texts[pair.Second]))];
        Cut = cut;
    }

    /// <summary>The scopes that a pair of texts belongs to, with the captions that make it; both of one image make none.</summary>
    public IEnumerable<(Scope Scope, int First, int Second)> Scopes(DistinctText a, DistinctText b)
    {
        if (IsPair(a.Data, b.Data))
        {
            yield return (Scope.Data, Math.Min(a.Data, b.Data), Math.Max(a.Data, b.Data));
        }
        if (IsPair(a.Against, b.Against))
        {
            yield return (Scope.Against, Math.Min(a.Against, b.Against), Math.Max(a.Against, b.Against));
        }
        if (IsPair(a.Data, b.Against))
        {
            yield return (Scope.Between, a.Data, b.Against);
        }
        if (IsPair(b.Data, a.Against))
        {
            yield return (Scope.Between, b.Data, a.Against);
        }
    }

    private bool IsPair(int one, int two) => one >= 0 && two >= 0 && tables.CaptionImages[one] != tables.CaptionImages[two];

    /// <summary>Counts captions of equal texts, in the order of their numbers and so of their images.</summary>
    private void Equal(ReadOnlySpan<int> run)
    {
        var split = 0;
        while (split < run.Length && run[split] < boundary)
        {
            split++;
        }
        var data = run[..split];
        var against = run[split..];
        Within(Scope.Data, data);
        Within(Scope.Against, against);
        if (data.Length > 0 && against.Length > 0)
        {
            Count(Scope.Between, new FrequentText(data[0], data.Length, against.Length));
        }
        _texts.Add(new DistinctText(data.Length > 0 ? data[0] : -1, against.Length > 0 ? against[0] : -1));
        _signatures.Add(tables.Signatures[run[0]]);
    }

    private void Within(Scope set, ReadOnlySpan<int> captions)
    {
        if (captions.Length == 0)
        {
            return;
        }
        var images = 1;
        for (var i = 1; i < captions.Length; i++)
        {
            images += tables.CaptionImages[captions[i]] != tables.CaptionImages[captions[i - 1]] ? 1 : 0;
        }
        Found[set].WithinImage += captions.Length - images;
        if (images > 1)
        {
            Count(set, set == Scope.Data
                ? new FrequentText(captions[0], captions.Length, 0)
                : new FrequentText(captions[0], 0, captions.Length));
        }
        Span<bool> seen = stackalloc bool[256];
        foreach (var caption in captions)
        {
            var number = tables.CaptionLanguages[caption];
            if (!Languages.TryGetValue((set, number), out var language))
            {
                Languages.Add((set, number), language = new LanguageTexts());
            }
            language.Distinct += seen[number] ? 0 : 1;
            language.Repeated += images > 1 ? 1 : 0;
            seen[number] = true;
        }
    }

    private void Count(Scope scope, FrequentText text)
    {
        var findings = Found[scope];
        findings.Same += new TwinCount(1, text.InData, text.InAgainst);
        findings.Texts.Enqueue(text, (text.Count, -text.Caption));
        if (findings.Texts.Count > config.Listed)
        {
            findings.Texts.Dequeue();
        }
    }
}
