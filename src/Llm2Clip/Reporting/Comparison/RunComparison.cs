using System.Globalization;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Reporting.Comparison;

/// <summary>
/// Tables of runs side by side: what was run, each evaluation's numbers, the differences to the first run with what chance makes of them,
/// and the settings that differ.
/// </summary>
internal sealed class RunComparison(IReadOnlyList<RunGroup> groups, CompareConfig config)
{
    /// <summary>All tables that have a row.</summary>
    public IReadOnlyList<ResultTable> Tables() =>
    [
        .. new[] { Runs() }
            .Concat(new[] { ComparedScore.Retrieval, ComparedScore.ZeroShot, ComparedScore.LinearProbe }.Select(Scores))
            .Append(Differences()).Append(Settings())
            .Where(table => table.Rows.Count > 0 || table.Notes.Count > 0),
    ];

    private ResultTable Runs() => new(
        "runs", "Runs", ["run", "folders", "seeds"], 3,
        [
            .. groups.Select(group => (IReadOnlyList<ResultCell>)
                [group.Name, string.Join(", ", group.Runs.Select(run => run.Folder)), group.Seeds()]),
        ],
        []);

    private ResultTable Scores(string evaluation)
    {
        var lines = Lines(evaluation);
        var metrics = lines.Count == 0 ? [] : groups.SelectMany(group => group.Runs).SelectMany(run => run.Scores)
            .Where(score => score.Evaluation == evaluation).SelectMany(score => score.Values.Keys).Distinct().ToList();
        var hasCaptions = lines.Exists(line => line.Captions.Length > 0);
        var hasSearch = lines.Exists(line => line.Search.Length > 0);
        var rows = new List<IReadOnlyList<ResultCell>>();
        foreach (var line in lines)
        {
            foreach (var group in groups)
            {
                List<ResultCell> numbers = metrics.ConvertAll(metric => ResultCell.Of(group.Values(line, metric), 1));
                if (numbers.Exists(cell => cell.Text.Length > 0))
                {
                    rows.Add([.. LabelsOf(line, hasCaptions, hasSearch), group.Name, .. numbers]);
                }
            }
        }
        List<string> labels = hasCaptions ? ["captions", "mean", "run"] : ["run"];
        labels.InsertRange(0, hasSearch ? ["search"] : []);
        return new(
            evaluation.Split(' ', '-')[0].ToLowerInvariant(), evaluation, [.. labels, .. metrics], labels.Count, rows,
            rows.Count == 0 ? [] : Notes(evaluation));
    }

    private IReadOnlyList<string> Notes(string evaluation)
    {
        var data = groups.SelectMany(group => group.Runs)
            .Where(run => run.Data.ContainsKey(evaluation)).GroupBy(run => run.Data[evaluation]).ToList();
        var what = evaluation == ComparedScore.Retrieval
            ? "T2I: images found by captions; I2T: captions found by images. Recall in percent of the queries"
            : "Accuracy in percent of the images";
        var notes = new List<string>
        {
            data.Count == 1
                ? $"{what}; {data[0].Key}."
                : $"{what}. The runs were not measured on the same data, so that their numbers cannot be compared: "
                    + string.Join("; ", data.Select(of => $"{string.Join(", ", of.Select(run => run.Folder))} on {of.Key}")) + ".",
        };
        if (groups.Any(group => group.Runs.Count > 1))
        {
            notes.Add("± is the standard deviation over the seeds (n - 1).");
        }
        return notes;
    }

    private ResultTable Differences()
    {
        var rows = new List<IReadOnlyList<ResultCell>>();
        var notes = new List<string>();
        foreach (var other in groups.Skip(1))
        {
            if (RankPairs.Of(groups[0], other, out var problem) is not { } pairs)
            {
                notes.Add($"{other.Name}: no paired bootstrap, as {problem}.");
                continue;
            }
            foreach (var pair in pairs)
            {
                rows.AddRange(RecallNumbers.Depths.Select(depth => Row(other, pair, depth)));
            }
        }
        if (rows.Count > 0)
        {
            notes.Insert(0, string.Create(CultureInfo.InvariantCulture,
                $"Paired bootstrap over images, {config.Draws:N0} draws: points of recall above or below {groups[0].Name}, the 95 % ")
                + "interval, and p = twice the share of draws with the other sign. Of several seeds the mean counts: the interval is about "
                + "the queries.");
        }
        return new(
            "differences", $"Differences to {groups[0].Name}",
            ["search", "captions", "mean", "run", "recall", "difference", "low", "high", "p"], 5, rows, notes);
    }

    private IReadOnlyList<ResultCell> Row(RunGroup other, RankPairs pair, int depth)
    {
        var found = PairedBootstrap.Of(pair.First, pair.Second, pair.Images, depth, config.Draws, config.Seed);
        return
        [
            pair.Side == SearchSide.TextToImage ? ComparedScore.TextToImage : ComparedScore.ImageToText, pair.Row.Language,
            ComparedScore.NameOf(pair.Row.Mean, pair.Row.Querybank), other.Name, ComparedScore.RecallName(depth),
            Points(found.Difference), Points(found.Interval.Low), Points(found.Interval.High), ResultCell.Number(found.PValue, 4),
        ];

        static string Points(double share) => (100 * share).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);
    }

    private ResultTable Settings()
    {
        var known = groups.Where(group => group.Settings is not null).ToList();
        var keys = known.Count > 1 ? RunSettings.Differing([.. known.Select(group => group.Settings!)]) : [];
        var unknown = groups.Where(group => group.Settings is null).Select(group => group.Name).ToList();
        return new(
            "settings", "Settings that differ", ["setting", .. known.Select(group => group.Name)], known.Count + 1,
            [
                .. keys.Select(key => (IReadOnlyList<ResultCell>)
                    [key, .. known.Select(group => (ResultCell)group.Settings!.Values.GetValueOrDefault(key, "-"))]),
            ],
            unknown.Count == 0 ? [] : [$"Without a run file ({RunFiles.Settings}): {string.Join(", ", unknown)}."]);
    }

    /// <summary>The lines that any run has, in the order of the tables that they come from, direction by direction.</summary>
    private List<(string Evaluation, string Captions, string Mean, string Search)> Lines(string evaluation) =>
    [
        .. groups.SelectMany(group => group.Runs).SelectMany(run => run.Scores).Where(score => score.Evaluation == evaluation)
            .Select(score => score.Key).Distinct().OrderBy(key => key.Search == ComparedScore.ImageToText ? 1 : 0),
    ];

    private static IEnumerable<ResultCell> LabelsOf(
        (string Evaluation, string Captions, string Mean, string Search) line, bool hasCaptions, bool hasSearch) =>
        [.. hasSearch ? [line.Search] : Array.Empty<ResultCell>(), .. hasCaptions ? [line.Captions, line.Mean] : Array.Empty<ResultCell>()];
}
