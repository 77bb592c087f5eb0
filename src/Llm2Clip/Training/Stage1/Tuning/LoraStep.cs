using Llm2Clip.Layers;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>
/// Loss and gradient of one batch of texts through the LLM (facts A5), in micro-batches of texts of like length. All its randomness follows
/// from (seed, step).
/// </summary>
internal sealed class LoraStep : IDisposable
{
    private readonly LlmLoraConfig _config;
    private readonly TunedLlm _llm;
    private readonly long _seed;
    private readonly MaskedTokens? _masks;
    private long _done;

    /// <summary>The step of an LLM, which stays the caller's.</summary>
    public LoraStep(LlmLoraConfig config, TunedLlm llm, long seed)
    {
        (_config, _llm, _seed) = (config, llm, seed);
        _masks = config.Objective == TuningObjective.MaskedTokens ? new MaskedTokens(llm.Vocabulary, config.MaskShare) : null;
        var rates = new GroupOptions(config.LearningRate, config.LearningRate, config.LearningRate, config.WeightDecay);
        var groups = ParameterGroups.Build(
            llm.Changes.Select(change => (change.Name, change.Parameter.shape.Length)), rates, LayerNaming.Plain);
        Weights = new TrainedWeights(llm.Changes, groups, new AdamWOptions(0.9, 0.999, 1e-8));
    }

    /// <summary>The changes' weights.</summary>
    public TrainedWeights Weights { get; }

    /// <summary>A count of micro-batches; may be asked by any thread.</summary>
    public long Done => Volatile.Read(ref _done);

    /// <summary>Tokens of the last step's texts, without padding.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds the batch's gradient to the parameters' and returns the loss.</summary>
    public double Backward(TuningBatch batch, long step)
    {
        using var scope = NewDisposeScope();
        var texts = batch.Texts();
        Tokens = texts.Sum(text => (long)text.Tokens.Length);
        var loss = _masks is null ? Contrast(batch, texts, step) : TellMasked(_masks, texts, step);
        _llm.Noise.End();
        return loss;
    }

    /// <summary>Frees what the optimizer keeps.</summary>
    public void Dispose() => Weights.Dispose();

    private double Contrast(TuningBatch batch, IReadOnlyList<TokenizedText> texts, long step)
    {
        var parts = Parts(texts);
        var places = new long[texts.Count]; // where each text's vector comes out
        foreach (var (text, place) in parts.SelectMany(part => part).Select((text, place) => (text, place)))
        {
            places[text] = place;
        }
        var pass = new EncoderPass(parts.Count, part => Encode(part))
        {
            Replay = _config.GradientCheckpointing ? Replay : null,
            Kept = _config.KeptMicroBatches,
        };
        return GradCache.Backward([pass], vectors => Loss(vectors[0], places, batch));

        Tensor Encode(int part) => _llm.Encode(Begin(part));

        void Replay(int part, Tensor gradient) => _llm.Backward(Begin(part), gradient);

        IReadOnlyList<TokenizedText> Begin(int part)
        {
            BeginPart(step, part);
            return [.. parts[part].Select(text => texts[text])];
        }
    }

    /// <summary>The loss is a mean over tokens, so that micro-batches add up without being run twice.</summary>
    private double TellMasked(MaskedTokens masks, IReadOnlyList<TokenizedText> texts, long step)
    {
        var random = SeededRandom.For(_seed, 10, step);
        var rows = new List<MaskedRow>(texts.Count);
        foreach (var text in texts)
        {
            rows.Add(masks.Mask(text, ref random));
        }
        var counted = rows.Sum(row => row.Counted);
        var loss = 0.0;
        foreach (var (members, part) in Parts(texts).Select((members, part) => (members, part)))
        {
            List<MaskedRow> of = [.. members.Select(text => rows[text])];
            if (of.Sum(row => row.Counted) > 0)
            {
                using var scope = NewDisposeScope();
                BeginPart(step, part);
                var share = _llm.MaskedSum(of).DividedBy(counted);
                share.backward();
                loss += share.cpu().item<float>();
            }
        }
        return loss;
    }

    private void BeginPart(long step, int part)
    {
        Interlocked.Increment(ref _done);
        _llm.Noise.Begin(SeededRandom.Mix(_seed, 3, step, part));
    }

    /// <summary>The texts of each micro-batch, by their places in the batch.</summary>
    private List<IReadOnlyList<int>> Parts(IReadOnlyList<TokenizedText> texts) =>
    [
        .. LengthSorted.Batches(
            [.. texts.Select(text => text.Tokens)], (longest, _, count) => (long)longest * count <= _config.MicroBatchTokens),
    ];

    private Tensor Loss(Tensor vectors, long[] places, TuningBatch batch)
    {
        using var scope = NewDisposeScope();
        var rows = vectors.index_select(0, tensor(places, device: vectors.device));
        var (queries, negatives) = (batch.Queries, places.Length - (2 * batch.Queries));
        var excluded = SamePairs.SameSource(
            batch.Sources.AsSpan(0, queries), batch.Wordings.AsSpan(0, queries), batch.Sources.AsSpan(queries),
            batch.Wordings.AsSpan(queries), vectors.device);
        return CaptionContrastiveLoss.Between(
            rows.narrow(0, 0, queries),
            rows.narrow(0, queries, queries),
            negatives > 0 ? rows.narrow(0, 2 * queries, negatives) : null,
            _config.Scale, _config.BothDirections, excluded).MoveToOuterDisposeScope();
    }
}
