using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.LongClip;

/// <summary>
/// Captions of a batch in micro-batches of about one length: a text tower computes as many positions as the longest caption of a
/// micro-batch has.
/// </summary>
/// <param name="rows">Ids of each caption.</param>
/// <param name="size">Captions per micro-batch.</param>
internal sealed class TokenBatches(IReadOnlyList<int[]> rows, int size)
{
    private readonly int[] _order = size < rows.Count
        ? [.. Enumerable.Range(0, rows.Count).OrderBy(row => rows[row].Length)]
        : [.. Enumerable.Range(0, rows.Count)];

    /// <summary>Number of micro-batches.</summary>
    public int Count => MicroBatches.Count(rows.Count, size);

    /// <summary>Ids of the captions of a micro-batch.</summary>
    public IReadOnlyList<int[]> Part(int part) => [.. _order.Skip(part * size).Take(size).Select(row => rows[row])];

    /// <summary>Features [B, D] of all micro-batches, one after the other, in the order of the captions.</summary>
    public Tensor InOrder(Tensor features)
    {
        if (Count == 1)
        {
            return features;
        }
        using var scope = NewDisposeScope();
        var places = new long[_order.Length];
        for (var i = 0; i < places.Length; i++)
        {
            places[_order[i]] = i;
        }
        return features.index_select(0, tensor(places, device: features.device)).MoveToOuterDisposeScope();
    }
}
