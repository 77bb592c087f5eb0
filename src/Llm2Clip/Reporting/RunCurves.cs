namespace Llm2Clip.Reporting;

/// <summary>
/// The charts of a training's metrics, in the order in which one asks: the loss, what it was good for, then how the run went.
/// </summary>
internal static class RunCurves
{
    private const string Recall = "R@10 in percent";

    private static readonly Chart[] Teacher =
    [
        new("Loss", "step", "loss", tag => Only(tag, "cc/loss")),
        new("Captions found by captions, training mean", "epoch", Recall, TrainingMean),
        new("Captions found by captions, own mean", "epoch", Recall, OwnMean),
        new("Learning rate", "step", "rate", tag => Only(tag, "cc/learning_rate")),
        new("Gradient norm", "step", "norm", tag => Only(tag, "cc/gradient_norm")),
    ];

    private static readonly Chart[] Student =
    [
        new("Loss", "step", "loss", tag => tag switch
        {
            "train/loss" => "training",
            "train/loss_long" => "long captions",
            "train/loss_short" => "short captions",
            "val/loss" => "val",
            _ => null,
        }),
        new("Images found by captions (val)", "step", Recall, tag => Between(tag, "val/", " text to image/R@10 %")),
        new("Captions found by images (val)", "step", Recall, tag => Between(tag, "val/", " image to text/R@10 %")),
        new("Logit scale", "step", "natural logarithm", tag => Only(tag, "train/logit_scale")),
        new("Learning rate", "step", "rate", tag => Only(tag, "train/lr")),
        new("Gradient norm", "step", "norm", tag => Only(tag, "train/grad_norm")),
        new("Speed", "step", "images per second", tag => Only(tag, "train/images_per_second")),
        new("Waiting for images", "step", "share of the time", tag => Only(tag, "train/data_wait_share")),
        new("Memory", "step", "MB", tag => Between(tag, "train/", "_mb")),
    ];

    /// <summary>Charts of caption-contrastive training, from the metrics of its folder.</summary>
    public static IReadOnlyList<string> OfTeacher(string folder) => Of(folder, Teacher);

    /// <summary>Charts of the training of a student or a whole CLIP, from the metrics of its folder.</summary>
    public static IReadOnlyList<string> OfStudent(string folder) => Of(folder, Student);

    private static IReadOnlyList<string> Of(string folder, Chart[] charts)
    {
        var metrics = MetricsLog.Read(folder);
        return
        [
            .. from chart in charts
               let series = metrics
                   .Select(one => (Name: chart.SeriesOf(one.Key), one.Value))
                   .Where(one => one.Name is not null)
                   .Select(one => new ChartSeries(one.Name!, one.Value))
                   .ToList()
               let drawn = LineChart.Render(chart.Title, chart.StepName, chart.ValueName, series)
               where drawn.Length > 0
               select drawn,
        ];
    }

    private static string? Only(string tag, string wanted) => tag == wanted ? tag[(tag.IndexOf('/') + 1)..] : null;

    private static string? TrainingMean(string tag) => OwnMean(tag) is null ? Between(tag, "cc/", "/R@10 %") : null;

    private static string? OwnMean(string tag) => Between(tag, "cc/", " own mean/R@10 %");

    private static string? Between(string tag, string before, string after) =>
        tag.Length > before.Length + after.Length
        && tag.StartsWith(before, StringComparison.Ordinal) && tag.EndsWith(after, StringComparison.Ordinal)
            ? tag[before.Length..^after.Length]
            : null;

    /// <summary>One chart: its words, and the name in it of each metric that it shows.</summary>
    private sealed record Chart(string Title, string StepName, string ValueName, Func<string, string?> SeriesOf);
}
