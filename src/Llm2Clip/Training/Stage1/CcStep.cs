using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>One optimizer step of caption-contrastive training after the other, and what they need: flat parameters, AdamW, schedule.</summary>
internal sealed class CcStep : IDisposable
{
    private readonly CcFinetuneConfig _config;
    private readonly CcAdapterModule _module;
    private readonly CcBatches _batches;
    private readonly Device _device;
    private readonly RateSchedule _schedule;

    public CcStep(CcFinetuneConfig config, CcAdapterModule module, CcBatches batches, Device device)
    {
        (_config, _module, _batches, _device) = (config, module, batches, device);
        var parameters = module.named_parameters().Select(p => (p.name, p.parameter)).ToList();
        var options = new GroupOptions(config.LearningRate, config.LearningRate, config.LearningRate, config.WeightDecay);
        var groups = ParameterGroups.Build(parameters.Select(p => (p.name, p.parameter.shape.Length)), 0, options, LayerNaming.HuggingFace);
        Parameters = new FlatParameters(parameters, groups);
        Optimizer = new FlatAdamW(Parameters, new AdamWOptions(0.9, 0.999, 1e-8)); // torch's defaults: the vectors are dense, unlike a ViT's early gradients.
        _schedule = new RateSchedule(config.Schedule, config.WarmupSteps);
    }

    /// <summary>The adapter's weights.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>Moments and step count.</summary>
    public FlatAdamW Optimizer { get; }

    /// <summary>The hard negatives found last; null before the first search.</summary>
    public HardNegatives? Mined { get; set; }

    /// <summary>Steps of an epoch.</summary>
    public int PerEpoch => _batches.PerEpoch;

    /// <summary>Steps made.</summary>
    public long Done => Optimizer.Steps;

    /// <summary>
    /// One step: loss, gradient norm, and the learning rate it was made with. Throws <see cref="RunException"/> for a loss that is not finite,
    /// before the weights move.
    /// </summary>
    public (double Loss, double Norm, double Rate) Run(CcBatch batch, CcPictures pictures, long total)
    {
        using var scope = NewDisposeScope();
        var number = Done;
        Parameters.ZeroGradients();
        var micro = _config.MicroBatch > 0 ? Math.Min(_config.MicroBatch, batch.Captions.Length) : batch.Captions.Length;
        var pass = new EncoderPass((batch.Captions.Length + micro - 1) / micro, part => Encode(batch, part * micro, micro, SeededRandom.Mix(_config.Seed, 3, number, part)));
        var loss = GradCache.Backward([pass], embeddings => Loss(embeddings[0], batch, pictures));
        _module.Noise.End();
        var norm = Parameters.GradientNorm();
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw new RunException($"Caption-contrastive training: the loss of step {number + 1} is {loss} (gradient norm {norm}). Nothing was changed by this step. "
                + "Lower cc_finetune.learning_rate or scale, and check the teacher with `llm2clip eval captions`.");
        }
        var warm = Math.Min(1.0, _config.WarmupSteps / (double)total);
        var factor = _schedule.Factor(number, number / (double)total, warm);
        Optimizer.Step(factor, FlatAdamW.ClipScale(norm, _config.GradientClip));
        return (loss, norm, _config.LearningRate * factor);
    }

    /// <summary>Hard negatives that are in force in an epoch; searched anew every <see cref="CcFinetuneConfig.MineEvery"/> epochs.</summary>
    public HardNegatives Negatives(int epoch, CcPictures pictures, CancellationToken cancellation)
    {
        if (Mined is null || epoch % _config.MineEvery == 0)
        {
            Mined = HardNegatives.Mine(
                pictures, _config.HardNegatives, _config.MinePool, SeededRandom.Mix(_config.Seed, 4, epoch), captions => _module.call(_batches.Vectors(captions, _device)), cancellation);
        }
        return Mined;
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        Parameters.Dispose();
    }

    private Tensor Encode(CcBatch batch, int start, int count, ulong seed)
    {
        using var scope = NewDisposeScope();
        _module.Noise.Begin(seed);
        var captions = batch.Captions.AsSpan(start, Math.Min(count, batch.Captions.Length - start));
        return _module.call(_batches.Vectors(captions, _device)).MoveToOuterDisposeScope();
    }

    private Tensor Loss(Tensor embeddings, CcBatch batch, CcPictures pictures)
    {
        using var scope = NewDisposeScope();
        var queries = batch.Pictures;
        var negatives = batch.Captions.Length - (2 * queries);
        var wording = new long[batch.Captions.Length];
        for (var i = 0; i < wording.Length; i++)
        {
            wording[i] = pictures.All[batch.Captions[i]].Wording;
        }
        var excluded = SamePairs.SameSource(batch.PictureOf.AsSpan(0, queries), wording.AsSpan(0, queries), batch.PictureOf.AsSpan(queries), wording.AsSpan(queries), _device);
        return CaptionContrastiveLoss.Between(
            embeddings.narrow(0, 0, queries),
            embeddings.narrow(0, queries, queries),
            negatives > 0 ? embeddings.narrow(0, 2 * queries, negatives) : null,
            _config.Scale, _config.BothDirections, excluded).MoveToOuterDisposeScope();
    }
}
