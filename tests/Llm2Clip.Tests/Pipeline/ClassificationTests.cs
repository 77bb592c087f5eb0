using System.Text.Json;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.Pipeline;

/// <summary>
/// <c>eval zeroshot</c> and <c>eval linear-probe</c> as a user calls them: a small student of the quick start's tiny LLM, and images with
/// one thing each.
/// </summary>
public sealed class ClassificationTests : IClassFixture<ClassificationTests.TrainedRun>
{
    private readonly TrainedRun _run;
    private readonly string _out;

    public ClassificationTests(TrainedRun run) => (_run, _out) = (run, Path.Combine(run.Folder, Guid.NewGuid().ToString("N")));

    private static string Places => Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "places.yaml");

    [Fact]
    public void NamesInEveryLanguageOfTheFile()
    {
        var text = Done(ZeroShot("--json", Path.Combine(_out, "result.json"), "--set", $"eval.means_from={_run.Captioned}"));
        Assert.Contains("24 images of ", text, StringComparison.Ordinal);
        Assert.Contains($"Page: {Path.Combine(_out, "zeroshot.html")}", text, StringComparison.Ordinal);
        Assert.Contains("de, own mean: of ", text, StringComparison.Ordinal);
        using var report = Json(Path.Combine(_out, "zeroshot.json"));
        var rows = report.RootElement.GetProperty("rows");
        Assert.Equal(
            [("en", "training"), ("de", "training"), ("de", "own"), ("zh", "training"), ("zh", "own")],
            rows.EnumerateArray().Select(row => (Text(row, "language"), Text(row, "mean"))));
        Assert.Equal(8, rows[0].GetProperty("scores").GetProperty("classes").GetArrayLength());
        Assert.Equal(32, rows[0].GetProperty("prompts").GetInt32());
        var scores = rows[0].GetProperty("scores");
        Assert.True(scores.GetProperty("top5").GetDouble() >= scores.GetProperty("top1").GetDouble());
        using var outcome = Json(Path.Combine(_out, "result.json"));
        Assert.Equal("eval zeroshot", Text(outcome.RootElement, "command"));
        Assert.Equal(
            scores.GetProperty("top1").GetDouble(),
            outcome.RootElement.GetProperty("result").GetProperty("rows")[0].GetProperty("scores").GetProperty("top1").GetDouble());

        // The prompts are in the teacher's raw store now.
        Assert.DoesNotContain("(LLM)", Done(ZeroShot("--set", "eval.means=training")), StringComparison.Ordinal);
    }

    /// <summary>A folder per class in the place of tars with numbers, and a class without images.</summary>
    [Fact]
    public void AFolderPerClassIsScoredLikeNumbers()
    {
        var scenes = new SceneData(seed: 11, validationCount: 1);
        var samples = Enumerable.Range(0, 24).Select(i => QuickStartData.LabeledValidation(scenes, i));
        foreach (var sample in samples.Where(one => one.Place != Place.Snow))
        {
            var folder = Directory.CreateDirectory(Path.Combine(_out, "images", sample.Place.ToString().ToLowerInvariant())).FullName;
            File.WriteAllBytes(
                Path.Combine(folder, sample.Key + ".png"),
                PngWriter.Encode(sample.Pixels, SceneRenderer.ImageSize, SceneRenderer.ImageSize));
        }
        string[] settings = ["--set", "eval_zeroshot.languages=[en]"];
        var text = Done(ZeroShot([.. settings, "--data", Path.Combine(_out, "images")]));
        Assert.Contains("Note: 1 of the 8 classes have no image: snow.", text, StringComparison.Ordinal);
        var byFolder = PerClass();
        Done(ZeroShot(settings));
        Assert.Equal(PerClass().Where(one => one.Id != "snow"), byFolder);

        List<(string Id, double Top1)> PerClass()
        {
            using var report = Json(Path.Combine(_out, "zeroshot.json"));
            return [.. report.RootElement.GetProperty("rows")[0].GetProperty("scores").GetProperty("classes").EnumerateArray()
                .Select(one => (Text(one, "id"), one.GetProperty("top1").GetDouble()))];
        }
    }

    [Fact]
    public void WhatDoesNotBelongTogetherIsRefusedBeforeTheLlmRuns()
    {
        Assert.Contains(
            "eval_zeroshot.languages names fr", Failed(2, ZeroShot("--set", "eval_zeroshot.languages=[fr]")), StringComparison.Ordinal);
        Assert.Contains(
            "was trained with the teacher ",
            Failed(3, ZeroShot("--teacher", Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf"))),
            StringComparison.Ordinal);
        Assert.Contains("2 keys are missing", Failed(2, "eval", "zeroshot", "--teacher", _run.Folder), StringComparison.Ordinal);

        var few = Classes("few.yaml", "templates: {en: \"{}\"}\nclasses: {a: {en: cat}, b: {en: dog}}");
        Assert.Contains(
            "18 of 24 images have a label that is no class of ", Failed(3, ZeroShot("--classes", few)), StringComparison.Ordinal);
        var templates = Classes("bad.yaml", "templates: {en: a photo}\n");
        var refusal = Failed(3, ZeroShot("--templates", templates));
        Assert.Contains($"{templates}:1: templates.en: \"a photo\" has no {{}}", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("(LLM)", refusal, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_out, "zeroshot.json")));
        Assert.Contains(
            "no label (looked for label", Failed(3, ZeroShot("--set", "eval_zeroshot.label_key=label")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pooled", 32)]
    [InlineData("image", 16)]
    public void ALinearProbe(string features, int dimension)
    {
        string[] words = [.. Probe("--set", $"eval_linear_probe.features={features}", "--set", "eval_linear_probe.held_out=0.5")];
        var text = Done(words);
        Assert.Matches("Encode images", text);
        Assert.Contains("Fitted on 48 images of ", text, StringComparison.Ordinal);
        using var report = Json(Path.Combine(_out, "linear-probe.json"));
        Assert.Equal(dimension, report.RootElement.GetProperty("dimension").GetInt32());
        Assert.Equal(8, report.RootElement.GetProperty("classes").GetInt32());
        Assert.Equal(features, Text(report.RootElement, "features"));
        Assert.Equal(8, report.RootElement.GetProperty("scores").GetProperty("classes").GetArrayLength());
        Assert.InRange(report.RootElement.GetProperty("tried").GetArrayLength(), 11, 15);

        // The features are kept, and the numbers are the same.
        Assert.DoesNotContain("Encode images", Done(words), StringComparison.Ordinal);
        using var again = Json(Path.Combine(_out, "linear-probe.json"));
        Assert.Equal(report.RootElement.GetProperty("scores").GetRawText(), again.RootElement.GetProperty("scores").GetRawText());
    }

    [Fact]
    public void AProbeNeedsLabelsOnBothSides()
    {
        Assert.Contains("2 keys are missing", Failed(2, "eval", "linear-probe", "--model", _run.Folder), StringComparison.Ordinal);
        var scenes = new SceneData(seed: 11, validationCount: 1);
        SceneShards.WritePlaces(_out, "one", 2, 2, index => QuickStartData.LabeledTraining(scenes, 8 * index));
        Assert.Contains(
            "all 2 images have the label 0", Failed(3, Probe("--train", Path.Combine(_out, "one-*.tar"))), StringComparison.Ordinal);
        SceneShards.WritePlaces(_out, "two", 2, 2, index => QuickStartData.LabeledTraining(scenes, index));
        Assert.Contains("has images labeled 2, 3, 4, 5, 6, and ", Failed(3, Probe("--train", Path.Combine(_out, "two-*.tar"))),
            StringComparison.Ordinal);
    }

    /// <summary>A student that was trained before is watched by what the prompts find, a new head's encoder by class means.</summary>
    [Fact]
    public void ATrainingIsWatchedByLabeledImages()
    {
        string[] watched =
        [
            "clip_train.eval_every=1", "clip_train.precision=fp32", "clip_train.retention.max_drop=100",
            $"clip_train.retention.data={_run.Labeled}",
        ];
        string[] names = [$"clip_train.retention.classes={Places}"];
        var text = Done(_run.Train("zeroshot", [.. watched, .. names, $"clip_train.init={_run.Folder}/student"]));
        Assert.Matches(@"Retention, before training: \d+\.\d % \(zero-shot \(en, de, zh\), ", text);
        Assert.Matches(@"step 1: loss \d+\.\d+, retained \d+\.\d %", text);
        Assert.Matches(@"(^|\n)Retained: \d+\.\d %, \d+\.\d % before training \(zero-shot", text);
        // The same measure as the command's: the mean over the languages, with the training mean.
        Done(ZeroShot("--data", _run.Labeled, "--model", $"{_run.Folder}/student", "--set", "eval.means=training"));
        using var report = Json(Path.Combine(_out, "zeroshot.json"));
        var mean = report.RootElement.GetProperty("rows").EnumerateArray()
            .Average(row => row.GetProperty("scores").GetProperty("top1").GetDouble());
        Assert.Contains(FormattableString.Invariant($"before training: {mean:0.0} %"), text, StringComparison.Ordinal);

        text = Done(_run.Train("means", [.. watched, $"model.init={_run.Folder}/student/model"]));
        Assert.Matches(@"Retention, before training: \d+\.\d % \(nearest class mean on pooled features, ", text);
        Assert.Contains("val/retained %", File.ReadAllText(Path.Combine(_run.Folder, "means", "metrics.jsonl")), StringComparison.Ordinal);

        Assert.Contains(
            "clip_train.retention.classes asks for zero-shot at the start, and that needs a student that was trained with this teacher",
            Failed(2, _run.Train("none", [.. watched, .. names, $"model.init={_run.Folder}/student/model"])), StringComparison.Ordinal);
        Assert.Contains(
            "clip_train.retention.data names images to watch, but the image encoder is new", Failed(2, _run.Train("none", watched)),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_run.Folder, "none")));
    }

    private string[] ZeroShot(params string[] more) =>
    [
        "eval", "zeroshot", "--model", _run.Folder, "--teacher", _run.Folder, "--classes", Places, "--data", _run.Val, "--output", _out,
        "--set", "teacher.threads=1", "--set", "data.workers=1", .. more,
    ];

    private string[] Probe(params string[] more) =>
    [
        "eval", "linear-probe", "--model", _run.Folder, "--train", _run.Labeled, "--data", _run.Val, "--output", _out,
        "--set", "data.workers=1", .. more,
    ];

    private string Classes(string name, string text)
    {
        var path = Path.Combine(Directory.CreateDirectory(_out).FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Done(params string[] words) => Failed(0, words);

    private static string Failed(int code, params string[] words)
    {
        // The last of an option that is given twice is meant.
        var last = words.Select((word, i) => (word, i))
            .Where(one => one.word.StartsWith("--", StringComparison.Ordinal) && one.word != "--set")
            .GroupBy(one => one.word).SelectMany(group => group.SkipLast(1)).SelectMany(one => new[] { one.i, one.i + 1 }).ToHashSet();
        var (found, output, error) = CommandLineTests.Run([.. words.Where((_, i) => !last.Contains(i))]);
        Assert.True(code == found, $"{string.Join(' ', words)} ended with {found}:\n{output}{error}");
        return output + error;
    }

    private static JsonDocument Json(string path) => JsonDocument.Parse(File.ReadAllText(path));

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    /// <summary>A teacher with the training captions' mean, and a student of two epochs.</summary>
    public sealed class TrainedRun : IDisposable
    {
        public TrainedRun()
        {
            var scenes = new SceneData(seed: 11, validationCount: 30);
            SceneShards.Write(Folder, "train", 30, 30, scenes.Validation);
            SceneShards.WritePlaces(Folder, "labeled", 48, 48, index => QuickStartData.LabeledTraining(scenes, index));
            SceneShards.WritePlaces(Folder, "val", 24, 24, index => QuickStartData.LabeledValidation(scenes, index));
            Settings =
            [
                $"output={Folder}", $"data.train={Captioned}", $"teacher.path={SharedData.RepositoryRoot()}/data/quickstart/teacher.gguf",
                "teacher.threads=1", "data.workers=1", "cc_finetune.adapter.kind=none", "cc_finetune.languages=[en]", "clip_train.epochs=2",
                "clip_train.device=cpu", "model.image_size=64", "model.patch_size=16", "model.width=32", "model.layers=1", "model.heads=2",
                "model.embed_dim=16", "model.adapter_blocks=1",
            ];
            foreach (var command in new[] { "cc-finetune", "extract", "clip-train" })
            {
                Done([command, .. Settings.SelectMany(setting => new[] { "--set", setting })]);
            }
        }

        public string Folder { get; } = Directory.CreateTempSubdirectory("llm2clip-classes").FullName;

        public string Captioned => Path.Combine(Folder, "train-*.tar");

        private string[] Settings { get; }

        /// <summary>The words of a further training, in a folder of its own.</summary>
        public string[] Train(string name, params string[] more)
        {
            var from = more.Any(setting => setting.StartsWith("clip_train.init", StringComparison.Ordinal)
                || setting.StartsWith("model.init", StringComparison.Ordinal));
            string[] all =
            [
                .. Settings.Where(setting => !from || !setting.StartsWith("model.", StringComparison.Ordinal)), "model.embed_dim=16",
                $"clip_train.output={Path.Combine(Folder, name)}", .. more,
            ];
            return ["clip-train", .. all.SelectMany(setting => new[] { "--set", setting })];
        }

        public string Labeled => Path.Combine(Folder, "labeled-*.tar");

        public string Val => Path.Combine(Folder, "val-*.tar");

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
