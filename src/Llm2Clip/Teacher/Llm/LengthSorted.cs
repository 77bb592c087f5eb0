using LLama.Native;

namespace Llm2Clip.Teachers.Llm;

/// <summary>Batches of sequences of like length.</summary>
internal static class LengthSorted
{
    /// <summary>
    /// Cuts sequences, the longest first (memory peaks at once), into batches that fit; one that does not fit alone is a batch too.
    /// </summary>
    /// <param name="sequences">The sequences.</param>
    /// <param name="fits">Whether a batch is allowed, by the length of its longest sequence, its tokens and its sequences.</param>
    /// <returns>The places of each batch's members among the sequences.</returns>
    public static IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<LLamaToken[]> sequences, Func<int, long, int, bool> fits)
    {
        var members = new List<int>();
        var tokens = 0L;
        foreach (var sequence in Enumerable.Range(0, sequences.Count).OrderByDescending(i => sequences[i].Length))
        {
            var length = sequences[sequence].Length;
            if (members.Count > 0 && !fits(sequences[members[0]].Length, tokens + length, members.Count + 1))
            {
                yield return members;
                (members, tokens) = ([], 0);
            }
            members.Add(sequence);
            tokens += length;
        }
        if (members.Count > 0)
        {
            yield return members;
        }
    }
}
