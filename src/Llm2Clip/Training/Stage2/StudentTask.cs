using System.Globalization;
using System.Text.Json.Nodes;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage2;

/// <summary>Stage 2 for the <see cref="Trainer"/>: a student on images and teacher vectors, evaluated by retrieval.</summary>
internal sealed class StudentTask : ITrainingTask, IDisposable
{
    /// <summary>What the loss learned, beside the exported model.</summary>
    private const string LossWeights = "loss.safetensors";

    private readonly ClipTrainInputs _in;
    private readonly IContrastiveLoss _loss;
    private readonly TextQueue? _queue;
    private readonly ClipTrainStep _step;
    private double _lastLoss = double.NaN; // of a step of this process

    public StudentTask(ClipTrainInputs inputs, CancellationToken cancellation)
    {
        _in = inputs;
        var (config, student) = (inputs.Config, inputs.Student);
        student.TeacherFingerprint = inputs.Vectors.Fingerprint;
        _loss = config.CreateLoss(student.Device);
        if (config.Init.Length > 0 && _loss.Parameters.Count > 0)
        {
            StartLoss(config.Init);
        }
        _queue = config.TextQueue == 0 ? null
            : new TextQueue(
                inputs.TextPool ?? throw new ArgumentException("clip_train.text_queue needs a pool of captions.", nameof(inputs)),
                config, inputs.Sampler, student.TextAdapter);
        _step = new ClipTrainStep(student, config, inputs.Vectors, inputs.Sampler, _loss, inputs.Original, _queue);
        var (named, frozen) = Locked(student, config.UnlockedBlocks);
        named = [.. named, .. _loss.Parameters];
        var groups = ParameterGroups.Build(
            named.Select(p => (p.Name, p.Parameter.shape.Length)), GroupOptions.Of(config), LayerNaming.Of(student.ImageEncoder));
        Weights = new TrainedWeights(
            named, groups, new AdamWOptions(config.Beta1, config.Beta2, config.Epsilon), config.AverageDecay, frozen)
        {
            Buffers = student.NamedBuffers(),
        };
        Plan = PlanOf(inputs, cancellation);
        Weights.Describe(inputs.Log, "Student", config.Precision);
    }

    /// <inheritdoc/>
    public TrainingPlan Plan { get; }

    /// <inheritdoc/>
    public TrainedWeights Weights { get; }

    /// <summary>Where the model is exported to.</summary>
    public string ModelFolder => Path.Combine(_in.Output, StudentFolder.ModelName);

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> Epoch(int epoch, long done, CancellationToken cancellation) => ImageTraining.Epoch(
        _in.Batches, epoch, done, (batch, step) => _lastLoss = _step.Backward(batch, epoch, step, cancellation), cancellation);

    /// <inheritdoc/>
    public Activity Activity(TrainPart part) =>
        ImageTraining.Activity(part, _in.Batches.Activity, _step.Activity, _in.Evaluator?.Activity ?? default);

    /// <summary>Keeps logit_scale in [0, ln 100] (facts B4) and returns it, with the terms of the loss.</summary>
    public IReadOnlyList<(string Name, double Value)> AfterUpdate()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        _in.Student.LogitScale.ClampTo(0, Student.MaxLogitScale);
        return [("logit_scale", _in.Student.LogitScale.cpu().item<float>()), .. _step.Terms];
    }

    /// <inheritdoc/>
    public bool EvaluatesAfter(long steps) =>
        (_in.Evaluator is not null || _in.Watch is not null) && _in.Config.EvalEvery > 0 && steps > 0 && steps % _in.Config.EvalEvery == 0;

    /// <inheritdoc/>
    public TrainingScore? Evaluate(long steps, CancellationToken cancellation)
    {
        var retained = Measure(steps, cancellation);
        var watched = retained is { } share ? string.Create(CultureInfo.InvariantCulture, $"retained {100 * share:0.0} %") : null;
        var loss = double.IsNaN(_lastLoss) ? "" : string.Create(CultureInfo.InvariantCulture, $"loss {_lastLoss:0.000}, ");
        if (_in.Evaluator is null)
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"step {steps:N0}: {loss}{watched}");
            return watched is null ? null : new TrainingScore(null, line) { Retained = retained };
        }
        var score = _in.Evaluator.Evaluate(_in.Student, cancellation);
        foreach (var (tag, value) in score.Metrics)
        {
            _in.Metrics.Scalar(tag, steps, value);
        }
        var held = HeldOutLoss(score.Pairs);
        if (held is { } heldOut)
        {
            _in.Metrics.Scalar("val/loss", steps, heldOut);
        }
        var summary = string.Create(CultureInfo.InvariantCulture, $"step {steps:N0}: {loss}{score.ScoreName} {100 * score.Score:0.0} %")
            + (watched is null ? "" : ", " + watched);
        var details = held is { } ofVal ? string.Create(CultureInfo.InvariantCulture, $"step {steps:N0}: val loss {ofVal:0.000}") : null;
        return new TrainingScore(score.Score, summary, details) { Retained = retained };
    }

    /// <inheritdoc/>
    public double? Retained(CancellationToken cancellation)
    {
        if (_in.Watch is { } watch)
        {
            var share = Measure(0, cancellation);
            _in.Log.Info(string.Create(CultureInfo.InvariantCulture, $"Retention, before training: {100 * share:0.0} % ({watch.Name})."));
            return share;
        }
        return null;
    }

    private double? Measure(long steps, CancellationToken cancellation)
    {
        var share = _in.Watch?.Top1(_in.Student, cancellation);
        if (share is { } found)
        {
            _in.Metrics.Scalar("val/retained %", steps, 100 * found);
        }
        return share;
    }

    /// <inheritdoc/>
    public void KeepBest()
    {
        if (_in.Config.Keep == KeptWeights.Best)
        {
            ExportModel();
        }
    }

    /// <summary>
    /// Writes the model where no evaluation with a better score will: where the last weights count, and at the start, so that there is one.
    /// </summary>
    public void KeepPermitted(bool isStart)
    {
        if (isStart || _in.Evaluator is null || _in.Config.Keep == KeptWeights.Last)
        {
            ExportModel();
        }
    }

    /// <summary>Writes the student's configurations: with the weights of the checkpoint they are a student that opens.</summary>
    public void Describe(string folder) => _in.Student.SaveSettings(Path.Combine(folder, StudentFolder.ModelName));

    /// <summary>Writes the model of the current weights.</summary>
    public void ExportModel()
    {
        AtomicFolder.Replace(ModelFolder, folder =>
        {
            _in.Student.Save(folder);
            if (_loss.Parameters.Count > 0)
            {
                var parts = _loss.Parameters.ToDictionary(p => p.Name, p => (Tensor)p.Parameter);
                Safetensors.Save(Path.Combine(folder, LossWeights), parts);
            }
        });
    }

    /// <summary>Frees what the optimizer keeps, and the loss; the student keeps its weights.</summary>
    public void Dispose()
    {
        Weights.Dispose();
        _loss.Dispose();
        _queue?.Dispose();
    }

    /// <summary>The queue's features, and how far several data sets were drawn.</summary>
    public CheckpointExtras? Extras()
    {
        var notes = DataPositions.Notes(_in.Batches);
        return _queue is null && notes is null
            ? null
            : new CheckpointExtras(_queue?.Tensors() ?? new Dictionary<string, Tensor>(), notes ?? new JsonArray());
    }

    /// <inheritdoc/>
    public void Resume(TrainState state, CheckpointExtras? extras)
    {
        _queue?.Resume(state.Step);
        DataPositions.StartFrom(_in.Batches, extras?.Notes, Plan);
    }

    /// <summary>Parameters that train, and those that are locked, which ask for no gradient from then on.</summary>
    private static (IReadOnlyList<(string Name, Parameter Parameter)> Trained, IReadOnlyList<(string Name, Parameter Parameter)> Frozen)
        Locked(Student student, int? unlockedBlocks)
    {
        Locking.RequireFit(student, unlockedBlocks);
        var all = student.NamedParameters().ToLookup(
            p => p.Parameter.requires_grad && Locking.Trains(student, p.Name, unlockedBlocks));
        foreach (var (_, parameter) in all[false])
        {
            parameter.requires_grad = false;
        }
        return ([.. all[true]], [.. all[false]]);
    }

    /// <summary>Takes what the loss had learned beside the student that training starts from, where it learned the same.</summary>
    private void StartLoss(string init)
    {
        var found = StudentFolder.Find(init);
        var path = found.Checkpoint is { } checkpoint
            ? Path.Combine(checkpoint, StudentFolder.WeightsName)
            : Path.Combine(found.Settings, LossWeights);
        if (!File.Exists(path))
        {
            return;
        }
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        foreach (var (name, parameter) in _loss.Parameters)
        {
            if (file.Contains(name) && file.Info(name).Shape.SequenceEqual(parameter.shape))
            {
                parameter.copy_(file.Load(name, ScalarType.Float32));
            }
        }
    }

    /// <summary>The loss of what an evaluation encoded, the mean over its languages; null where it tells nothing of it.</summary>
    private double? HeldOutLoss(IReadOnlyList<ScoredPairs> pairs) => pairs.Count == 0
        ? null
        : pairs.Average(one => ValidationLoss.Of(
            _loss, _in.Student.LogitScale, one, _in.Config.BatchSize, _in.Config.CaptionsPerImage));

    private static TrainingPlan PlanOf(ClipTrainInputs inputs, CancellationToken cancellation)
    {
        var config = inputs.Config;
        var plan = TrainingPlan.Of(
            config, "clip_train", "clip-train", inputs.Output,
            [.. inputs.Identity, KeyValuePair.Create("teacher fingerprint", inputs.Vectors.Fingerprint)],
            () => inputs.Batches.BatchesPerEpoch(cancellation));
        return plan with
        {
            MaxDrop = config.Retention.MaxDrop / 100,
            NotFiniteRemedy = plan.NotFiniteRemedy.TrimEnd('.') + ", and the checkpoint as clip_train.init to start from its weights.",
        };
    }
}
