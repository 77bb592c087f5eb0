using Llm2Clip.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// The randomness of a forward pass in training (drop path, patch dropout, dropout), shared by all layers of a model. Everything
/// follows from the seed of the last <see cref="Begin"/>: the same seed replays the same pass, which GradCache and resuming need.
/// </summary>
public sealed class TrainingNoise
{
    private ulong _seed;
    private SeededRandom _random;
    private bool _active;

    /// <summary>Starts a pass with random numbers.</summary>
    public void Begin(ulong seed) => (_seed, _random, _active) = (seed, new SeededRandom(seed), true);

    /// <summary>
    /// Starts a part of the pass, such as a block: what it draws follows from the pass and the part alone, so that a part can be run again
    /// without those before it.
    /// </summary>
    public void Enter(int part)
    {
        if (_active)
        {
            _random = new SeededRandom(SeededRandom.Mix((long)_seed, part));
        }
    }

    /// <summary>Turns all noise off, as in evaluation.</summary>
    public void End() => _active = false;

    /// <summary>Whether a pass with noise is going on.</summary>
    public bool Active => _active;

    /// <summary>
    /// Stochastic depth (https://arxiv.org/abs/1603.09382): zeroes the whole branch of a sample with probability
    /// <paramref name="rate"/> and scales the others by 1 / (1 - rate). <paramref name="branch"/>: [B, ...].
    /// </summary>
    public Tensor DropPath(Tensor branch, double rate)
    {
        if (!_active || rate <= 0)
        {
            return branch;
        }
        using var scope = NewDisposeScope();
        var factors = new float[branch.shape[0]];
        Fill(factors, rate);
        long[] shape = [factors.Length, .. branch.shape[1..].Select(_ => 1L)];
        return (branch * tensor(factors, shape, device: branch.device)).MoveToOuterDisposeScope();
    }

    /// <summary>Dropout of single elements, scaled by 1 / (1 - rate).</summary>
    public Tensor Dropout(Tensor x, double rate)
    {
        if (!_active || rate <= 0)
        {
            return x;
        }
        using var scope = NewDisposeScope();
        var factors = new float[x.numel()];
        Fill(factors, rate);
        return (x * tensor(factors, x.shape, device: x.device)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Dropout of single elements that leaves the others as they are, in the format of <paramref name="x"/>, and the share that is left
    /// out, by whose complement what follows is to be divided: <paramref name="rate"/> to the nearest 65,536th, for which one random
    /// number serves four elements. Of many millions of elements per pass it takes a quarter of the time of <see cref="Dropout"/>.
    /// </summary>
    internal (Tensor Kept, double Rate) Kept(Tensor x, double rate)
    {
        var threshold = (ulong)Math.Round(rate * 65536);
        if (!_active || threshold == 0)
        {
            return (x, 0);
        }
        using var scope = NewDisposeScope();
        var mask = new byte[x.numel()];
        for (var i = 0; i < mask.Length; i += 4)
        {
            var bits = _random.NextBits();
            foreach (ref var kept in mask.AsSpan(i, Math.Min(4, mask.Length - i)))
            {
                kept = (bits & 0xFFFF) < threshold ? (byte)0 : (byte)1;
                bits >>= 16;
            }
        }
        return ((x * tensor(mask, x.shape, device: x.device)).MoveToOuterDisposeScope(), threshold / 65536.0);
    }

    /// <summary>
    /// Which tokens of each sample stay, as ascending row numbers of the flattened [batch * tokens] (patch dropout,
    /// https://arxiv.org/abs/2212.00794); null where none is dropped.
    /// </summary>
    public long[]? KeptTokens(long batch, long tokens, double rate)
    {
        var keep = KeptCount(tokens, rate);
        if (!_active || keep == tokens)
        {
            return null;
        }
        var rows = new long[batch * keep];
        var order = new long[tokens];
        for (var sample = 0L; sample < batch; sample++)
        {
            for (var i = 0; i < tokens; i++)
            {
                order[i] = sample * tokens + i;
            }
            _random.Draw(order, (int)keep);
            Array.Sort(order, 0, (int)keep);
            order.AsSpan(0, (int)keep).CopyTo(rows.AsSpan((int)(sample * keep)));
        }
        return rows;
    }

    /// <summary>How many of <paramref name="tokens"/> stay at a dropout rate; at least one.</summary>
    public static long KeptCount(long tokens, double rate) => Math.Max(1, (long)Math.Round(tokens * (1 - rate)));

    private void Fill(float[] factors, double rate)
    {
        var scale = (float)(1 / (1 - rate));
        for (var i = 0; i < factors.Length; i++)
        {
            factors[i] = _random.NextSingle() < rate ? 0 : scale;
        }
    }
}
