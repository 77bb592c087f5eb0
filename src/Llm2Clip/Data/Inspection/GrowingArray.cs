namespace Llm2Clip.Data.Inspection;

/// <summary>
/// An array of up to 2^31 elements that grows in chunks, so that growing copies nothing. One thread grows it; others read and write
/// elements that are there.
/// </summary>
internal sealed class GrowingArray<T>
{
    private const int ChunkBits = 16;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly T[]?[] _chunks = new T[1 << (31 - ChunkBits)][];

    /// <summary>An element below what <see cref="Grow"/> was asked for.</summary>
    public ref T this[int index] => ref _chunks[index >> ChunkBits]![index & (ChunkSize - 1)];

    /// <summary>Makes room for at least so many elements.</summary>
    public void Grow(int count)
    {
        for (var chunk = (count - 1) >> ChunkBits; chunk >= 0 && _chunks[chunk] is null; chunk--)
        {
            _chunks[chunk] = new T[ChunkSize];
        }
    }

    /// <summary>The first elements in one array; the chunks are given up on the way.</summary>
    public T[] TakeArray(int count)
    {
        var array = new T[count];
        for (var chunk = 0; chunk << ChunkBits < count; chunk++)
        {
            var from = chunk << ChunkBits;
            Array.Copy(_chunks[chunk]!, 0, array, from, Math.Min(ChunkSize, count - from));
            _chunks[chunk] = null;
        }
        return array;
    }

    /// <summary>Gives up all elements.</summary>
    public void Clear() => Array.Clear(_chunks);
}
