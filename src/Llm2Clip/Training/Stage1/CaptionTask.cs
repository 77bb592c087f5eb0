using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// Stage 1 for the <see cref="Trainer"/>: an adapter on pairs of captions, evaluated by the retrieval of captions. The best weights are
/// kept in memory and in the checkpoint, and put back by <see cref="Finish"/>.
/// </summary>
internal sealed class CaptionTask : ITrainingTask, IDisposable
{
    private const string BestName = "best";
    private const string NegativesName = "hard_negatives";

    private readonly CcFinetuneConfig _config;
    private readonly CcImages _images;
    private readonly CcBatches _batches;
    private readonly CcStep _step;
    private readonly Func<int, CcEvaluation> _evaluate; // by the number of epochs done
    private readonly BestWeights _best;
    private readonly List<CcEvaluation> _history = [];
    private HardNegatives? _mined; // the last ones found; null before the first search
    private double _lossSum; // of the running epoch's steps
    private volatile bool _mining;

    public CaptionTask(
        CcFinetuneConfig config, CcImages images, CcBatches batches, CcStep step, Func<int, CcEvaluation> evaluate,
        IReadOnlyDictionary<string, string> identity)
    {
        (_config, _images, _batches, _step, _evaluate) = (config, images, batches, step, evaluate);
        _best = new BestWeights(step.Weights.Parameters);
        Plan = new TrainingPlan
        {
            Title = "Caption-contrastive training",
            Checkpoint = CheckpointOf(config.Output),
            Identity = identity,
            Budget = new TrainBudget((long)batches.Pairs.PerEpoch * config.Epochs),
            Schedule = new RateSchedule(config.Schedule, config.WarmupSteps),
            PeakRate = config.LearningRate,
            ClipNorm = config.GradientClip,
            CheckpointEvery = config.CheckpointEvery,
            CheckpointMinutes = config.CheckpointMinutes,
            StallMinutes = config.StallMinutes,
            EarlyStop = config.Patience,
            Metrics = new MetricNames("cc", "learning_rate", "gradient_norm"),
            EmptyEpoch = "Caption-contrastive training has no batch: set cc_finetune.batch_size to at most the number of images.",
            NotFiniteRemedy = "Lower cc_finetune.learning_rate or scale, and check the teacher with `llm2clip eval captions`.",
        };
    }

    /// <summary>
    /// Writes the teacher of the current weights into a folder beside the checkpoint's; null = a checkpoint is no teacher.
    /// </summary>
    public Action<string>? SaveTeacher { get; init; }

    /// <summary>What a checkpoint keeps of the task besides tensors.</summary>
    private sealed record Notes(double LossSum, IReadOnlyList<CcEvaluation> History);

    /// <inheritdoc/>
    public TrainingPlan Plan { get; }

    /// <inheritdoc/>
    public TrainedWeights Weights => _step.Weights;

    /// <summary>The evaluations so far, in order.</summary>
    public IReadOnlyList<CcEvaluation> History => _history;

    /// <summary>Mean loss of the last epoch.</summary>
    public double FinalLoss => _lossSum / _batches.Pairs.PerEpoch;

    /// <summary>The checkpoint of a run with this output folder.</summary>
    public static string CheckpointOf(string output) => Path.Combine(output, TeacherFolder.CheckpointName);

    /// <summary>Epochs that so many steps are.</summary>
    public int EpochsOf(long steps) => (int)(steps / _batches.Pairs.PerEpoch);

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> Epoch(int epoch, long done, CancellationToken cancellation)
    {
        if (_config.HardNegatives > 0 && done == 0 && (_mined is null || epoch % _config.MineEvery == 0))
        {
            _mining = true;
            _mined = HardNegatives.Mine(
                _images, _config.HardNegatives, _config.MinePool, _step.MiningSeed(epoch), _step.Embed, cancellation);
            _mining = false;
        }
        var index = done;
        foreach (var batch in _batches.Pairs.Epoch(epoch, _mined is null ? null : _mined.Of).Skip((int)done))
        {
            var first = index == 0;
            yield return new TrainingBatch(index, batch.Images, step => Backward(batch, step, first));
            index++;
        }
    }

    /// <inheritdoc/>
    public Activity Activity(TrainPart part) => new(
        _step.Done, part == TrainPart.Data && _mining ? "hard negatives are being searched for" : null);

    /// <inheritdoc/>
    public bool EvaluatesAfter(long steps) => steps % _batches.Pairs.PerEpoch == 0 && EpochsOf(steps) % _config.EvaluateEvery == 0;

    /// <inheritdoc/>
    public TrainingScore? Evaluate(long steps, CancellationToken cancellation)
    {
        var found = _evaluate(EpochsOf(steps));
        _history.Add(found);
        var recalls = found.Rows.SelectMany(row => row.Scores.Select(score =>
        {
            var pair = $"{score.From}->{score.To}{(row.OwnMeans.Count > 0 ? " own mean" : "")}";
            var (first, ten) = (100 * score.Recall.RecallAt1, 100 * score.Recall.RecallAt10);
            return string.Create(CultureInfo.InvariantCulture, $"{pair} {first:f1} / {ten:f1} %");
        }));
        var culture = CultureInfo.InvariantCulture;
        List<string> parts = [];
        if (found.Epoch > 0)
        {
            parts.Add(string.Create(culture, $"loss {FinalLoss:0.000}"));
        }
        if (found.Criterion is { } chosen)
        {
            parts.Add(string.Create(culture, $"criterion {100 * chosen:0.0} %"));
        }
        var all = recalls.ToList();
        if (all.Count > 0)
        {
            parts.Add($"R@1 / R@10 {all[0]}");
        }
        return new TrainingScore(
            found.Criterion, $"Epoch {found.Epoch} of {_config.Epochs}: {(parts.Count > 0 ? string.Join(", ", parts) : "before training")}",
            all.Count > 1 ? $"Epoch {found.Epoch}: R@1 / R@10 {string.Join(", ", all)}" : null);
    }

    /// <inheritdoc/>
    public void KeepBest() => _best.Keep();

    /// <summary>Puts the kept weights in place and returns the epochs after which they were trained.</summary>
    public int Finish(TrainState state)
    {
        if (_config.Selection == CcSelection.Last)
        {
            return EpochsOf(state.Step);
        }
        _best.Restore();
        return EpochsOf(state.BestStep);
    }

    /// <summary>Writes the teacher that <see cref="Finish"/> would give now.</summary>
    public void Describe(string folder)
    {
        using var best = _config.Selection == CcSelection.Last ? null : _best.Applied();
        SaveTeacher?.Invoke(folder);
    }

    /// <inheritdoc/>
    public CheckpointExtras Extras()
    {
        var tensors = new Dictionary<string, Tensor> { [BestName] = _best.Values };
        if (_config.HardNegatives > 0)
        {
            tensors.Add(NegativesName, _mined?.ToTable() ?? Scalars.Filled([_images.Count, _config.HardNegatives], -1, ScalarType.Int32));
        }
        return new CheckpointExtras(tensors, JsonSerializer.SerializeToNode(new Notes(_lossSum, _history), Json.File));
    }

    /// <inheritdoc/>
    public void Resume(TrainState state, CheckpointExtras? extras)
    {
        var notes = ReadNotes(extras!.Notes);
        var perEpoch = _batches.Pairs.PerEpoch;
        if (state.Batch > perEpoch || state.Step != (state.Epoch * (long)perEpoch) + state.Batch
            || state.BestStep > state.Step || state.BestStep % perEpoch != 0)
        {
            throw Plan.Damaged(
                $"step {state.Step}, epoch {state.Epoch}, batch {state.Batch} and best step {state.BestStep} contradict each other "
                + $"with {perEpoch} batches per epoch");
        }
        if (_config.HardNegatives > 0)
        {
            _mined = HardNegatives.FromTable(extras.Tensors[NegativesName], _images.Captions)
                ?? throw Plan.Damaged($"{NegativesName} holds numbers that are no caption's");
        }
        _lossSum = notes.LossSum;
        _history.AddRange(notes.History);
    }

    /// <summary>Frees the copy of the best weights.</summary>
    public void Dispose() => _best.Dispose();

    private double Backward(CcBatch batch, long step, bool firstOfEpoch)
    {
        var loss = _step.Backward(batch, _images, step);
        _lossSum = firstOfEpoch ? loss : _lossSum + loss;
        return loss;
    }

    private Notes ReadNotes(JsonNode? json) =>
        EvaluationNotes.Read<Notes>(json, Plan, notes => notes.History.Select(evaluation => evaluation?.Rows));
}
