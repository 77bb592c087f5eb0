using System.Diagnostics;

namespace Llm2Clip.Bench;

/// <summary>Measures several sides in turn, so that a machine whose speed drifts treats them alike.</summary>
internal static class Turns
{
    /// <summary>
    /// Runs every side once to warm it, then <paramref name="rounds"/> times one after the other. Each side returns its own seconds;
    /// the medians come back.
    /// </summary>
    public static double[] Medians(int rounds, params Func<double>[] sides)
    {
        foreach (var side in sides)
        {
            side();
        }
        var seconds = sides.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < sides.Length; i++)
            {
                seconds[i].Add(sides[i]());
            }
        }
        return [.. seconds.Select(times => times.Order().ElementAt(times.Count / 2))];
    }

    /// <summary>A side of ours: the seconds that <paramref name="work"/> takes.</summary>
    public static Func<double> Time(Action work) => () =>
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    };
}
