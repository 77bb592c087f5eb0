using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// The checkpoint of caption-contrastive training, in <c>OUTPUT/checkpoint</c> as long as the training is not over: <see cref="Checkpoint"/>
/// with the best weights so far, the hard negatives in force, the loss of the running epoch and the evaluations.
/// </summary>
internal sealed class CcCheckpoint(string output, IReadOnlyDictionary<string, string> identity, CcStep step, BestWeights best, CcPictures pictures, int hardNegatives)
{
    private sealed record Notes(double LossSum, IReadOnlyList<CcEvaluation> History);

    private readonly string _folder = FolderOf(output);

    /// <summary>Where the run stands that is saved here: epoch, batches done of it, and the sum of their losses.</summary>
    public (int Epoch, long Batch, double LossSum) Position { get; private set; }

    /// <summary>Saves the state after a step.</summary>
    public void Save(int epoch, long batch, double lossSum, IReadOnlyList<CcEvaluation> history)
    {
        using var scope = NewDisposeScope();
        var state = new TrainState
        {
            Step = step.Done, Epoch = epoch, Batch = batch, BestScore = best.Criterion, BestStep = best.Epoch, EvaluationsSinceBest = best.Worse,
        };
        Checkpoint.Save(_folder, state, identity, step.Parameters, step.Optimizer, null, new CheckpointExtras(Tensors(), JsonSerializer.SerializeToNode(new Notes(lossSum, history), Json.File)));
    }

    /// <summary>Puts a checkpoint back, where there is one. Throws as <see cref="Checkpoint"/> does.</summary>
    /// <returns>The evaluations so far; null where there is no checkpoint.</returns>
    public IReadOnlyList<CcEvaluation>? Load()
    {
        AtomicFolder.Recover(_folder);
        using var scope = NewDisposeScope();
        var tensors = Tensors();
        if (Checkpoint.Load(_folder, identity, step.Parameters, step.Optimizer, null, tensors) is not var (state, json))
        {
            return null;
        }
        var notes = ReadNotes(json);
        if (state.Batch >= step.PerEpoch || step.Done != (state.Epoch * (long)step.PerEpoch) + state.Batch || state.BestStep > state.Epoch)
        {
            throw Damaged($"step {step.Done}, epoch {state.Epoch}, batch {state.Batch} and best epoch {state.BestStep} contradict each other with {step.PerEpoch} batches an epoch");
        }
        best.Resume(state);
        step.Mined = hardNegatives == 0 ? null
            : HardNegatives.FromTable(tensors[NegativesName], pictures.Captions) ?? throw Damaged($"{NegativesName} holds numbers that are no caption's");
        Position = (state.Epoch, state.Batch, notes.LossSum);
        return notes.History;
    }

    private Notes ReadNotes(JsonNode? json)
    {
        try
        {
            var notes = json.Deserialize<Notes>(Json.File) ?? throw new JsonException("there are none");
            return notes.History.All(IsWhole) ? notes : throw new JsonException("an evaluation lacks a part");
        }
        catch (JsonException error)
        {
            throw Damaged($"its notes cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Elements of lists, which the reader of JSON lets be null.</summary>
    private static bool IsWhole(CcEvaluation? evaluation) =>
        evaluation is not null && evaluation.Rows.All(row => row is not null && !row.OwnMeans.Contains(null!) && !row.Scores.Contains(null!));

    private InputException Damaged(string what, Exception? inner = null) => new($"The checkpoint {_folder} is damaged: {what}. Remove it to start anew.", inner);

    /// <summary>Deletes it: the training is over and its result written.</summary>
    public static void Delete(string output) => AtomicFolder.Delete(FolderOf(output));

    private const string NegativesName = "hard_negatives";

    private static string FolderOf(string output) => Path.Combine(output, "checkpoint");

    private Dictionary<string, Tensor> Tensors()
    {
        var tensors = new Dictionary<string, Tensor> { ["best"] = best.Values };
        if (hardNegatives > 0)
        {
            tensors.Add(NegativesName, step.Mined?.ToTable() ?? Scalars.Filled([pictures.Count, hardNegatives], -1, ScalarType.Int32));
        }
        return tensors;
    }
}
