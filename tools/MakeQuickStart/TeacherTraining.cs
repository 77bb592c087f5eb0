using System.ComponentModel;
using Llm2Clip.Layers;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.MakeQuickStart;

/// <summary>How the quick start's teacher is made.</summary>
public sealed record TeacherTrainingConfig
{
    [Description("Shape of the model.")]
    public TinyLlamaConfig Model { get; init; } = new();

    [Description("Seed of corpus, vocabulary and weights.")]
    public int Seed { get; init; } = QuickStartData.Seed;

    [Description("Most merges of the vocabulary; fewer where the corpus has no more pairs.")]
    public int Merges { get; init; } = 1500;

    [Description("Documents that the vocabulary is learned from.")]
    public int VocabularyDocuments { get; init; } = 2000;

    [Description("Optimizer steps.")]
    public int Steps { get; init; } = 800;

    [Description("Rows a step.")]
    public int Rows { get; init; } = 24;

    [Description("Tokens a row, filled with one document after the other.")]
    public int RowTokens { get; init; } = 96;

    [Description("Peak learning rate of AdamW (betas 0.9, 0.95), with a warm-up over a twentieth of the steps and a cosine down to a "
        + "twentieth of the peak.")]
    public double LearningRate { get; init; } = 2e-3;

    [Description("Weight decay of the matrices.")]
    public double WeightDecay { get; init; } = 0.05;

    [Description("The gradient is scaled down to this norm where it is longer.")]
    public double ClipNorm { get; init; } = 1;

    [Description("Matrices as Q8_0, half the size, rather than F16.")]
    public bool Quantized { get; init; }
}

/// <summary>Trains the tiny language model by next-token prediction on <see cref="TextCorpus"/>; every document is read once.</summary>
public sealed class TeacherTraining : IDisposable
{
    /// <summary>Documents set aside for one row, more than ever fit, so that no document stands in two rows.</summary>
    private const int DocumentsPerRow = 24;

    private readonly TeacherTrainingConfig _config;
    private readonly TextCorpus _corpus;
    private readonly List<(Tensor Weight, Tensor Mean, Tensor Square)> _optimizer = [];

    /// <summary>Learns the vocabulary and draws the initial weights.</summary>
    public TeacherTraining(TeacherTrainingConfig config, SceneData data)
    {
        _config = config;
        _corpus = new TextCorpus(data, (ulong)config.Seed);
        Vocabulary = LearnVocabulary(config, _corpus);
        Model = new TinyLlama(config.Model, Vocabulary.Count, (ulong)config.Seed);
        using var scope = NewDisposeScope();
        foreach (var (_, weight) in Model.Weights)
        {
            _optimizer.Add((weight, zeros_like(weight).DetachFromDisposeScope(), zeros_like(weight).DetachFromDisposeScope()));
        }
    }

    /// <summary>The model; its weights change with every step.</summary>
    public TinyLlama Model { get; }

    /// <summary>Its vocabulary.</summary>
    public SentencePieceVocabulary Vocabulary { get; }

    /// <summary>The vocabulary that a configuration leads to; documents with negative numbers are kept for it.</summary>
    public static SentencePieceVocabulary LearnVocabulary(TeacherTrainingConfig config, TextCorpus corpus)
    {
        var texts = Enumerable.Range(1, config.VocabularyDocuments).SelectMany(i => corpus.Document(-i)).Select(line => line.Text);
        return SentencePieceTrainer.Train(texts, Grammars.Chinese.Words(), config.Merges);
    }

    /// <summary>Trains all steps; returns the loss (nats a token) of each.</summary>
    public IReadOnlyList<double> Run(IRunLog log, CancellationToken cancellation = default)
    {
        var losses = new List<double>();
        var schedule = new RateSchedule(ScheduleKind.Cosine, Math.Max(1, _config.Steps / 20), 0.05);
        using var progress = log.Start("make-teacher", _config.Steps, "steps");
        for (var step = 0; step < _config.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            var rate =
                _config.LearningRate * schedule.Factor(step, step / (double)_config.Steps, schedule.WarmupSteps / (double)_config.Steps);
            losses.Add(Step(step, rate));
            progress.Advance(1, $"loss {losses[^1]:F3}");
            if ((step + 1) % 100 == 0)
            {
                log.Info($"step {step + 1}: loss {losses.TakeLast(100).Average():F4}");
            }
        }
        return losses;
    }

    /// <summary>Writes the model as it stands.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        TinyLlamaGguf.Write(path, Model, Vocabulary, _config.Quantized ? GgufType.Q8_0 : GgufType.F16);
    }

    public void Dispose()
    {
        Model.Dispose();
        foreach (var (_, mean, square) in _optimizer)
        {
            mean.Dispose();
            square.Dispose();
        }
    }

    /// <summary>One optimizer step; returns the loss before it. Throws <see cref="RunException"/> where that is not finite.</summary>
    private double Step(int step, double rate)
    {
        using var scope = NewDisposeScope();
        using var loss = Model.Loss(Batch(step));
        var value = (double)loss.item<float>();
        if (!double.IsFinite(value))
        {
            throw new RunException($"make-teacher: the loss is {value} at step {step}; lower learning_rate.");
        }
        loss.backward();
        Update(step + 1, rate);
        return value;
    }

    /// <summary>Token ids [rows, row tokens + 1], each row starting with a document.</summary>
    private Tensor Batch(int step)
    {
        var width = _config.RowTokens + 1;
        var ids = new long[_config.Rows * width];
        for (var row = 0; row < _config.Rows; row++)
        {
            var tokens = new List<int>();
            for (var document = (((long)step * _config.Rows) + row) * DocumentsPerRow; tokens.Count < width; document++)
            {
                AppendDocument(tokens, document);
            }
            for (var i = 0; i < width; i++)
            {
                ids[(row * width) + i] = tokens[i];
            }
        }
        return tensor(ids, [_config.Rows, width]);
    }

    /// <summary>
    /// Begin token, then each line as a text of its own (so that it has the tokens that the encoder will see), ended by a line break.
    /// </summary>
    private void AppendDocument(List<int> tokens, long document)
    {
        tokens.Add(SentencePieceVocabulary.Bos);
        foreach (var (_, text) in _corpus.Document(document))
        {
            tokens.AddRange(Vocabulary.Encode(text));
            tokens.Add(SentencePieceVocabulary.LineBreak);
        }
    }

    /// <summary>AdamW (arXiv 1711.05101) with the gradient clipped by its norm over all weights; norms do not decay.</summary>
    private void Update(int step, double rate)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        const double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
        var norm = Math.Sqrt(_optimizer.Sum(entry => (double)entry.Weight.grad!.Squared().sum().item<float>()));
        var scale = Math.Min(1, _config.ClipNorm / (norm + 1e-6));
        var (correction1, correction2) = (1 - Math.Pow(beta1, step), 1 - Math.Pow(beta2, step));
        foreach (var (weight, mean, square) in _optimizer)
        {
            var gradient = weight.grad!.Times(scale);
            if (weight.dim() > 1)
            {
                weight.MultiplyBy(1 - (rate * _config.WeightDecay));
            }
            mean.MultiplyBy(beta1).Add(gradient, 1 - beta1);
            square.MultiplyBy(beta2).AddProduct(gradient, gradient, 1 - beta2);
            weight.AddQuotient(mean, square.DividedBy(correction2).sqrt_().Add(epsilon), -rate / correction1);
            weight.grad!.zero_();
        }
    }
}
