using Llm2Clip.Evaluation;
using Llm2Clip.Reporting;

namespace Llm2Clip.Tests.Reporting.Comparison;

/// <summary>Folders of runs as the program leaves them, with ranks that a test chooses.</summary>
internal sealed class ComparedRuns : IDisposable
{
    /// <summary>The three images that every run is asked for.</summary>
    private static readonly string[] Keys = ["a", "b", "c"];

    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-compare").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public string Path(string name) => System.IO.Path.Combine(_folder, name);

    /// <summary>
    /// A run with English captions, one per image, whose images have these ranks; and the metrics of a training of three steps.
    /// </summary>
    public string Add(string name, string settings, IReadOnlyList<int> ranks, string data = "val-*.tar", bool keepRanks = true)
    {
        var (run, student) = (Path(name), Path(name + "/student"));
        Directory.CreateDirectory(student + "/model");
        File.WriteAllText(student + "/config.yaml", $"output: {run}\n{settings}\n");
        using (var metrics = new MetricsLog(student))
        {
            for (var step = 1; step <= 3; step++)
            {
                metrics.Scalar("train/loss", step, ranks[0] / (double)step);
            }
        }
        var numbers = RecallNumbers.From(ranks, 20, [.. ranks.Select(_ => 1)]);
        List<RetrievalRow> rows =
        [
            new("en", "training", numbers, numbers)
            {
                Ranks =
                [
                    .. ranks.Select((rank, i) => new QueryRank(SearchSide.TextToImage, Keys[i], 0, 4 * (i + 1), rank)),
                    .. ranks.Select((rank, i) => new QueryRank(SearchSide.ImageToText, Keys[i], 0, 0, rank)),
                ],
            },
        ];
        var report = new RetrievalReport
        {
            Model = student,
            Teacher = "teacher",
            TeacherFingerprint = "0123",
            Data = data,
            Images = 20,
            ReferenceLanguage = "en",
            Rows = rows,
        };
        File.WriteAllText(student + "/model/retrieval.json", report.ToJson());
        if (keepRanks)
        {
            QueryRanks.Write(student + "/model/ranks.parquet", rows);
        }
        return run;
    }
}
