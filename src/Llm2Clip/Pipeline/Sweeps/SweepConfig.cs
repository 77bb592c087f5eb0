using System.ComponentModel;
using Llm2Clip.Configuration;

namespace Llm2Clip.Pipeline.Sweeps;

/// <summary>A command that a sweep runs.</summary>
public enum SweepStage
{
    /// <summary><c>cc-finetune</c>.</summary>
    CcFinetune,

    /// <summary><c>extract</c>.</summary>
    Extract,

    /// <summary><c>clip-train</c>.</summary>
    ClipTrain,

    /// <summary><c>eval retrieval</c>.</summary>
    EvalRetrieval,

    /// <summary><c>eval zeroshot</c>.</summary>
    EvalZeroshot,

    /// <summary><c>eval linear-probe</c>.</summary>
    EvalLinearProbe,
}

/// <summary>The <c>sweep</c> section of a run file: the same run with several values of some keys.</summary>
public sealed record SweepConfig : ICheckedConfig
{
    /// <summary>Keys that a sweep itself gives a value, so that each run has a place of its own.</summary>
    private static readonly string[] Own =
        ["output", "cc_finetune.output", "extract.store", "clip_train.output", "clip_train.feature_cache", "eval.output"];

    [Description("Keys with their values, as YAML: every value of each with every value of the others is a run. A value is a text: "
        + "'[en, de]' is a list.")]
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Set { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    [Description("Seeds: each combination of values is run with each of them.")]
    public IReadOnlyList<int> Seeds { get; init; } = [];

    [Description("Keys that get the seed. Empty = clip_train.seed, or cc_finetune.seed where no student is trained.")]
    public IReadOnlyList<string> SeedKeys { get; init; } = [];

    [Description("Commands of each run: cc_finetune, extract, clip_train, eval_retrieval, eval_zeroshot, eval_linear_probe, which run in "
        + "this order. Empty = those that the run file names data and models for.")]
    public IReadOnlyList<SweepStage> Commands { get; init; } = [];

    [Description("Folder of the sweep: a folder per run, shared for what several runs use, and the comparison.")]
    public string Output { get; init; } = "";

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        foreach (var (key, values) in Set)
        {
            if (Own.Contains(key) || key.Split('.')[0] is "sweep" or "compare")
            {
                yield return ($"set.{key}", "cannot be swept: a sweep places its runs itself (sweep.output)");
            }
            if (values.Count == 0)
            {
                yield return ($"set.{key}", "is empty; give it one value or more");
            }
            if (values.Distinct(StringComparer.Ordinal).Count() < values.Count)
            {
                yield return ($"set.{key}", $"is [{string.Join(", ", values)}]; a value occurs twice");
            }
        }
        if (Seeds.Distinct().Count() < Seeds.Count)
        {
            yield return ("seeds", $"is [{string.Join(", ", Seeds)}]; a seed occurs twice");
        }
        if (Commands.Distinct().Count() < Commands.Count)
        {
            yield return ("commands", "names a command twice");
        }
    }
}
