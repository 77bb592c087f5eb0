using Llm2Clip.Data;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Pipeline;
using Llm2Clip.Reporting.Comparison;
using Llm2Clip.Runtime;

namespace Llm2Clip.Tests.Cli;

/// <summary>Results with fixed numbers, and with names that hold brackets and Chinese.</summary>
internal static class PrintedCases
{
    public static readonly DoctorReport Healthy = new(
        [new("libtorch", "2.10.0", "/opt/llm2clip/libtorch.so"), new("llama.cpp", "b7000", "/opt/llm2clip/libllama.so"),
            new("JPEG", "libjpeg-turbo", null)],
        ["jpg", "png", "webp"],
        new TensorFacts(
            new PatchDecision(true, "libstdc++.so.6 ends at GLIBCXX_3.4.30"),
                new AllocatorDecision(true, "freed memory stays with the process"),
            new ProductsDecision(true, "exact to 2e-7", 2e-7), new Processor("Some CPU [9]", "AVX512", true), 2, 1),
        ["CPU", "NVIDIA [H200]"], 2, 25.3);

    public static readonly DoctorReport WithProblems = new(
        [new("libtorch", null, null, "libtorch.so is not in /opt/[old]/lib.", "dotnet build"), new("JPEG", "libvips", null)], [], null, [],
            2, 25.3);

    public static readonly CaptionProbeResult Probe = Captions(500, 498);

    public static readonly CaptionProbeResult Layers = new(
        CaptionProbe.LayerProtocol, "0123456789ab", "val-*.tar [2 shards]", 500,
        [
            new("0", [], [Score("en", "en", 0.24, 500)]),
            new("13 bidirectional", [], [Score("en", "en", 0.328, 500)]),
            new("final causal", [], [Score("en", "en", 0.205, 500)]),
        ])
    {
        Best = new BestLayer("13 bidirectional", "en", 0.4764),
    };

    public static readonly ZeroShotReport ZeroShot = new()
    {
        Model = "runs/student",
        Teacher = "runs/teacher",
        TeacherFingerprint = "abc",
        Data = "photos [2024]/val-*.tar",
        ClassFile = "classes [en, 中文].yaml",
        Classes = 1000,
        Images = 50_000,
        Rows =
        [
            new("en", "training", 80_000, Classes(63.2, 88.75)), new("中文", "training", 1000, Classes(2.04, 7)),
            new("中文", "own", 1000, Classes(41, 70.1)),
        ],
        Notes =
        [
            "中文, own mean: of 1,000 sentences in 中文 (means [zh].txt); no images, no pairs.",
            "2 of the 1,000 classes have no image: n01440764, [x].",
        ],
        Page = "runs/[new]/zeroshot.html",
    };

    public static readonly LinearProbeReport LinearProbe = new()
    {
        Model = "runs/student",
        Train = "photos [2024]/train-*.tar",
        Data = "photos [2024]/val-*.tar",
        TrainImages = 12_000,
        Images = 3000,
        Classes = 5,
        Features = ProbedFeatures.Pooled,
        Dimension = 768,
        Penalty = 3.1622776601683795,
        Tried = [new(1, 70), new(3.1622776601683795, 71)],
        Iterations = 41,
        LargestGradient = 9e-7,
        Scores = Classes(71.5, null),
    };

    public static readonly ComparisonReport Comparison = new(
        [
            new("runs", "Runs", ["run", "folders", "seeds"], 3, [["rate=[0.1]", "runs/a, runs/b", "0, 1"], ["中文", "runs/c", ""]], []),
            new(
                "retrieval", "Retrieval", ["captions", "run", "R@1"], 2,
                [["en", "rate=[0.1]", new ResultCell("50.0", "2.5")], ["en", "中文", "9.0"]],
                ["± is the standard deviation over the seeds."]),
            new("settings", "Settings that differ", ["setting"], 1, [], ["Without a run file (config.yaml): 中文."]),
        ],
        ["runs/figures/recall.svg"], CompareFormat.Text);

    public static readonly QuickStartResult QuickStart = new(
        Captions(500, 500) with { Data = "data/quickstart/val-*.tar" }, Retrieval(intervals: false, shift: -0.1),
            Retrieval(intervals: false),
        "runs/quickstart/report.html",
        new Dictionary<string, double>
        {
            ["cc-finetune"] = 61.4, ["extract"] = 7.6, ["eval before"] = 3, ["clip-train"] = 118.2, ["eval"] = 3.1,
        });

    public static readonly InspectionReport Inspection = new(
        1,
        new SetReport(
            "photos [2024]/*.tar (webdataset)", 12005, 12000, 24001, 5, 5 / 12005.0,
            [
                new(
                    BadSampleCause.NoCaption, 5,
                    [new("photos [2024]/0.tar: k7", "there is no caption"), new("photos [2024]/1.tar: 图片[1]", "there is no caption")]),
            ],
            0,
            Spread(1, 2, 3), [Language("en", "words", 3, 11, 31), Language("中文", "characters", 5, 18, 60)],
            new ImageReport(
                Spread(32, 500, 6000), Spread(32, 375, 4000), Spread(0.4, 1.33, 3), Spread(1, 131, 9000),
                new Dictionary<string, long> { ["jpg"] = 11000, ["png"] = 1000 }, new("图片[1]", 32, 32), new("k9", 6000, 4000), 3), null)
        {
            RepeatedKeys = new(1, 2, [new("k[0]", 2, "photos [2024]/0.tar: k[0].jpg", "photos [2024]/1.tar: k[0].jpg")]),
        },
        null,
        [
            new(
                Scope.Data,
                new(
                    new(2, 5, 0), new(2, 5, 0), new(7, 13, 0),
                    [
                        new(Likeness.SameBytes, 0, new("k1", "", null), new("k[2]", "", null)),
                        new(Likeness.Near, 9, new("图片[1]", "", null), new("k5", "", null)),
                    ]),
                new(new(100, 250, 0), 12, new(31, 55, 0), true, [], [])),
        ],
        new(4, 12, 0.8, 77, 512), "runs/inspect [1]", 3.5);

    public static RetrievalReport Retrieval(bool intervals, double shift = 0)
    {
        return new RetrievalReport
        {
            Model = "runs/student",
            Teacher = "runs/teacher",
            TeacherFingerprint = "abc",
            Data = "val-*.tar",
            Images = 1000,
            Page = "runs/[new]/report.html",
            ReferenceLanguage = "en",
            Rows = RetrievalReport.WithShares(
                [Row("en", "training", 0.31), Row("de", "training", 0.2), Row("中文", "own", 0.124)], "en"),
            Notes = ["2 bad images left out: [a].jpg, 图.jpg",
                "zh, own mean: of 1,000 sentences in zh (means [zh].txt); no images, no pairs."],
        };

        RetrievalRow Row(string language, string mean, double recall) =>
            new(language, mean, Numbers(recall + shift, 1000, intervals), Numbers(recall + 0.01 + shift, 5000, intervals));
    }

    private static ClassScores Classes(double top1, double? top5) => new()
    {
        Top1 = top1,
        Top1Interval = new(top1 - 0.4, top1 + 0.4),
        Top5 = top5,
        Top5Interval = top5 is { } deep ? new(deep - 0.3, deep + 0.3) : null,
        MeanPerClass = top1 - 1,
        Classes = [],
        Confusion = new Dictionary<(int, int), int>(),
    };

    private static CaptionProbeResult Captions(int english, int chinese) => new(
        CaptionProbe.Protocol, "0123456789ab", "val-*.tar [2 shards]", 500,
        [
            new("raw", [], [Score("en", "en", 0.348, english), Score("zh", "en", 0.14, chinese)]),
            new("raw, training mean", [], [Score("en", "en", 0.5, english), Score("zh", "en", 0.2, chinese)]),
            new("adapter, own mean", ["zh: 1,000 sentences in zh (means [zh].txt)"], [Score("zh", "en", 0.982, chinese)]),
        ]);

    private static ProbeScore Score(string from, string to, double recall, int candidates) =>
        new(from, to, Numbers(recall / 2, candidates, intervals: true));

    private static RecallNumbers Numbers(double recall, int candidates, bool intervals) => new()
    {
        Queries = candidates,
        Candidates = candidates,
        RecallAt1 = recall,
        RecallAt5 = recall * 1.5,
        RecallAt10 = recall * 2,
        MedianRank = 12.5,
        Chance = [1.0 / candidates, 5.0 / candidates, 10.0 / candidates],
        Intervals = intervals ? [Around(recall), Around(recall * 1.5), Around(recall * 2)] : [],
    };

    private static Interval Around(double recall) => new(Math.Max(0, recall - 0.02), Math.Min(1, recall + 0.02));

    private static Distribution Spread(double least, double median, double most) =>
        new(100, least, most, median, least, least, median, median, median, most, most, []);

    private static LanguageReport Language(string language, string unit, double least, double median, double most) => new(
        language, 12000, new Dictionary<string, long> { ["short"] = 9000, ["long"] = 3000 }, unit, Spread(least, median, most), 11800, 200,
        new TokenLengths(Spread(least, 2 * median, 2 * most), 3, 40));
}
