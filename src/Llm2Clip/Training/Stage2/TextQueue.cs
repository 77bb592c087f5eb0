using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Models.Text;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// Captions of other images as further negatives. Their teacher vectors are in the store, so no encoder runs for them but the text
/// adapter, and that not for all in each step: a queued caption keeps its features until as many steps as
/// <c>clip_train.text_queue_steps</c> says have passed, when another takes its place (a queue of features as in MoCo,
/// https://arxiv.org/abs/1911.05722, and XBM, https://arxiv.org/abs/1912.06798). They get no gradient: features of earlier weights have
/// none to give, and the adapter learns from the batch's captions.
/// </summary>
/// <remarks>
/// The captions of a step are a window on one seeded permutation of the pool, which moves on by the same number in each step. Which they
/// are follows from (seed, step); their features are kept in checkpoints, so that a resumed run continues to the bit.
/// </remarks>
internal sealed class TextQueue : IDisposable
{
    private const string Stored = "text_queue";

    /// <summary>Captions encoded at a time.</summary>
    private const int Block = 4096;

    private readonly EmbeddingStore _store;
    private readonly long[] _rows; // the pool's, in the order of the permutation
    private readonly TextAdapter _adapter;
    private readonly CaptionSampler _sampler;
    private readonly int _renewed;
    private readonly Tensor _features; // [N, D], caption number k at row k modulo N
    private readonly Dictionary<long, int> _slots = []; // place in the queue by the caption's row in the store
    private readonly float[] _mask;
    private readonly float[] _vectors;
    private long _end; // captions that have entered; the last N are in the queue

    /// <summary>Throws <see cref="ConfigException"/> where the pool has fewer captions than the queue.</summary>
    /// <param name="pool">Training captions.</param>
    /// <param name="config">Length of the queue, steps until all of it is renewed, seed.</param>
    /// <param name="sampler">Says which captions of a batch's images can be in the pool.</param>
    /// <param name="adapter">Makes features of vectors.</param>
    public TextQueue(TextPool pool, ClipTrainConfig config, CaptionSampler sampler, TextAdapter adapter)
    {
        if (config.TextQueue > pool.Rows.Length)
        {
            throw new ConfigException(string.Create(
                CultureInfo.InvariantCulture,
                $"clip_train.text_queue is {config.TextQueue}, and the training draws {pool.Rows.Length} different captions: set it to at ")
                + "most that.");
        }
        (_store, _adapter, _sampler) = (pool.Store, adapter, sampler);
        _rows = [.. pool.Rows];
        SeededRandom.For(config.Seed, "text queue").Shuffle(_rows.AsSpan());
        _renewed = (config.TextQueue + config.TextQueueSteps - 1) / config.TextQueueSteps;
        _mask = new float[config.TextQueue];
        _vectors = new float[Math.Min(Block, config.TextQueue) * _store.Dimension];
        using var scope = NewDisposeScope();
        var device = adapter.named_parameters().First().parameter.device;
        _features = zeros([config.TextQueue, adapter.Config.EmbedDim], device: device).DetachFromDisposeScope();
    }

    private int Size => _mask.Length;

    /// <summary>
    /// The queue of a step: the next captions have taken the places of the oldest. Those of the batch's images are masked. The adapter's
    /// noise is off. To be called once per step, in order.
    /// </summary>
    public QueuedCaptions At(long step, SampleBatch batch)
    {
        using var scope = NewDisposeScope();
        var end = EndOf(step);
        Enter(_end == EndOf(step - 1) && step > 0 ? _end : end - Size, end);
        _end = end;
        Array.Clear(_mask);
        foreach (var caption in batch.Samples.SelectMany(sample => sample.Captions).Where(_sampler.Draws))
        {
            if (_slots.TryGetValue(_store.Find(CaptionHash.Of(caption.Text)), out var slot))
            {
                _mask[slot] = QueuedCaptions.Gone;
            }
        }
        return new QueuedCaptions(_features, tensor(_mask, device: _features.device).MoveToOuterDisposeScope());
    }

    /// <summary>What a checkpoint keeps: the features.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors() => new Dictionary<string, Tensor> { [Stored] = _features };

    /// <summary>Takes the position over, after the features were read back; <paramref name="steps"/> were made.</summary>
    public void Resume(long steps)
    {
        if (steps == 0)
        {
            return;
        }
        _end = EndOf(steps - 1);
        for (var number = _end - Size; number < _end; number++)
        {
            _slots[RowOf(number)] = (int)(number % Size);
        }
    }

    public void Dispose() => _features.Dispose();

    private long EndOf(long step) => Size + step * _renewed;

    private long RowOf(long number) => _rows[number % _rows.Length];

    /// <summary>Encodes the captions of a range of numbers into their places.</summary>
    private void Enter(long first, long end)
    {
        using var off = no_grad();
        for (var number = first; number < end;)
        {
            using var scope = NewDisposeScope();
            // Up to where the places begin anew, so that they are one part.
            var slot = (int)(number % Size);
            var count = (int)Math.Min(Math.Min(Block, end - number), Size - slot);
            for (var i = 0; i < count; i++)
            {
                if (number + i >= Size)
                {
                    _slots.Remove(RowOf(number + i - Size));
                }
                _store.Read(RowOf(number + i), _vectors.AsSpan(i * _store.Dimension, _store.Dimension));
            }
            for (var i = 0; i < count; i++)
            {
                _slots[RowOf(number + i)] = slot + i;
            }
            var vectors = tensor(_vectors[..(count * _store.Dimension)], [count, _store.Dimension], device: _features.device);
            _features.narrow(0, slot, count).copy_(_adapter.call(vectors).InFp32().Normalize());
            number += count;
        }
    }
}
