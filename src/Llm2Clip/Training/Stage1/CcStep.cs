using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// Loss and gradient of one batch of captions through the adapter, in micro-batches where configured. All its randomness follows from
/// (seed, step).
/// </summary>
internal sealed class CcStep : IDisposable
{
    private readonly CcFinetuneConfig _config;
    private readonly CcAdapterModule _module;
    private readonly CcBatches _batches;
    private readonly Device _device;
    private long _done;

    public CcStep(CcFinetuneConfig config, CcAdapterModule module, CcBatches batches, Device device)
    {
        (_config, _module, _batches, _device) = (config, module, batches, device);
        var parameters = module.named_parameters().Select(p => (p.name, p.parameter)).ToList();
        var options = new GroupOptions(config.LearningRate, config.LearningRate, config.LearningRate, config.WeightDecay);
        var groups = ParameterGroups.Build(parameters.Select(p => (p.name, p.parameter.shape.Length)), options, LayerNaming.Plain);
        // torch's defaults: the vectors are dense, unlike a ViT's early gradients.
        Weights = new TrainedWeights(parameters, groups, new AdamWOptions(0.9, 0.999, 1e-8));
    }

    /// <summary>The adapter's weights.</summary>
    public TrainedWeights Weights { get; }

    /// <summary>A count of micro-batches; may be asked by any thread.</summary>
    public long Done => Volatile.Read(ref _done);

    /// <summary>Adds the batch's gradient to the parameters' and returns the loss.</summary>
    public double Backward(CcBatch batch, CcImages images, long step)
    {
        using var scope = NewDisposeScope();
        var micro = _config.MicroBatch > 0 ? Math.Min(_config.MicroBatch, batch.Captions.Length) : batch.Captions.Length;
        var pass = new EncoderPass(
            (batch.Captions.Length + micro - 1) / micro,
            part => Encode(batch, part * micro, micro, SeededRandom.Mix(_config.Seed, 3, step, part)));
        var loss = GradCache.Backward([pass], embeddings => Loss(embeddings[0], batch, images));
        _module.Noise.End();
        return loss;
    }

    /// <summary>The adapter's vectors of captions now, [n, D].</summary>
    public Tensor Embed(int[] captions)
    {
        Interlocked.Increment(ref _done);
        return _module.call(_batches.Vectors(captions, _device));
    }

    /// <summary>Seed of an epoch's search for hard negatives.</summary>
    public ulong MiningSeed(int epoch) => SeededRandom.Mix(_config.Seed, 4, epoch);

    /// <summary>Frees what the optimizer keeps.</summary>
    public void Dispose() => Weights.Dispose();

    private Tensor Encode(CcBatch batch, int start, int count, ulong seed)
    {
        using var scope = NewDisposeScope();
        Interlocked.Increment(ref _done);
        _module.Noise.Begin(seed);
        var captions = batch.Captions.AsSpan(start, Math.Min(count, batch.Captions.Length - start));
        return _module.call(_batches.Vectors(captions, _device)).MoveToOuterDisposeScope();
    }

    private Tensor Loss(Tensor embeddings, CcBatch batch, CcImages images)
    {
        using var scope = NewDisposeScope();
        var queries = batch.Images;
        var negatives = batch.Captions.Length - (2 * queries);
        var wording = new long[batch.Captions.Length];
        for (var i = 0; i < wording.Length; i++)
        {
            wording[i] = images.All[batch.Captions[i]].Wording;
        }
        var excluded = SamePairs.SameSource(
            batch.ImageOf.AsSpan(0, queries), wording.AsSpan(0, queries), batch.ImageOf.AsSpan(queries), wording.AsSpan(queries),
            _device);
        return CaptionContrastiveLoss.Between(
            embeddings.narrow(0, 0, queries),
            embeddings.narrow(0, queries, queries),
            negatives > 0 ? embeddings.narrow(0, 2 * queries, negatives) : null,
            _config.Scale, _config.BothDirections, excluded).MoveToOuterDisposeScope();
    }
}
