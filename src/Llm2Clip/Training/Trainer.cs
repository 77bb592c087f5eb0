using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;

namespace Llm2Clip.Training;

/// <summary>
/// The training loop of both stages: steps until the budget is spent, checkpoints, evaluations, early stop. What is trained is the
/// task's. A run resumes from its checkpoint, where there is one.
/// </summary>
internal sealed class Trainer
{
    private readonly ITrainingTask _task;
    private readonly TrainingPlan _plan;
    private readonly TrainedWeights _weights;
    private readonly IRunLog _log;
    private readonly IMetricsSink _metrics;
    private readonly TrainClock _parts = new(TimeProvider.System);
    private readonly TrainMeter _meter;
    private readonly CheckpointKeeper _checkpoints;
    private readonly Stopwatch _clock = new();
    private TrainState _state = new();
    private double _secondsBefore;

    private Trainer(ITrainingTask task, IRunLog log, IMetricsSink metrics)
    {
        (_task, _plan, _weights, _log, _metrics) = (task, task.Plan, task.Weights, log, metrics);
        _meter = new TrainMeter(log, metrics, _plan, _parts);
        _checkpoints = new CheckpointKeeper(task, TimeProvider.System);
    }

    private double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

    private bool Done => HasDropped || StoppedEarly || _plan.Budget.Progress(_state.Step, Seconds) >= 1;

    /// <summary>Whether more was lost than is allowed, at the last evaluation. Rounding counts for nothing.</summary>
    private bool HasDropped => _plan.MaxDrop is { } most && _state.Retained is { } retained
        && retained.AtStart - retained.Now > most + 1e-9;

    private TrainingEnd End => HasDropped ? TrainingEnd.Retention : StoppedEarly ? TrainingEnd.EarlyStop : TrainingEnd.Budget;

    private bool StoppedEarly => _plan.EarlyStop > 0 && _state.EvaluationsSinceBest >= _plan.EarlyStop;

    /// <summary>Trains until the budget is spent; a checkpoint of the end is saved.</summary>
    /// <param name="task">What is trained.</param>
    /// <param name="log">Tells the user.</param>
    /// <param name="metrics">Takes the numbers.</param>
    /// <param name="ready">Called after resuming and before the first step: throws where an evaluation could not work.</param>
    /// <param name="cancellation">Stops after the current step, with a checkpoint.</param>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was saved.</exception>
    /// <exception cref="ConfigException">The checkpoint there belongs to other settings.</exception>
    /// <exception cref="RunException">
    /// Loss or gradient became non-finite; the optimizer did not move and the last checkpoint is kept.
    /// </exception>
    public static TrainingResult Run(
        ITrainingTask task, IRunLog log, IMetricsSink metrics, Action<CancellationToken>? ready, CancellationToken cancellation)
    {
        var trainer = new Trainer(task, log, metrics);
        trainer.WarnOfWarmup();
        trainer.Resume();
        ready?.Invoke(cancellation);
        trainer.Train(cancellation);
        return new TrainingResult(trainer._state with { Seconds = trainer.Seconds }, trainer.End);
    }

    private void WarnOfWarmup()
    {
        var (warmup, steps) = (_plan.Schedule.WarmupSteps, _plan.Budget.Steps);
        if (steps > 0 && warmup >= steps)
        {
            _log.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"The run's {steps:N0} steps are all warm-up: lower warmup_steps, {warmup:N0}, or train longer."));
        }
    }

    private void Resume()
    {
        if (_checkpoints.Resume(_log) is { } state)
        {
            (_state, _secondsBefore) = (WithBudget(state), state.Seconds);
            _metrics.StartAfter(state.Step);
            _log.Info(Done
                ? $"Already complete at step {state.Step}: "
                    + End switch
                    {
                        TrainingEnd.EarlyStop => "it stopped early.",
                        TrainingEnd.Retention => "it lost too much. Raise clip_train.retention.max_drop to train on.",
                        _ => "the budget is spent. Raise it to train on.",
                    }
                : $"Resumed at step {state.Step}, epoch {state.Epoch + 1}, batch {state.Batch}.");
            _log.Detail($"The checkpoint is {_plan.Checkpoint}.");
        }
        else
        {
            _metrics.StartAfter(-1);
        }
    }

    /// <summary>A position in a run whose budget may have grown since: the warm-up took another share of this one.</summary>
    private TrainState WithBudget(TrainState state) => _plan.Budget.Seconds > 0
        ? state
        : state with { ProgressAtWarmup = _plan.Budget.Progress(Math.Min(state.Step, _plan.Schedule.WarmupSteps), 0) };

    private void Train(CancellationToken cancellation)
    {
        var start = _state;
        _clock.Start();
        using var watchdog = new Watchdog(TimeSpan.FromMinutes(_plan.StallMinutes), Look, _log, TimeProvider.System);
        MeasureStart(cancellation);
        // Before the first step, and where a run was stopped during an evaluation.
        if (_task.EvaluatesAfter(_state.Step) && _state.EvaluatedAt != _state.Step)
        {
            Evaluate(cancellation);
        }
        using var progress = Done ? SilentLog.Instance : _log.Start(_plan.Title, _plan.Budget.Steps, "steps");
        progress.Advance(_state.Step);
        try
        {
            while (!Done)
            {
                TrainEpoch(progress, cancellation);
            }
            if (_state.EvaluatedAt != _state.Step)
            {
                Evaluate(cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            SaveLast();
            _log.Info($"Stopped at step {_state.Step}; the same command resumes from {_plan.Checkpoint}.");
            throw;
        }
        if (_state != start || _state.Step == 0)
        {
            SaveLast();
        }
    }

    /// <summary>What is watched, of the weights that the run starts with. It is part of every checkpoint.</summary>
    private void MeasureStart(CancellationToken cancellation)
    {
        if (_state.Retained is not null || _state.Step > 0)
        {
            return;
        }
        _parts.Enter(TrainPart.Evaluation);
        if (_task.Retained(cancellation) is { } share)
        {
            _state = _state with { Retained = new RetainedShares(share, share, 0) };
            if (_plan.MaxDrop is not null)
            {
                _task.KeepPermitted(isStart: true);
            }
        }
    }

    /// <summary>What the run is at, for the watchdog's thread.</summary>
    private Activity Look()
    {
        var part = _parts.Part;
        var task = _task.Activity(part);
        var what = task.Doing ?? part switch
        {
            TrainPart.Data => "the run waits for the next batch",
            TrainPart.Compute => "loss and gradient of a batch are being computed",
            TrainPart.Optimizer => "the weights are being moved",
            TrainPart.Evaluation => "an evaluation is under way",
            _ => $"a checkpoint is being written to {_plan.Checkpoint}",
        };
        return new Activity(_parts.Changes + task.Done, string.Create(CultureInfo.InvariantCulture, $"after step {_state.Step:N0} {what}"));
    }

    private void TrainEpoch(IProgressTask progress, CancellationToken cancellation)
    {
        var trained = false;
        _parts.Enter(TrainPart.Data);
        foreach (var batch in _task.Epoch(_state.Epoch, _state.Batch, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
            TrainBatch(batch);
            trained = true;
            progress.Advance(1, string.Create(CultureInfo.InvariantCulture, $"loss {_state.LastLoss:0.000}"));
            AfterStep(cancellation);
            if (Done)
            {
                return;
            }
            _parts.Enter(TrainPart.Data);
        }
        if (!trained && _state.Batch == 0)
        {
            throw new InputException(_plan.EmptyEpoch);
        }
        _state = _state with { Epoch = _state.Epoch + 1, Batch = 0 };
    }

    private void TrainBatch(TrainingBatch batch)
    {
        var progress = _plan.Budget.Progress(_state.Step, Seconds);
        if (_state.Step <= _plan.Schedule.WarmupSteps)
        {
            _state = _state with { ProgressAtWarmup = progress };
        }
        var factor = _plan.Schedule.Factor(_state.Step, progress, _state.ProgressAtWarmup);
        _parts.Enter(TrainPart.Compute);
        _weights.Parameters.ZeroGradients();
        var loss = batch.Backward(_state.Step);
        _parts.Enter(TrainPart.Optimizer);
        var norm = double.IsFinite(loss) ? _weights.Parameters.GradientNorm() : double.NaN;
        RequireFinite(batch, loss, norm);
        _weights.Optimizer.Step(factor, FlatAdamW.ClipScale(norm, _plan.ClipNorm));
        var numbers = _task.AfterUpdate();
        _weights.Average?.Update(_weights.Optimizer.Steps);

        _state = _state with
        {
            LastLoss = loss,
            Step = _state.Step + 1,
            Batch = batch.Index + 1,
            SamplesSeen = _state.SamplesSeen + batch.Images,
            Seconds = Seconds,
        };
        _meter.Step(_state, batch.Images, loss, norm, factor * _plan.PeakRate, numbers);
    }

    private void RequireFinite(TrainingBatch batch, double loss, double norm)
    {
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw NotFinite.Error(_plan, _state, batch, loss, _log);
        }
    }

    private void AfterStep(CancellationToken cancellation)
    {
        if (_task.EvaluatesAfter(_state.Step))
        {
            Evaluate(cancellation);
            SaveLast();
        }
        else if (_checkpoints.IsDue(_state.Step))
        {
            SaveLast();
        }
    }

    private void Evaluate(CancellationToken cancellation)
    {
        bool better;
        _parts.Enter(TrainPart.Evaluation);
        using (_weights.Average?.Applied())
        {
            if (_task.Evaluate(_state.Step, cancellation) is not { } found)
            {
                return;
            }
            if (_state.Retained is { } retained && found.Retained is { } now)
            {
                _state = _state with { Retained = retained with { Now = now } };
            }
            better = !HasDropped && found.Score is { } score && (_state.BestScore is not { } best || score > best);
            _log.Info(found.Summary + (better ? ", best so far" : ""));
            if (found.Details is { } details)
            {
                _log.Detail(details);
            }
            _state = _state with { EvaluatedAt = _state.Step };
            if (found.Score is not null)
            {
                _state = better
                    ? _state with { BestScore = found.Score, BestStep = _state.Step, EvaluationsSinceBest = 0 }
                    : _state with { EvaluationsSinceBest = _state.EvaluationsSinceBest + 1 };
            }
            if (better)
            {
                _parts.Enter(TrainPart.Checkpoint);
                _task.KeepBest();
            }
            if (_plan.MaxDrop is not null && !HasDropped && _state.Retained is { } permitted)
            {
                _parts.Enter(TrainPart.Checkpoint);
                _state = _state with { Retained = permitted with { PermittedAt = _state.Step } };
                _task.KeepPermitted(isStart: false);
            }
        }
        if (better)
        {
            _checkpoints.SaveBest(_state with { Seconds = Seconds });
        }
        if (HasDropped)
        {
            _log.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"Stopping at step {_state.Step:N0}: of {100 * _state.Retained!.AtStart:0.0} % before training {_state.Retained.Drop:0.0} "
                + $"points are lost, more than the {100 * _plan.MaxDrop:0.###} of clip_train.retention.max_drop."));
        }
        else if (StoppedEarly)
        {
            _log.Info(
                $"Stopping early: {_state.EvaluationsSinceBest} evaluations without a better score; "
                + $"the best was at step {_state.BestStep}.");
        }
    }

    private void SaveLast()
    {
        _parts.Enter(TrainPart.Checkpoint);
        _checkpoints.SaveLast(_state with { Seconds = Seconds });
    }
}
