using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>
/// LoRA inside the LLM for the <see cref="Trainer"/>. Frozen weights are in no checkpoint: the GGUF file is named by its hash instead. The
/// best weights are kept in memory and in the checkpoint, where they are chosen, and put back by <see cref="Finish"/>.
/// </summary>
internal sealed class LoraTask : ITrainingTask, IDisposable
{
    private const string BestName = "best";

    private readonly CcSelection _selection;
    private readonly LlmLoraConfig _config;
    private readonly ITuningSource _source;
    private readonly LoraStep _step;
    private readonly Func<long, CancellationToken, LoraEvaluation> _evaluate; // by steps done
    private readonly BestWeights? _best;
    private readonly List<LoraEvaluation> _history = [];

    /// <param name="config">Its <see cref="CcFinetuneConfig.Lora"/> says what is done.</param>
    /// <param name="checkpoint">Folder of the checkpoint.</param>
    /// <param name="source">The batches.</param>
    /// <param name="step">One of them.</param>
    /// <param name="evaluate">Evaluates after so many steps.</param>
    /// <param name="identity">What a resumed run must share.</param>
    public LoraTask(
        CcFinetuneConfig config, string checkpoint, ITuningSource source, LoraStep step,
        Func<long, CancellationToken, LoraEvaluation> evaluate, IReadOnlyDictionary<string, string> identity)
    {
        (_selection, _config, _source, _step, _evaluate) = (config.Selection, config.Lora!, source, step, evaluate);
        _best = _selection == CcSelection.Last ? null : new BestWeights(step.Weights.Parameters);
        Plan = new TrainingPlan
        {
            Title = "LoRA of the LLM",
            Checkpoint = checkpoint,
            Identity = identity,
            Budget = new TrainBudget(StepsIn(_config, source.PerEpoch), 60 * _config.MaxMinutes),
            Schedule = new RateSchedule(_config.Schedule, _config.WarmupSteps) { StartsAtZero = true },
            PeakRate = _config.LearningRate,
            ClipNorm = _config.GradientClip,
            CheckpointEvery = config.CheckpointEvery,
            CheckpointMinutes = config.CheckpointMinutes,
            StallMinutes = config.StallMinutes,
            EarlyStop = _best is null ? 0 : config.Patience,
            LogEvery = _config.LogEvery,
            Metrics = new MetricNames("lora", "learning_rate", "gradient_norm"),
            EmptyEpoch = "Training of LoRA has no batch: set cc_finetune.lora.batch_size to at most the number of images.",
            NotFiniteRemedy = "Lower cc_finetune.lora.learning_rate or scale, or set cc_finetune.lora.precision: fp32.",
        };
    }

    /// <summary>Writes what makes a teacher of the current weights into a checkpoint's folder; null = a checkpoint is no teacher.</summary>
    public Action<string>? SaveTeacher { get; init; }

    /// <summary>What a checkpoint keeps of the task besides tensors.</summary>
    private sealed record Notes(IReadOnlyList<LoraEvaluation> History);

    /// <inheritdoc/>
    public TrainingPlan Plan { get; }

    /// <inheritdoc/>
    public TrainedWeights Weights => _step.Weights;

    /// <summary>The evaluations so far, in order.</summary>
    public IReadOnlyList<LoraEvaluation> History => _history;

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> Epoch(int epoch, long done, CancellationToken cancellation) =>
        _source.Epoch(epoch).Select((batch, index) => new TrainingBatch(index, batch.Queries, step => _step.Backward(batch, step)))
            .Skip((int)done);

    /// <inheritdoc/>
    public Activity Activity(TrainPart part) => new(_step.Done, null);

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, double Value)> AfterUpdate() => [("tokens", _step.Tokens)];

    /// <inheritdoc/>
    public bool EvaluatesAfter(long steps) => steps == 0 || (_config.EvaluateEvery > 0 && steps % _config.EvaluateEvery == 0);

    /// <inheritdoc/>
    public TrainingScore? Evaluate(long steps, CancellationToken cancellation)
    {
        var found = _evaluate(steps, cancellation);
        _history.Add(found);
        var culture = CultureInfo.InvariantCulture;
        var rows = found.Rows.Select(row => row.Name + " " + string.Join(", ", row.Scores.Select(score => string.Create(
            culture, $"{score.From}->{score.To} {100 * score.Recall.RecallAt1:0.0} / {100 * score.Recall.RecallAt10:0.0} %")))).ToList();
        var last = found.Rows.LastOrDefault()?.Scores ?? [];
        var chosen = found.Criterion is { } criterion ? string.Create(culture, $", criterion {100 * criterion:0.0} %") : "";
        var summary = string.Create(culture, $"Step {steps:N0}{chosen}");
        return new TrainingScore(
            found.Criterion,
            last.Count == 0 ? summary
                : last.Count == 1 ? $"{summary}: R@1 / R@10 {Mean(last)}"
                : $"{summary}: R@1 / R@10 {last[0].From}->{last[0].To} {Mean([last[0]])}, others {Mean([.. last.Skip(1)])}",
            rows.Count > 1 ? $"{summary}: R@1 / R@10 {string.Join("; ", rows)}" : null);
    }

    private static string Mean(IReadOnlyList<ProbeScore> scores)
    {
        var (first, ten) = (scores.Average(score => score.Recall.RecallAt1), scores.Average(score => score.Recall.RecallAt10));
        return string.Create(CultureInfo.InvariantCulture, $"{100 * first:0.0} / {100 * ten:0.0} %");
    }

    /// <inheritdoc/>
    public void KeepBest() => _best?.Keep();

    /// <summary>Puts the kept weights in place and returns the steps after which they were trained.</summary>
    public long Finish(TrainState state)
    {
        if (_best is null)
        {
            return state.Step;
        }
        _best.Restore();
        return state.BestStep;
    }

    /// <summary>Writes the teacher that <see cref="Finish"/> would give now.</summary>
    public void Describe(string folder)
    {
        using var best = _best?.Applied();
        SaveTeacher?.Invoke(folder);
    }

    /// <inheritdoc/>
    public CheckpointExtras Extras() => new(
        _best is null ? new Dictionary<string, Tensor>() : new Dictionary<string, Tensor> { [BestName] = _best.Values },
        JsonSerializer.SerializeToNode(new Notes(_history), Json.File));

    /// <inheritdoc/>
    public void Resume(TrainState state, CheckpointExtras? extras)
    {
        if (state.Batch > _source.PerEpoch || state.Step != (state.Epoch * (long)_source.PerEpoch) + state.Batch
            || state.BestStep > state.Step)
        {
            throw Plan.Damaged(
                $"step {state.Step}, epoch {state.Epoch}, batch {state.Batch} and best step {state.BestStep} contradict each other with "
                + $"{_source.PerEpoch} batches per epoch");
        }
        _history.AddRange(ReadNotes(extras!.Notes).History);
    }

    /// <summary>Frees the copy of the best weights.</summary>
    public void Dispose() => _best?.Dispose();

    /// <summary>The limit in steps; 0 = none.</summary>
    private static long StepsIn(LlmLoraConfig config, int perEpoch)
    {
        var ofEpochs = config.Epochs * (long)perEpoch;
        return ofEpochs > 0 && config.Steps > 0 ? Math.Min(ofEpochs, config.Steps) : Math.Max(ofEpochs, config.Steps);
    }

    private Notes ReadNotes(JsonNode? json) =>
        EvaluationNotes.Read<Notes>(json, Plan, notes => notes.History.Select(evaluation => evaluation?.Rows));
}
