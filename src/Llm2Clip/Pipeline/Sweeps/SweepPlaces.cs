using Llm2Clip.Configuration;
using Llm2Clip.Models;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline.Sweeps;

/// <summary>
/// Where the runs of a sweep write. A run has a folder of its own. What is the same for several of them is made once, in the folder
/// <c>shared</c>: a teacher for each set of settings that one is made with, the LLM's vectors for each LLM, the embedding store for each
/// teacher, and the features of frozen image encoders, which have their own fingerprints.
/// </summary>
/// <param name="output">Folder of the sweep.</param>
/// <param name="stages">What each run consists of.</param>
internal sealed class SweepPlaces(string output, IReadOnlyList<SweepStage> stages)
{
    private const string SharedName = "shared";

    private string Shared => Path.Combine(output, SharedName);

    /// <summary>Folder of a run.</summary>
    public string FolderOf(SweptRun run) => Path.Combine(output, run.Name);

    /// <summary>
    /// The run as it is carried out, but for its embedding store, whose place depends on the teacher: <see cref="WithStore"/>.
    /// </summary>
    public RunConfig Placed(SweptRun run)
    {
        var (config, folder) = (run.Config, FolderOf(run));
        var trains = stages.Contains(SweepStage.ClipTrain);
        return config with
        {
            Output = folder,
            CcFinetune = stages.Contains(SweepStage.CcFinetune)
                ? config.CcFinetune with { Output = TeacherOf(config), RawStore = RawStoreOf(config) }
                : config.CcFinetune,
            Teacher = stages.Contains(SweepStage.CcFinetune)
                ? config.Teacher
                : config.Teacher with { Tuned = config.TunedTeacher().Path },
            Extract = config.Extract with { Store = config.VectorStore() },
            ClipTrain = config.ClipTrain with { Output = "", FeatureCache = Path.Combine(Shared, "features") },
            Eval = config.Eval with
            {
                Output = Path.Combine(folder, RunFiles.Evaluations),
                Model = trains ? "" : config.NamedStudent(),
            },
            EvalZeroshot = config.EvalZeroshot with { Output = "" },
            EvalLinearProbe = config.EvalLinearProbe with { Output = "", FeatureCache = Path.Combine(Shared, "probe-features") },
        };
    }

    /// <summary>The run with the embedding store that its teacher fills; the teacher must be there.</summary>
    public RunConfig WithStore(RunConfig placed, IRunLog log)
    {
        using var teacher = RunTeacher.Open(placed, log);
        var type = placed.Extract.Dtype == new ExtractConfig().Dtype ? "" : $"-{ConfigSchema.SnakeCase(placed.Extract.Dtype.ToString())}";
        var name = $"vectors-{Fingerprints.Short(teacher.Fingerprint)}{type}";
        return placed with { Extract = placed.Extract with { Store = Path.Combine(Shared, name) } };
    }

    /// <summary>A short hash of sections of a run file, and of other texts.</summary>
    public static string HashOf(params IEnumerable<object> parts) => Fingerprints.Short(
        Fingerprints.Of([.. parts.Select(part => part as string ?? ConfigBinder.ToJson(part).ToJsonString())]));

    /// <summary>The trained student of a run.</summary>
    public static string ModelOf(RunConfig placed) => Path.Combine(placed.StudentOutput(), StudentFolder.ModelName);

    private string TeacherOf(RunConfig config) => Path.Combine(Shared, "teacher-" + HashOf(
        config.CcFinetune with { Output = "", RawStore = "" }, config.Teacher, config.Data with { Augment = new() }));

    /// <summary>
    /// A LoRA makes another LLM, and layers that are chosen by captions are known when they are chosen: those have stores beside their
    /// teachers.
    /// </summary>
    private string RawStoreOf(RunConfig config) =>
        config.CcFinetune.RawStore.Length > 0 ? config.CcFinetune.RawStore
        : config.CcFinetune.Lora is not null || config.Teacher.Layers == TeacherLayers.Auto ? ""
        : Path.Combine(Shared, "raw-" + HashOf(config.Teacher));
}
