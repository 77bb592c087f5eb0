using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Checkpoints;

/// <summary>
/// The position of a run, besides weights and moments. All randomness follows from (seed, step), so there is no generator to keep.
/// </summary>
public sealed record TrainState
{
    /// <summary>Optimizer steps made.</summary>
    public long Step { get; init; }

    /// <summary>Epoch of the next batch, from 0.</summary>
    public int Epoch { get; init; }

    /// <summary>Batches of the epoch that are done.</summary>
    public long Batch { get; init; }

    /// <summary>Images seen.</summary>
    public long SamplesSeen { get; init; }

    /// <summary>Wall clock spent, seconds, over all parts of the run.</summary>
    public double Seconds { get; init; }

    /// <summary>Share of the budget that was spent when the warm-up ended.</summary>
    public double ProgressAtWarmup { get; init; }

    /// <summary>Best score so far; null before the first evaluation.</summary>
    public double? BestScore { get; init; }

    /// <summary>Step of the best score.</summary>
    public long BestStep { get; init; }

    /// <summary>Evaluations since the best.</summary>
    public int EvaluationsSinceBest { get; init; }

    /// <summary>Step of the last evaluation; null before the first.</summary>
    public long? EvaluatedAt { get; init; }

    /// <summary>What was retained at the start of the run and at the last evaluation; null where nothing is watched.</summary>
    public RetainedShares? Retained { get; init; }

    /// <summary>Loss of the last step; null before the first, and in checkpoints of older versions.</summary>
    public double? LastLoss { get; init; }
}

/// <summary>Shares in [0, 1] of what a run is watched by.</summary>
/// <param name="AtStart">Of the weights that it started with.</param>
/// <param name="Now">At the last evaluation.</param>
/// <param name="PermittedAt">Step of the last evaluation that had not lost too much; 0 = the start.</param>
public sealed record RetainedShares(double AtStart, double Now, long PermittedAt)
{
    /// <summary>What has been lost, in points.</summary>
    [JsonIgnore]
    public double Drop => 100 * (AtStart - Now);
}

/// <summary>What a trainer keeps in a checkpoint beside weights, moments and position.</summary>
/// <param name="Tensors">Written on saving; overwritten by what was saved on loading.</param>
/// <param name="Notes">JSON, as it was saved.</param>
internal sealed record CheckpointExtras(IReadOnlyDictionary<string, Tensor> Tensors, JsonNode? Notes);

/// <summary>What a checkpoint gave besides the tensors that it was loaded into.</summary>
/// <param name="State">Position of the run.</param>
/// <param name="Notes">The notes that were saved with it.</param>
/// <param name="Changes">Settings that have other values now, and may.</param>
internal sealed record LoadedCheckpoint(TrainState State, JsonNode? Notes, IReadOnlyList<SettingChange> Changes);

/// <summary>
/// A checkpoint folder: <c>weights.safetensors</c>, <c>optimizer.safetensors</c> (moments and, where there is one, the average, by
/// parameter name), <c>extras.safetensors</c> where the trainer has more to keep, what makes a model of it (of a student
/// <c>model/</c> with its configurations, of a teacher <c>teacher.json</c> and the adapter), and <c>state.json</c> (position and
/// configuration). Written under a temporary name and renamed.
/// </summary>
internal static class Checkpoint
{
    private const string Weights = StudentFolder.WeightsName;
    private const string Optimizer = StudentFolder.OptimizerName;
    private const string Extras = "extras.safetensors";
    private const string StateFile = "state.json";
    private const int Version = 1;

    /// <summary>Replaces the checkpoint in <paramref name="folder"/>.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="state">Position of the run.</param>
    /// <param name="identity">Settings that must be the same on resuming, by name.</param>
    /// <param name="weights">Weights, moments and, where the run has one, the moving average.</param>
    /// <param name="extras">What else the trainer keeps.</param>
    /// <param name="describe">Writes, into the folder that it is given, what makes a model of the checkpoint.</param>
    /// <param name="retire">The name under which the checkpoint before is kept; see <see cref="AtomicFolder.Replace"/>.</param>
    public static void Save(
        string folder, TrainState state, IReadOnlyDictionary<string, string> identity, TrainedWeights weights,
        CheckpointExtras? extras = null, Action<string>? describe = null, Func<string, string?>? retire = null)
    {
        using var scope = NewDisposeScope();
        AtomicFolder.Replace(folder, into =>
        {
            Safetensors.Save(Path.Combine(into, Weights), AllWeights(weights));
            Safetensors.Save(Path.Combine(into, Optimizer), OptimizerParts(weights));
            var json = new JsonObject
            {
                ["version"] = Version,
                ["optimizer_steps"] = weights.Optimizer.Steps,
                ["state"] = JsonSerializer.SerializeToNode(state, Json.File),
                ["identity"] = JsonSerializer.SerializeToNode(identity, Json.File),
            };
            if (extras is not null)
            {
                Safetensors.Save(Path.Combine(into, Extras), extras.Tensors);
                json["notes"] = extras.Notes;
            }
            describe?.Invoke(into);
            PendingFile.Write(Path.Combine(into, StateFile), json.ToJsonString(Json.File));
        }, retire);
    }

    /// <summary>The step that a checkpoint was saved at; null where it cannot be read.</summary>
    public static long? StepOf(string folder)
    {
        try
        {
            return ReadState(folder).State.Step;
        }
        catch (Exception error) when (error is InputException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Puts a checkpoint back, the tensors of <paramref name="extras"/> included. Null where there is none in <paramref name="folder"/>.
    /// </summary>
    /// <exception cref="ConfigException">It belongs to a run with other settings; each difference is named.</exception>
    /// <exception cref="InputException">It is damaged.</exception>
    public static LoadedCheckpoint? Load(
        string folder, IReadOnlyDictionary<string, string> identity, TrainedWeights weights,
        IReadOnlyDictionary<string, Tensor>? extras = null)
    {
        if (AtomicFolder.Find(folder) is not { } found)
        {
            return null;
        }
        var (state, steps, stored, notes) = ReadState(found);
        var changes = RequireSame(found, identity, stored);
        using var scope = NewDisposeScope();
        LoadPart(Path.Combine(found, Weights), AllWeights(weights));
        LoadPart(Path.Combine(found, Optimizer), OptimizerParts(weights));
        if (extras is not null)
        {
            LoadExact(Path.Combine(found, Extras), extras);
        }
        weights.Optimizer.Steps = steps;
        return new LoadedCheckpoint(state, notes, changes);
    }

    private static (TrainState State, long OptimizerSteps, Dictionary<string, string> Identity, JsonNode? Notes) ReadState(string folder)
    {
        var path = Path.Combine(folder, StateFile);
        try
        {
            var json = JsonKeys.ReadObject(path, "the state of a checkpoint");
            if (json["version"]?.GetValue<int>() != Version)
            {
                throw new InputException(
                    $"{path} is of version {json["version"]}; this program reads {Version}. Start the run in a new folder.");
            }
            var state = json["state"].Deserialize<TrainState>(Json.File) ?? throw new JsonException("no state");
            var steps = (json["optimizer_steps"] ?? throw new JsonException("no optimizer_steps")).GetValue<long>();
            if (steps != state.Step || state.EvaluatedAt < 0 || state.EvaluatedAt > steps || !CountsAreCounts(state))
            {
                throw new JsonException("its position makes no sense");
            }
            return (
                state,
                steps,
                json["identity"].Deserialize<Dictionary<string, string>>(Json.File) ?? [],
                json["notes"]);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw new InputException($"{path} cannot be read: {e.Message}. Remove the folder {folder} to start anew.", e);
        }
    }

    private static bool CountsAreCounts(TrainState state) =>
        state is { Step: >= 0, Epoch: >= 0, Batch: >= 0, SamplesSeen: >= 0, Seconds: >= 0, BestStep: >= 0, EvaluationsSinceBest: >= 0 };

    /// <summary>Tensors of any type, which stay what they were.</summary>
    private static void LoadExact(string path, IReadOnlyDictionary<string, Tensor> targets)
    {
        using var off = no_grad();
        using var file = SafetensorsFile.Open(path);
        foreach (var (name, target) in targets)
        {
            if (!file.Contains(name) || file.Info(name).Type != target.dtype || !file.Info(name).Shape.SequenceEqual(target.shape))
            {
                throw new InputException(
                    $"{path} holds no {name} of {target.dtype} [{string.Join(", ", target.shape)}]. "
                    + "Remove the checkpoint's folder to start anew.");
            }
            target.copy_(file.Load(name, target.dtype));
        }
    }

    private static void LoadPart(string path, IReadOnlyDictionary<string, Tensor> targets)
    {
        using var file = SafetensorsFile.Open(path);
        StrictWeights.Load(file, path, targets);
    }

    private static Dictionary<string, Tensor> AllWeights(TrainedWeights weights) =>
        weights.Parameters.Named(weights.Parameters.Values)
            .Concat(weights.Frozen.Select(weight => KeyValuePair.Create(weight.Name, (Tensor)weight.Parameter)))
            .Concat(weights.Buffers.Select(buffer => KeyValuePair.Create(buffer.Name, buffer.Buffer))).ToDictionary();

    private static Dictionary<string, Tensor> OptimizerParts(TrainedWeights weights)
    {
        var parts = new Dictionary<string, Tensor>();
        void Add(string prefix, Tensor flat)
        {
            foreach (var (name, part) in weights.Parameters.Named(flat))
            {
                parts.Add(prefix + name, part);
            }
        }
        Add("first_moment.", weights.Optimizer.FirstMoment);
        Add("second_moment.", weights.Optimizer.SecondMoment);
        if (weights.Average is { } average)
        {
            Add(StudentFolder.AveragePrefix, average.Values);
        }
        return parts;
    }

    /// <summary>The settings that changed, all of which may.</summary>
    private static IReadOnlyList<SettingChange> RequireSame(
        string folder, IReadOnlyDictionary<string, string> wanted, IReadOnlyDictionary<string, string> stored)
    {
        var differences = RunIdentity.Differences(stored, wanted);
        if (differences.Any(difference => !difference.MayChange))
        {
            var lines = differences.Select(difference => $"\n  {difference}{(difference.MayChange ? " (this one may change)" : "")}");
            throw new ConfigException(
                $"{folder} is the checkpoint of a run with other settings:{string.Concat(lines)}\n"
                + "Restore them to resume, or choose another output folder. What may change when a run is resumed: "
                + $"{RunIdentity.ChangeableNames(wanted)}.");
        }
        return differences;
    }
}
