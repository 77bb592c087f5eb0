using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.LongClip;

/// <summary>A whole CLIP on long and short captions for the <see cref="Trainer"/>, evaluated by retrieval with both.</summary>
internal sealed class LongClipTask : ITrainingTask, IDisposable
{
    private readonly LongClipInputs _in;
    private readonly LongClipStep _step;
    private double _lastLoss = double.NaN; // of a step of this process

    public LongClipTask(LongClipInputs inputs, CancellationToken cancellation)
    {
        _in = inputs;
        var (config, model) = (inputs.Config, inputs.Model);
        _step = new LongClipStep(model, config, inputs.Captions, inputs.Teacher);
        var naming = LayerNaming.Of(model.Vision, model.Text);
        RequireFit(config.ImageBlocks, naming.Visual, "longclip.image_blocks", "image");
        RequireFit(config.TextBlocks, naming.Text, "longclip.text_blocks", "text");
        var parts = model.NamedParameters().ToLookup(p => p.Parameter.requires_grad && Trains(p.Name, config, naming));
        foreach (var (_, locked) in parts[false])
        {
            locked.requires_grad = false;
        }
        var adapter = inputs.Teacher?.Parameters ?? [];
        var rates = GroupOptions.Of(config) with { DecaysAll = config.DecayAll };
        var rate = config.Teacher.LearningRate ?? config.LearningRate;
        IReadOnlyList<ParameterGroup> groups =
        [
            .. ParameterGroups.Build(parts[true].Select(p => (p.Name, p.Parameter.shape.Length)), rates, naming),
            .. ParameterGroups.Build(
                adapter.Select(p => (p.Name, p.Parameter.shape.Length)),
                rates with { VisualRate = rate, TextRate = rate, OtherRate = rate }, LayerNaming.Plain),
        ];
        Weights = new TrainedWeights(
            [.. parts[true], .. adapter], groups, new AdamWOptions(config.Beta1, config.Beta2, config.Epsilon), config.AverageDecay,
            [.. parts[false]]);
        Plan = TrainingPlan.Of(
            config, "longclip", "longclip train", inputs.Output,
            inputs.Teacher is { } teacher
                ? inputs.Identity.Append(KeyValuePair.Create("teacher fingerprint", teacher.Fingerprint))
                : inputs.Identity,
            () => inputs.Batches.BatchesPerEpoch(cancellation));
        Weights.Describe(inputs.Log, "CLIP", config.Precision);
    }

    /// <summary>What a checkpoint keeps of the task besides the weights.</summary>
    private sealed record Notes(JsonNode? Positions, long Captions, long Truncated);

    /// <inheritdoc/>
    public TrainingPlan Plan { get; }

    /// <inheritdoc/>
    public TrainedWeights Weights { get; }

    /// <summary>Where the model is exported to.</summary>
    public string ModelFolder => Path.Combine(_in.Output, StudentFolder.ModelName);

    /// <summary>Captions trained on, and how many of them lost their end.</summary>
    public (long All, long Truncated) Captions => (_step.Captions, _step.Truncated);

    private bool EvaluatesWeights => _in.Evaluator is not null && _in.Config.Keep == KeptWeights.Best;

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> Epoch(int epoch, long done, CancellationToken cancellation) => ImageTraining.Epoch(
        _in.Batches, epoch, done, (batch, step) => _lastLoss = _step.Backward(batch, epoch, step, cancellation), cancellation);

    /// <inheritdoc/>
    public Activity Activity(TrainPart part) =>
        ImageTraining.Activity(part, _in.Batches.Activity, _step.Activity, _in.Evaluator?.Activity ?? default);

    /// <summary>Keeps logit_scale below its limit, where there is one, and returns it with the parts of the loss.</summary>
    public IReadOnlyList<(string Name, double Value)> AfterUpdate()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        if (_in.Config.ScaleLimit is { } limit)
        {
            _in.Model.LogitScale.ClampTo(0, Math.Log(limit));
        }
        return [("logit_scale", _in.Model.LogitScale.cpu().item<float>()), .. _step.Terms];
    }

    /// <summary>The start counts too: what training gains or loses is seen against it.</summary>
    public bool EvaluatesAfter(long steps) =>
        _in.Evaluator is not null && _in.Config.EvalEvery > 0 && steps % _in.Config.EvalEvery == 0;

    /// <inheritdoc/>
    public TrainingScore? Evaluate(long steps, CancellationToken cancellation)
    {
        if (_in.Evaluator is null)
        {
            return null;
        }
        var score = _in.Evaluator.Evaluate(_in.Model, cancellation);
        foreach (var (tag, value) in score.Metrics)
        {
            _in.Metrics.Scalar(tag, steps, value);
        }
        var loss = double.IsNaN(_lastLoss) ? "" : string.Create(CultureInfo.InvariantCulture, $"loss {_lastLoss:0.000}, ");
        return new TrainingScore(score.Score, string.Create(
            CultureInfo.InvariantCulture, $"step {steps:N0}: {loss}{score.ScoreName} {100 * score.Score:0.0} %"));
    }

    /// <inheritdoc/>
    public void KeepBest()
    {
        if (EvaluatesWeights)
        {
            ExportModel();
        }
    }

    /// <summary>Writes the last weights as the model, where no evaluation chose others; returns the step of the model's weights.</summary>
    public long Finish(TrainState state)
    {
        if (EvaluatesWeights)
        {
            return state.BestStep;
        }
        using var averaged = Weights.Average?.Applied();
        ExportModel();
        return state.Step;
    }

    /// <inheritdoc/>
    public CheckpointExtras Extras() => new(
        new Dictionary<string, Tensor>(),
        JsonSerializer.SerializeToNode(new Notes(DataPositions.Notes(_in.Batches), _step.Captions, _step.Truncated), Json.File));

    /// <inheritdoc/>
    public void Resume(TrainState state, CheckpointExtras? extras)
    {
        Notes notes;
        try
        {
            notes = extras?.Notes.Deserialize<Notes>(Json.File) ?? throw new JsonException("there are none");
        }
        catch (JsonException error)
        {
            throw Plan.Damaged($"its notes cannot be read: {error.Message}", error);
        }
        (_step.Captions, _step.Truncated) = (notes.Captions, notes.Truncated);
        DataPositions.StartFrom(_in.Batches, notes.Positions, Plan);
    }

    /// <summary>Frees what the optimizer keeps; the model keeps its weights.</summary>
    public void Dispose() => Weights.Dispose();

    private void ExportModel() => AtomicFolder.Replace(ModelFolder, folder => _in.Model.Save(folder, _in.Config.Layout));

    private static bool Trains(string name, LongClipConfig config, LayerNaming naming) => naming.PartOf(name) switch
    {
        ParameterPart.Visual => naming.Visual.Trains(name, config.ImageBlocks),
        ParameterPart.Text => naming.Text.Trains(name, config.TextBlocks),
        _ => true,
    };

    private static void RequireFit(int? blocks, TowerNaming tower, string key, string name)
    {
        if (blocks > tower.Blocks.Count)
        {
            throw new ConfigException(
                $"{key} is {blocks}, but the {name} tower has {tower.Blocks.Count} blocks. Leave it out to train all of it.");
        }
    }
}
