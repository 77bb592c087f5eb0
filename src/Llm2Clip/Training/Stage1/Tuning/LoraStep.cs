using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
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
    private long _done;

    /// <summary>The step of an LLM, which stays the caller's.</summary>
    public LoraStep(LlmLoraConfig config, TunedLlm llm, long seed)
    {
        (_config, _llm, _seed) = (config, llm, seed);
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
        var parts = Parts(texts);
        var places = new long[texts.Count]; // where each text's vector comes out
        foreach (var (text, place) in parts.SelectMany(part => part).Select((text, place) => (text, place)))
        {
            places[text] = place;
        }
        var pass = new EncoderPass(parts.Count, part => Encode(part))
        {
            Replay = _config.GradientCheckpointing ? Replay : null,
        };
        var loss = GradCache.Backward([pass], vectors => Loss(vectors[0], places, batch));
        _llm.Noise.End();
        return loss;

        Tensor Encode(int part) => _llm.Encode(Begin(part));

        void Replay(int part, Tensor gradient) => _llm.Backward(Begin(part), gradient);

        IReadOnlyList<TokenizedText> Begin(int part)
        {
            Interlocked.Increment(ref _done);
            _llm.Noise.Begin(SeededRandom.Mix(_seed, 3, step, part));
            return [.. parts[part].Select(text => texts[text])];
        }
    }

    /// <summary>Frees what the optimizer keeps.</summary>
    public void Dispose() => Weights.Dispose();

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
