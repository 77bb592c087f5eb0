using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage2;

/// <summary>What a training run works on. The caller owns and disposes all of it.</summary>
public sealed record ClipTrainInputs
{
    /// <summary>The student, new or started from a checkpoint; trained in place.</summary>
    public required Student Student { get; init; }

    /// <summary>The run's settings.</summary>
    public required ClipTrainConfig Config { get; init; }

    /// <summary>Training pictures with their captions.</summary>
    public required ITrainingBatches Batches { get; init; }

    /// <summary>Teacher vectors of the training captions.</summary>
    public required ICaptionVectors Vectors { get; init; }

    /// <summary>Where checkpoints and the model go.</summary>
    public required string Output { get; init; }

    /// <summary>Evaluates on held-out pictures; null = the last weights are the result.</summary>
    public IStudentEvaluator? Evaluator { get; init; }

    /// <summary>
    /// Further settings that a resumed run must share, such as the data pattern and the model section, by name. The training
    /// section is added here.
    /// </summary>
    public IReadOnlyDictionary<string, string> Identity { get; init; } = new Dictionary<string, string>();

    /// <summary>Tells the user.</summary>
    public IRunLog Log { get; init; } = SilentLog.Instance;

    /// <summary>Takes the numbers.</summary>
    public IMetricsSink Metrics { get; init; } = NoMetrics.Instance;
}

/// <summary>How a run ended.</summary>
/// <param name="State">Last position.</param>
/// <param name="ModelFolder">The exported model: the best by score, or the last where nothing was evaluated.</param>
/// <param name="LastLoss">Loss of the last step.</param>
public sealed record ClipTrainResult(TrainState State, string ModelFolder, double LastLoss);

/// <summary>
/// Trains the student (stage 2): contrastive loss between pictures and the teacher's caption vectors. The output folder holds
/// <c>checkpoints/last</c> (resumed from where it is there), <c>checkpoints/best</c> and <c>model</c>.
/// </summary>
public sealed class ClipTrainer : IDisposable
{
    private readonly ClipTrainInputs _in;
    private readonly ClipTrainStep _step;
    private readonly FlatParameters _parameters;
    private readonly FlatAdamW _optimizer;
    private readonly WeightAverage? _average;
    private readonly RateSchedule _schedule;
    private readonly TrainBudget _budget;
    private readonly IReadOnlyDictionary<string, string> _identity;
    private readonly Stopwatch _clock = new();
    private readonly TrainMeter _meter;
    private TrainState _state = new();
    private double _secondsBefore;
    private double _lastLoss = double.NaN;

    private ClipTrainer(ClipTrainInputs inputs, CancellationToken ct)
    {
        var (config, student) = (inputs.Config, inputs.Student);
        _in = inputs;
        _step = new ClipTrainStep(student, config, inputs.Vectors);
        var named = student.NamedParameters();
        var rates = new GroupOptions(
            config.LearningRate, config.TextLearningRate ?? config.LearningRate, config.ScaleLearningRate ?? config.LearningRate,
            config.WeightDecay, config.LayerDecay);
        var groups = ParameterGroups.Build(
            named.Select(p => (p.Name, p.Parameter.shape.Length)), student.ImageEncoder.Layers, rates, LayerNaming.Of(student.ImageEncoder));
        _parameters = new FlatParameters(named, groups);
        _optimizer = new FlatAdamW(_parameters, new AdamWOptions(config.Beta1, config.Beta2, config.Epsilon));
        _average = config.AverageDecay > 0 ? new WeightAverage(_parameters, config.AverageDecay) : null;
        _schedule = new RateSchedule(config.Schedule, config.WarmupSteps, config.FinalRate);
        _budget = TrainBudget.Of(config, () => inputs.Batches.BatchesPerEpoch(ct));
        _identity = RunIdentity.Of(config, inputs.Identity, inputs.Vectors.Fingerprint);
        _meter = new TrainMeter(inputs.Log, inputs.Metrics, config.LogEvery);
        LogGroups();
    }

    private string LastFolder => Path.Combine(_in.Output, "checkpoints", "last");

    private string BestFolder => Path.Combine(_in.Output, "checkpoints", "best");

    private string ModelFolder => Path.Combine(_in.Output, "model");

    private double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

    /// <summary>
    /// Trains until the budget is spent, resuming from the output folder's last checkpoint where there is one.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was saved.</exception>
    /// <exception cref="ConfigException">The checkpoint there belongs to other settings.</exception>
    /// <exception cref="RunException">Loss or gradient became non-finite; the optimizer did not move and the last checkpoint is kept.</exception>
    public static ClipTrainResult Run(ClipTrainInputs inputs, CancellationToken ct = default)
    {
        using var trainer = new ClipTrainer(inputs, ct);
        trainer.Resume();
        inputs.Evaluator?.Check(ct);
        return trainer.Train(ct);
    }

    /// <summary>Frees buffers of the optimizer; the student keeps its weights.</summary>
    public void Dispose()
    {
        _optimizer.Dispose();
        _average?.Dispose();
        // The student's parameters are views of the flat buffers, which live as long as the views do.
        _parameters.Dispose();
    }

    private void Resume()
    {
        foreach (var folder in new[] { LastFolder, BestFolder, ModelFolder })
        {
            AtomicFolder.Recover(folder);
        }
        if (Checkpoint.Load(LastFolder, _identity, _parameters, _optimizer, _average) is { } state)
        {
            (_state, _secondsBefore) = (state, state.Seconds);
            _in.Metrics.StartAfter(state.Step);
            _in.Log.Info($"Resumed at step {state.Step}, epoch {state.Epoch + 1}, batch {state.Batch} from {LastFolder}.");
        }
        else
        {
            _in.Metrics.StartAfter(-1);
        }
    }

    private ClipTrainResult Train(CancellationToken ct)
    {
        _clock.Start();
        using var progress = _in.Log.Start("clip-train", _budget.Steps, "steps");
        progress.Advance(_state.Step);
        try
        {
            while (!Done)
            {
                TrainEpoch(progress, ct);
            }
        }
        catch (OperationCanceledException)
        {
            SaveLast();
            _in.Log.Info($"Stopped at step {_state.Step}; the same command goes on from {LastFolder}.");
            throw;
        }
        Finish(ct);
        return new ClipTrainResult(_state, ModelFolder, _lastLoss);
    }

    private bool Done => StoppedEarly || _budget.Progress(_state.Step, Seconds) >= 1;

    private bool StoppedEarly => _in.Config.EarlyStop > 0 && _state.EvaluationsSinceBest >= _in.Config.EarlyStop;

    private void TrainEpoch(IProgressTask progress, CancellationToken ct)
    {
        var trained = false;
        _meter.DataStarts();
        foreach (var batch in _in.Batches.Epoch(_state.Epoch, _state.Batch, ct))
        {
            using (batch)
            {
                ct.ThrowIfCancellationRequested();
                _meter.StepStarts();
                TrainBatch(batch);
                trained = true;
                progress.Advance(1, string.Create(CultureInfo.InvariantCulture, $"loss {_lastLoss:0.000}"));
            }
            AfterStep(ct);
            if (Done)
            {
                return;
            }
            _meter.DataStarts();
        }
        if (!trained && _state.Batch == 0)
        {
            throw new InputException(
                $"An epoch gave no full batch of {_in.Config.BatchSize} pictures. Check the data pattern, or set clip_train.batch_size to at most the number of pictures.");
        }
        _state = _state with { Epoch = _state.Epoch + 1, Batch = 0 };
    }

    private void TrainBatch(SampleBatch batch)
    {
        var progress = _budget.Progress(_state.Step, Seconds);
        if (_state.Step <= _in.Config.WarmupSteps)
        {
            _state = _state with { ProgressAtWarmup = progress };
        }
        var factor = _schedule.Factor(_state.Step, progress, _state.ProgressAtWarmup);
        _parameters.ZeroGradients();
        var loss = _step.Backward(batch, _state.Epoch, _state.Step);
        var norm = double.IsFinite(loss) ? _parameters.GradientNorm() : double.NaN;
        RequireFinite(loss, norm);
        _optimizer.Step(factor, FlatAdamW.ClipScale(norm, _in.Config.ClipNorm));
        var scale = ClampScale();
        _average?.Update(_optimizer.Steps);

        _lastLoss = loss;
        _state = _state with { Step = _state.Step + 1, Batch = batch.Index + 1, SamplesSeen = _state.SamplesSeen + batch.Count, Seconds = Seconds };
        _meter.Step(_state.Step, batch.Count, loss, norm, scale, factor * _in.Config.LearningRate);
    }

    private void RequireFinite(double loss, double norm)
    {
        if (double.IsFinite(loss) && double.IsFinite(norm))
        {
            return;
        }
        var what = double.IsFinite(loss) ? "The gradient" : $"The loss ({loss})";
        throw new RunException(
            $"{what} is not finite at step {_state.Step} (epoch {_state.Epoch + 1}, batch {_state.Batch}). Nothing was changed by it; "
            + (AtomicFolder.Find(LastFolder) is { } kept ? $"the checkpoint {kept} is kept. " : "there is no checkpoint yet. ")
            + "Lower clip_train.learning_rate, raise warmup_steps, or set precision: fp32.");
    }

    /// <summary>Keeps logit_scale in [0, ln 100] (facts B4) and returns it.</summary>
    private double ClampScale()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        _in.Student.LogitScale.ClampTo(0, Student.MaxLogitScale);
        return _in.Student.LogitScale.cpu().item<float>();
    }

    private void AfterStep(CancellationToken ct)
    {
        var config = _in.Config;
        if (config.EvalEvery > 0 && _state.Step % config.EvalEvery == 0)
        {
            Evaluate(ct);
            SaveLast();
        }
        else if (config.CheckpointEvery > 0 && _state.Step % config.CheckpointEvery == 0)
        {
            SaveLast();
        }
    }

    private void Evaluate(CancellationToken ct)
    {
        if (_in.Evaluator is null)
        {
            return;
        }
        bool better;
        using (_average?.Applied())
        {
            var score = _in.Evaluator.Evaluate(_in.Student, ct);
            foreach (var (tag, value) in score.Metrics)
            {
                _in.Metrics.Scalar(tag, _state.Step, value);
            }
            better = _state.BestScore is not { } best || score.Score > best;
            _in.Log.Info(string.Create(
                CultureInfo.InvariantCulture, $"step {_state.Step}: {score.ScoreName} {100 * score.Score:0.00} %{(better ? ", best so far" : "")}"));
            _state = better
                ? _state with { BestScore = score.Score, BestStep = _state.Step, EvaluationsSinceBest = 0 }
                : _state with { EvaluationsSinceBest = _state.EvaluationsSinceBest + 1 };
            if (better && _in.Config.Keep == KeptWeights.Best)
            {
                ExportModel();
            }
        }
        if (better)
        {
            Checkpoint.Save(BestFolder, _state with { Seconds = Seconds }, _identity, _parameters, _optimizer, _average);
        }
        else if (StoppedEarly)
        {
            _in.Log.Info($"Stopping early: {_state.EvaluationsSinceBest} evaluations without a better score; the best was at step {_state.BestStep}.");
        }
    }

    private void Finish(CancellationToken ct)
    {
        if (_in.Evaluator is not null && !(_in.Config.EvalEvery > 0 && _state.Step % _in.Config.EvalEvery == 0))
        {
            Evaluate(ct);
        }
        SaveLast();
        if (_in.Evaluator is null || _in.Config.Keep == KeptWeights.Last)
        {
            using var averaged = _average?.Applied();
            ExportModel();
        }
        _in.Log.Info($"Trained {_state.Step} steps on {_state.SamplesSeen} pictures in {Seconds / 60:0.0} minutes; the model is in {ModelFolder}.");
    }

    private void ExportModel()
    {
        _in.Student.TeacherFingerprint = _in.Vectors.Fingerprint;
        AtomicFolder.Replace(ModelFolder, _in.Student.Save);
    }

    private void SaveLast() => Checkpoint.Save(LastFolder, _state with { Seconds = Seconds }, _identity, _parameters, _optimizer, _average);

    private void LogGroups()
    {
        foreach (var range in _parameters.Ranges)
        {
            _in.Log.Info(string.Create(
                CultureInfo.InvariantCulture,
                $"group {range.Group.Name}: {range.Group.Parameters.Count} tensors, {range.Length:N0} weights, peak rate {range.Group.Rate:g4}, decay {range.Group.WeightDecay:g4}"));
        }
        var total = _in.Student.NamedParameters().Count;
        _in.Log.Info(string.Create(CultureInfo.InvariantCulture, $"{total} tensors, {_parameters.Values.numel():N0} weights, each in one group; computing on {_in.Student.Device} in {_in.Config.Precision}"));
    }
}
