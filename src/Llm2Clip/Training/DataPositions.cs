using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Data.Loading;
using Llm2Clip.Files;

namespace Llm2Clip.Training;

/// <summary>How far the data sets of a run were drawn, in the notes of its checkpoints.</summary>
internal static class DataPositions
{
    /// <summary>What a checkpoint keeps; null where one position in the epoch says it all.</summary>
    public static JsonNode? Notes(ITrainingBatches batches) =>
        batches.Starts.Count == 0 ? null : JsonSerializer.SerializeToNode(batches.Starts, Json.File);

    /// <summary>Takes over what <see cref="Notes"/> gave.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static void StartFrom(ITrainingBatches batches, JsonNode? notes, TrainingPlan plan)
    {
        if (batches.Starts.Count == 0)
        {
            return;
        }
        try
        {
            batches.StartFrom(notes?.Deserialize<List<EpochStart>>(Json.File) ?? throw new JsonException("there are none"));
        }
        catch (JsonException error)
        {
            throw new InputException(
                $"{plan.Checkpoint}: the positions in the data sets cannot be read ({error.Message}). Remove that folder to start anew.",
                error);
        }
    }
}
