namespace Llm2Clip.Data.Inspection;

/// <summary>
/// Pairs of texts that are likely alike, by locality sensitive hashing: texts that agree in all four minimum hashes of one of six bands
/// are compared (J. Leskovec, A. Rajaraman, J. Ullman, Mining of Massive Datasets, 3.4), and those that agree in few of the 24 are
/// dropped. A pair of similarity J is met with the probability 1 - (1 - J^4)^6: 0.96 at 0.8, 0.998 at 0.9, 0.32 at 0.5. Takes 8 bytes a
/// text on top of the signatures.
/// </summary>
internal static class MinHashPairs
{
    /// <summary>
    /// A text is compared with so many others of its bucket; only texts that hardly differ from thousands of others are affected.
    /// </summary>
    public const int MostNeighbours = 2000;

    /// <summary>Pairs that are kept, since their texts must be read to judge them.</summary>
    public const int MostPairs = 1_000_000;

    /// <summary>Finds the pairs, each once; <c>Cut</c> says whether one of the two limits was met, so that there may be more.</summary>
    /// <param name="signatures">Of distinct texts.</param>
    /// <param name="similarity">Jaccard similarity that is looked for; the texts themselves must be asked afterwards.</param>
    /// <param name="accepts">Whether a pair is of interest.</param>
    public static (List<(int First, int Second)> Pairs, bool Cut) Find(
        IReadOnlyList<MinHash> signatures, double similarity, Func<int, int, bool> accepts, CancellationToken cancellation)
    {
        var found = (Pairs: new List<(int, int)>(), Cut: false);
        var agreements = Fewest(similarity);
        var keys = new uint[signatures.Count];
        var places = new int[signatures.Count];
        for (var band = 0; band < MinHash.Bands; band++)
        {
            for (var i = 0; i < keys.Length; i++)
            {
                (keys[i], places[i]) = (signatures[i].Band(band), i);
            }
            Array.Sort(keys, places);
            for (var from = 0; from < keys.Length; from++)
            {
                if ((from & 0xFFFF) == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }
                for (var to = from + 1; to < keys.Length && keys[to] == keys[from]; to++)
                {
                    if (to - from > MostNeighbours || found.Pairs.Count == MostPairs)
                    {
                        found.Cut = true;
                        break;
                    }
                    var (a, b) = (Math.Min(places[from], places[to]), Math.Max(places[from], places[to]));
                    if (signatures[a].Agreements(signatures[b]) >= agreements && IsFirst(signatures[a], signatures[b], band)
                        && accepts(a, b))
                    {
                        found.Pairs.Add((a, b));
                    }
                }
            }
        }
        return found;
    }

    /// <summary>
    /// Three standard deviations below the mean of the agreements at this similarity: of a thousand pairs at the bound, one or two are
    /// missed.
    /// </summary>
    private static int Fewest(double similarity)
    {
        const int N = MinHash.Count;
        return Math.Max(4, (int)Math.Floor(N * similarity - 3 * Math.Sqrt(N * similarity * (1 - similarity))));
    }

    private static bool IsFirst(MinHash first, MinHash second, int band)
    {
        for (var earlier = 0; earlier < band; earlier++)
        {
            if (first.Band(earlier) == second.Band(earlier))
            {
                return false;
            }
        }
        return true;
    }
}
