using Llm2Clip.Evaluation;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>What a run left behind: its settings, scores, ranks and curves.</summary>
/// <param name="Folder">The folder as the user named it.</param>
/// <param name="Settings">The settings of its training; null where it has none.</param>
/// <param name="Scores">Lines of its evaluations.</param>
/// <param name="Data">What each evaluation was measured on.</param>
/// <param name="Ranks">Ranks of its retrieval by row; empty where they were not kept.</param>
/// <param name="Metrics">The values of its training by tag.</param>
internal sealed record ComparedRun(
    string Folder, RunSettings? Settings, IReadOnlyList<ComparedScore> Scores, IReadOnlyDictionary<string, string> Data,
    IReadOnlyDictionary<RankedRow, IReadOnlyList<QueryRank>> Ranks, IReadOnlyDictionary<string, IReadOnlyList<MetricPoint>> Metrics)
{
    /// <summary>Reads what a folder holds.</summary>
    /// <exception cref="InputException">There is no result in it, or a file is damaged.</exception>
    public static ComparedRun Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException($"{folder} is not there. Name the folder of a run or of an evaluation.");
        }
        var (scores, data) = (new List<ComparedScore>(), new Dictionary<string, string>());
        foreach (var file in new[] { RunFiles.Retrieval, RunFiles.ZeroShot, RunFiles.LinearProbe }
            .Select(name => RunFiles.Find(folder, name)).OfType<string>())
        {
            var (read, of) = ComparedScore.Read(file);
            scores.AddRange(read);
            foreach (var evaluation in read.Select(score => score.Evaluation).Distinct())
            {
                data[evaluation] = of;
            }
        }
        if (scores.Count == 0)
        {
            throw new InputException(
                $"{folder} holds no result: neither {RunFiles.Retrieval}, nor {RunFiles.ZeroShot}, nor {RunFiles.LinearProbe}, in it or in "
                + "its student's folder. Run `llm2clip eval retrieval`, and name the folder that it wrote to (eval.output).");
        }
        // The ranks of the same evaluation, not of an older one elsewhere.
        var retrieval = RunFiles.Find(folder, RunFiles.Retrieval);
        var ranks = retrieval is null ? "" : Path.Combine(Path.GetDirectoryName(retrieval)!, QueryRanks.FileName);
        var settings = RunFiles.FindOfTraining(folder, RunFiles.Settings);
        var metrics = RunFiles.FindOfTraining(folder, MetricsLog.FileName);
        return new ComparedRun(
            folder, settings is null ? null : RunSettings.Read(settings), scores, data,
            File.Exists(ranks) ? QueryRanks.Read(ranks) : new Dictionary<RankedRow, IReadOnlyList<QueryRank>>(),
            metrics is null
                ? new Dictionary<string, IReadOnlyList<MetricPoint>>()
                : MetricsLog.Read(Path.GetDirectoryName(metrics)!));
    }
}
