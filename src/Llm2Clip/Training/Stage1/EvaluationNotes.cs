using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;

namespace Llm2Clip.Training.Stage1;

/// <summary>What the checkpoints of stage 1 keep of a task's evaluations, read back and checked.</summary>
internal static class EvaluationNotes
{
    /// <summary>The notes of a checkpoint.</summary>
    /// <param name="json">What the checkpoint holds.</param>
    /// <param name="plan">Whose checkpoint it is.</param>
    /// <param name="rows">The rows of each evaluation; null for an evaluation that is none.</param>
    /// <exception cref="InputException">They are missing or cannot be read, or an evaluation lacks a part.</exception>
    public static T Read<T>(JsonNode? json, TrainingPlan plan, Func<T, IEnumerable<IReadOnlyList<ProbeRow>?>> rows)
        where T : class
    {
        try
        {
            var notes = json.Deserialize<T>(Json.File) ?? throw new JsonException("there are none");
            return rows(notes).All(IsWhole) ? notes : throw new JsonException("an evaluation lacks a part");
        }
        catch (JsonException error)
        {
            throw plan.Damaged($"its notes cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Elements of lists, which the reader of JSON lets be null.</summary>
    private static bool IsWhole(IReadOnlyList<ProbeRow>? rows) =>
        rows is not null && rows.All(row => row is not null && !row.OwnMeans.Contains(null!) && !row.Scores.Contains(null!));
}
