using System.Globalization;
using Llm2Clip.Configuration;

namespace Llm2Clip.Pipeline.Sweeps;

/// <summary>A run of a sweep: its name, which is that of its folder, and what it would be as a run of its own.</summary>
internal sealed record SweptRun(string Name, RunConfig Config);

/// <summary>The runs of a sweep: the cross product of the values of its keys, the seeds innermost.</summary>
internal static class SweepPlan
{
    /// <summary>Longest name of a folder that is made of values; beyond it runs are numbered.</summary>
    private const int LongestName = 100;

    /// <summary>The commands in effect, in the order in which they run.</summary>
    public static IReadOnlyList<SweepStage> Stages(RunConfig run)
    {
        if (run.Sweep.Commands.Count > 0)
        {
            return [.. run.Sweep.Commands.Order()];
        }
        var (zeroShot, probe) = (run.EvalZeroshot, run.EvalLinearProbe);
        var trains = run.Data.TrainName.Length > 0;
        (SweepStage Stage, bool IsMeant)[] all =
        [
            (SweepStage.CcFinetune, trains && run.Teacher.Path.Length > 0 && run.Teacher.Tuned.Length == 0),
            (SweepStage.Extract, trains && (run.Teacher.Path + run.Teacher.Tuned).Length > 0),
            (SweepStage.ClipTrain, trains),
            (SweepStage.EvalRetrieval, run.EvaluationData().Length > 0),
            (SweepStage.EvalZeroshot, zeroShot.Classes.Length > 0 && zeroShot.Data.Length > 0),
            (SweepStage.EvalLinearProbe, probe.Train.Length > 0 && probe.Data.Length > 0),
        ];
        return [.. all.Where(one => one.IsMeant).Select(one => one.Stage)];
    }

    /// <summary>The runs.</summary>
    /// <exception cref="ConfigException">A key is unknown, or a value is none of it; all such mistakes are named.</exception>
    public static IReadOnlyList<SweptRun> Runs(RunConfig run, IReadOnlyList<SweepStage> stages)
    {
        var axes = Axes(run.Sweep, stages);
        List<IReadOnlyList<int>> points = [[]];
        foreach (var axis in axes)
        {
            points =
            [
                .. points.SelectMany(point => Enumerable.Range(0, axis.Values.Count)
                    .Select(value => (IReadOnlyList<int>)[.. point, value])),
            ];
        }
        var names = Names(axes, points);
        var file = ConfigBinder.Print(run with { Sweep = new() }, comments: false);
        return [.. points.Select((point, i) => new SweptRun(names[i], ConfigBinder.Parse<RunConfig>(
            file, "the run file", axes.SelectMany((axis, at) => axis.Keys.Select(key => $"{key}={axis.Values[point[at]]}")))))];
    }

    private static List<SweepAxis> Axes(SweepConfig sweep, IReadOnlyList<SweepStage> stages)
    {
        List<SweepAxis> axes = [.. sweep.Set.Select(one => new SweepAxis([one.Key], one.Value))];
        if (sweep.Seeds.Count > 0)
        {
            IReadOnlyList<string> keys = sweep.SeedKeys.Count > 0 ? sweep.SeedKeys
                : stages.Contains(SweepStage.ClipTrain) ? ["clip_train.seed"]
                : ["cc_finetune.seed"];
            axes.Add(new SweepAxis(keys, [.. sweep.Seeds.Select(seed => seed.ToString(CultureInfo.InvariantCulture))]));
        }
        return axes;
    }

    /// <summary>What tells the runs apart: <c>learning_rate=1e-3,seed=0</c>; numbers where that would be no name of a folder.</summary>
    private static List<string> Names(List<SweepAxis> axes, List<IReadOnlyList<int>> points)
    {
        var shorts = axes.ConvertAll(axis => axis.Keys[0][(axis.Keys[0].LastIndexOf('.') + 1)..]);
        var keys = shorts.Distinct().Count() == axes.Count ? shorts : axes.ConvertAll(axis => axis.Keys[0]);
        var names = points.ConvertAll(point => string.Join(',', axes.Select((axis, at) => $"{keys[at]}={Plain(axis.Values[point[at]])}")));
        var isClear = names.Distinct(StringComparer.OrdinalIgnoreCase).Count() == names.Count;
        return isClear && names.Max(name => name.Length) <= LongestName
            ? names
            : points.ConvertAll(point => string.Create(CultureInfo.InvariantCulture, $"run-{points.IndexOf(point)}"));

        static string Plain(string value) =>
            string.Concat(value.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '+' ? letter : '_'));
    }

    /// <summary>Keys that get the same value, and the values.</summary>
    private sealed record SweepAxis(IReadOnlyList<string> Keys, IReadOnlyList<string> Values);
}
