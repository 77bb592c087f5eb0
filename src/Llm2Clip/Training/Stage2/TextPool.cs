using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Training.Stage2;

/// <summary>The captions that a training may queue as negatives: those that it draws, each text once.</summary>
internal sealed class TextPool
{
    /// <param name="store">Holds their vectors.</param>
    /// <param name="rows">Locators of the captions' rows (<see cref="EmbeddingStore.Find"/>), in any order, repeated ones included.</param>
    public TextPool(EmbeddingStore store, IEnumerable<long> rows)
    {
        Store = store;
        long[] sorted = [.. rows];
        Array.Sort(sorted);
        Rows = [.. sorted.Where((row, i) => i == 0 || row != sorted[i - 1])];
    }

    /// <summary>Holds the vectors.</summary>
    public EmbeddingStore Store { get; }

    /// <summary>Locators of different texts, ascending: the order of the data does not matter.</summary>
    public long[] Rows { get; }
}
