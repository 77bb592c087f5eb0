using Llm2Clip.Models;

namespace Llm2Clip.Reporting;

/// <summary>
/// Where in a folder that a user names the results of a run are. The folder is that of a whole run (<c>output</c>), of one of its stages,
/// of its model, or one that an evaluation wrote to.
/// </summary>
internal static class RunFiles
{
    /// <summary>What <c>eval retrieval</c> writes.</summary>
    public const string Retrieval = "retrieval.json";

    /// <summary>What <c>eval zeroshot</c> writes.</summary>
    public const string ZeroShot = "zeroshot.json";

    /// <summary>What <c>eval linear-probe</c> writes.</summary>
    public const string LinearProbe = "linear-probe.json";

    /// <summary>The settings in effect that a training, or a sweep, leaves in its folder.</summary>
    public const string Settings = "config.yaml";

    /// <summary>Folder of evaluations in a run's folder.</summary>
    public const string Evaluations = "eval";

    /// <summary>Folder of <c>longclip train</c> in a run's folder.</summary>
    private const string LongClip = "longclip";

    private static readonly string[] Below =
    [
        "", Evaluations, StudentFolder.ModelName,
        .. new[] { StudentFolder.StageName, LongClip }.SelectMany(stage => new[]
        {
            stage, Path.Combine(stage, StudentFolder.ModelName), Path.Combine(stage, Evaluations),
        }),
    ];

    /// <summary>The file of this name, of the folder that is nearest; null where there is none.</summary>
    public static string? Find(string folder, string name) =>
        Below.Select(below => Path.Combine(folder, below, name)).FirstOrDefault(File.Exists);

    /// <summary>The same; of the folder of a model, also beside it, where its training wrote.</summary>
    public static string? FindOfTraining(string folder, string name) => Find(folder, name)
        ?? (Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) == StudentFolder.ModelName
            ? Find(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))!, name)
            : null);
}
