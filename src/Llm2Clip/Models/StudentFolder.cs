using Llm2Clip.Files;

namespace Llm2Clip.Models;

/// <summary>
/// Where in a folder that a user names a student is: the model that clip-train wrote, a checkpoint of it, its folder, whose model is taken,
/// or where there is none yet its last checkpoint; or the folder of the whole run (<c>output</c>), whose <c>student</c> is taken.
/// </summary>
/// <param name="Settings">Folder of the configurations: of a model, the model itself.</param>
/// <param name="Checkpoint">Folder of the checkpoint whose weights count; null for a model, which has its own.</param>
/// <param name="Run">Folder of the run that a checkpoint belongs to, or the checkpoint itself where it lies elsewhere; of a model,
/// null.</param>
internal sealed record StudentFolder(string Settings, string? Checkpoint, string? Run)
{
    /// <summary>Name of the model in a run's folder, and of the configurations in a checkpoint.</summary>
    public const string ModelName = "model";

    /// <summary>Name of clip-train's folder in the folder of the run.</summary>
    public const string StageName = "student";

    /// <summary>Name of the file of a checkpoint that holds the weights, as <see cref="Student.NamedParameters"/> names them.</summary>
    internal const string WeightsName = "weights.safetensors";

    /// <summary>Name of the file of a checkpoint that holds the weights' average, where the run has one.</summary>
    internal const string OptimizerName = "optimizer.safetensors";

    /// <summary>What precedes a weight's name in <see cref="OptimizerName"/> where it is the average.</summary>
    internal const string AveragePrefix = "average.";

    /// <summary>The settings of the text adapter, by which a student's folder is known.</summary>
    internal const string AdapterSettings = "text_adapter.json";

    private const string Checkpoints = "checkpoints";

    /// <summary>The folder of the training that wrote it, with its metrics and its run file.</summary>
    public string Training => Run ?? Path.GetDirectoryName(Path.GetFullPath(Settings))!;

    /// <summary>Where a run's checkpoints are, by name.</summary>
    public static string CheckpointOf(string run, string name) => Path.Combine(run, Checkpoints, name);

    /// <summary>Finds the student.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static StudentFolder Find(string folder) =>
        In(folder) ?? In(Path.Combine(folder, StageName)) ?? throw new InputException(Missing(folder));

    private static StudentFolder? In(string folder)
    {
        if (IsModel(folder))
        {
            return new StudentFolder(folder, null, null);
        }
        if (IsCheckpoint(folder))
        {
            var parent = Path.GetDirectoryName(Path.GetFullPath(folder))!;
            return OfCheckpoint(folder, Path.GetFileName(parent) == Checkpoints ? Path.GetDirectoryName(parent)! : folder);
        }
        if (AtomicFolder.Find(Path.Combine(folder, ModelName)) is { } model && IsModel(model))
        {
            return new StudentFolder(model, null, null);
        }
        if (AtomicFolder.Find(CheckpointOf(folder, "last")) is { } last && IsCheckpoint(last))
        {
            return OfCheckpoint(last, folder);
        }
        return null;
    }

    private static bool IsModel(string folder) => File.Exists(Path.Combine(folder, AdapterSettings));

    private static bool IsCheckpoint(string folder) =>
        File.Exists(Path.Combine(folder, WeightsName)) && IsModel(Path.Combine(folder, ModelName));

    private static StudentFolder OfCheckpoint(string folder, string run) => new(Path.Combine(folder, ModelName), folder, run);

    private static string Missing(string folder) =>
        !Directory.Exists(folder) ? $"{folder} is not there. Name the folder that `llm2clip clip-train` wrote."
        : File.Exists(Path.Combine(folder, "config.json")) ?
            $"{folder} is a vision model without a text adapter ({AdapterSettings}), so it is no student. Name the folder that "
            + "`llm2clip clip-train` wrote; to train from this one, set model.init."
        : $"{folder} holds no student: neither a model ({AdapterSettings}), nor {ModelName}, nor a checkpoint that can be opened. Name the "
            + "folder that `llm2clip clip-train` wrote.";
}
