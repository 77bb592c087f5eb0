namespace Llm2Clip.Evaluation.Classification;

/// <summary>A penalty that was tried, and the accuracy on held-out images, percent.</summary>
public sealed record TriedPenalty(double Penalty, double Accuracy);

/// <summary>
/// CLIP's search for the penalty of a linear probe (https://arxiv.org/abs/2103.00020, appendix A.3): of 96 logarithmic steps from 1e-6 to
/// 1e6, first every sixteenth, then, with half the distance each time, those on both sides of the best, down to eight steps per decade.
/// </summary>
internal static class PenaltySearch
{
    private const int Steps = 96;
    private const int PerDecade = 8;
    private const int FirstDistance = 16;
    private const double Least = 1e-6;

    /// <summary>Penalties that are tried at most: 7 in the first round, 2 in each of the 4 others.</summary>
    public const int MostTried = 15;

    /// <summary>
    /// Tries penalties, from the largest to the smallest in each round, and returns those that were tried, ascending.
    /// <paramref name="accuracy"/> is asked once for each, in percent.
    /// </summary>
    public static IReadOnlyList<TriedPenalty> Run(Func<double, double> accuracy)
    {
        var tried = new SortedDictionary<int, double>();
        for (var place = Steps; place >= 0; place -= FirstDistance)
        {
            Try(place);
        }
        for (var distance = FirstDistance / 2; distance >= 1; distance /= 2)
        {
            var best = BestOf(tried);
            Try(best + distance);
            Try(best - distance);
        }
        return [.. tried.Select(entry => new TriedPenalty(At(entry.Key), entry.Value))];

        void Try(int place)
        {
            if (place is >= 0 and <= Steps && !tried.ContainsKey(place))
            {
                tried.Add(place, accuracy(At(place)));
            }
        }
    }

    /// <summary>The one with the best accuracy; of equal ones the largest, which bends the weights least to the images.</summary>
    public static TriedPenalty Best(IReadOnlyList<TriedPenalty> tried) =>
        tried.OrderBy(each => each.Accuracy).ThenBy(each => each.Penalty).Last();

    private static int BestOf(SortedDictionary<int, double> tried) =>
        tried.OrderBy(entry => entry.Value).ThenBy(entry => entry.Key).Last().Key;

    private static double At(int place) => Least * Math.Pow(10, place / (double)PerDecade);
}
