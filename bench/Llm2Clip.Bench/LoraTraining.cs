using Llm2Clip.Data;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Training.Stage1.Tuning;

namespace Llm2Clip.Bench;

/// <summary>
/// Steps of caption-contrastive LoRA in an LLM, as cc-finetune trains it: two captions each of the first images of a data set.
/// </summary>
internal sealed class LoraTraining : IDisposable
{
    private readonly TunedLlm _llm;
    private readonly LoraStep _step;
    private readonly TuningBatch _batch;
    private long _steps;

    /// <param name="model">The GGUF model.</param>
    /// <param name="pattern">The data.</param>
    /// <param name="images">Images per step.</param>
    /// <param name="microBatchTokens">Tokens that are run at a time; null = the default.</param>
    public LoraTraining(string model, string pattern, int images, int? microBatchTokens = null)
    {
        var config = new LlmLoraConfig { BatchSize = images };
        config = config with { MicroBatchTokens = microBatchTokens ?? config.MicroBatchTokens };
        _llm = new TunedLlm(TeacherModel.Of(model), new TeacherSettings(), config, "cpu", seed: 1, SilentLog.Instance);
        _step = new LoraStep(config, _llm, seed: 1);
        var tokenizer = _llm.Tokenizer("");
        IReadOnlyList<TokenizedText> texts = [.. Pairs(pattern, images).Select(tokenizer.Tokenize)];
        long[] sources = [.. Enumerable.Range(0, 2 * images).Select(row => (long)row % images)];
        _batch = new TuningBatch(images, () => texts, sources, [.. Enumerable.Range(0, 2 * images).Select(row => (long)row)]);
        Lengths = [.. texts.Select(text => text.Tokens.Length)];
    }

    /// <summary>Tokens of each text: queries, then positives.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <summary>Weights, trained and frozen.</summary>
    public long Weights => _llm.Trained + _llm.Frozen;

    /// <summary>Gradient, clipping, AdamW.</summary>
    public void Step()
    {
        var weights = _step.Weights;
        weights.Parameters.ZeroGradients();
        _step.Backward(_batch, _steps++);
        weights.Optimizer.Step(1, FlatAdamW.ClipScale(weights.Parameters.GradientNorm(), 1));
    }

    public void Dispose()
    {
        _step.Dispose();
        _llm.Dispose();
    }

    /// <summary>First English captions of images, then second ones.</summary>
    private static IEnumerable<string> Pairs(string pattern, int images)
    {
        var data = new DataConfig();
        var captions = Datasets.ReadAll(Datasets.Open(pattern, data, SilentLog.Instance), data, SilentLog.Instance)
            .Select(sample => sample.Captions.Where(caption => caption.Language == "en").Select(caption => caption.Text).Take(2).ToList())
            .Where(texts => texts.Count == 2).Take(images).ToList();
        return captions.Count == images
            ? captions.Select(texts => texts[0]).Concat(captions.Select(texts => texts[1]))
            : throw new InvalidOperationException($"{pattern} has {captions.Count} images with two English captions; {images} are needed.");
    }
}
