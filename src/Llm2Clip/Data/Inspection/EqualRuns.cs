namespace Llm2Clip.Data.Inspection;

/// <summary>Brings together the places of equal hashes.</summary>
internal static class EqualRuns
{
    /// <summary>
    /// Sorts <paramref name="keys"/> and calls <paramref name="visit"/> with the places, as they were before, of each value; in ascending
    /// order of the values, the places of one in any order. A key of 0 stands for a place without a hash, and is passed over.
    /// </summary>
    public static void Visit(ulong[] keys, CancellationToken cancellation, Action<Span<int>> visit)
    {
        var order = Enumerable.Range(0, keys.Length).ToArray();
        Array.Sort(keys, order);
        for (int from = 0, to; from < keys.Length; from = to)
        {
            to = from + 1;
            while (to < keys.Length && keys[to] == keys[from])
            {
                to++;
            }
            if (keys[from] != 0)
            {
                visit(order.AsSpan(from, to - from));
            }
            if ((from & 0xFFFF) == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }
}
