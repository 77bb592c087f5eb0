using LLama.Native;
using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>Token sequences side by side, each padded at its right end to the longest.</summary>
/// <param name="Ids">[B, T], int64; 0 behind the end of a sequence.</param>
/// <param name="Lengths">Tokens of each sequence.</param>
internal sealed record TokenBatch(Tensor Ids, IReadOnlyList<int> Lengths)
{
    /// <summary>T.</summary>
    public int Tokens => (int)Ids.shape[1];

    /// <summary>The batch of sequences, none of them empty, in the current dispose scope.</summary>
    public static TokenBatch Of(IReadOnlyList<LLamaToken[]> sequences, Device device)
    {
        using var scope = NewDisposeScope();
        var tokens = sequences.Max(sequence => sequence.Length);
        var ids = new long[sequences.Count * tokens];
        for (var i = 0; i < sequences.Count; i++)
        {
            for (var t = 0; t < sequences[i].Length; t++)
            {
                ids[(i * tokens) + t] = (int)sequences[i][t];
            }
        }
        var there = tensor(ids, [sequences.Count, tokens]).to(device).MoveToOuterDisposeScope();
        return new TokenBatch(there, [.. sequences.Select(sequence => sequence.Length)]);
    }

    /// <summary>
    /// What the tokens do not see, [B or 1, 1, 1, T, T] as <see cref="GroupedAttention.Attend"/> takes it; null where each sees all.
    /// </summary>
    /// <param name="isCausal">Whether tokens behind a token are hidden from it.</param>
    /// <param name="window">w: keys with query - key of w or more are hidden, or, in a centered window, those further away than w / 2; null
    /// for no window.</param>
    /// <param name="isCentered">Whether the window is around the token.</param>
    public Tensor? Mask(bool isCausal, int? window, bool isCentered)
    {
        var (before, behind) = (Tokens, isCausal ? 0 : Tokens);
        if (window is { } width)
        {
            before = Math.Min(before, isCentered ? width / 2 : width - 1);
            behind = Math.Min(behind, isCentered ? width / 2 : Tokens);
        }
        var isFull = Lengths.All(length => length == Tokens);
        if (isFull && before >= Tokens - 1 && behind >= Tokens - 1)
        {
            return null;
        }
        using var scope = NewDisposeScope();
        var lengths = isFull ? [Tokens] : Lengths;
        var values = new float[lengths.Count * (long)Tokens * Tokens];
        Array.Fill(values, GroupedAttention.Hidden);
        for (var i = 0; i < lengths.Count; i++)
        {
            for (var query = 0; query < Tokens; query++)
            {
                var (from, to) = (Math.Max(0, query - before), Math.Min(lengths[i] - 1L, (long)query + behind));
                var row = ((i * (long)Tokens) + query) * Tokens;
                values.AsSpan((int)(row + from), (int)Math.Max(0, to - from + 1)).Clear();
            }
        }
        return tensor(values, [lengths.Count, 1, 1, Tokens, Tokens]).to(Ids.device).MoveToOuterDisposeScope();
    }
}
