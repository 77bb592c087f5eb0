using System.Text.Json;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Teachers;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.Pipeline;

/// <summary>
/// The stages one after the other, as a user runs them: the run file names data and LLM once, and the tiny LLM of the quick start, a few
/// images
/// and a small student make it quick.
/// </summary>
public sealed class StagesAgreeTests : IDisposable
{
    private static readonly string Gguf = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");

    /// <summary>What makes it quick: no language, no folder, no batch.</summary>
    private static readonly string[] Small =
    [
        "teacher.threads=1", "data.workers=1", "cc_finetune.epochs=2", "cc_finetune.adapter.dimension=32", "clip_train.epochs=2",
        "clip_train.device=cpu", "model.image_size=64", "model.patch_size=16", "model.width=32", "model.layers=1", "model.heads=2",
        "model.embed_dim=32", "model.adapter_blocks=1",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-stages").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Train => Path.Combine(_folder, "train-*.tar");

    private string Val => Path.Combine(_folder, "val-*.tar");

    [Fact]
    public void DataInSeveralLanguagesIsNamedOnceAndGoesFromCaptionsToScores()
    {
        Write("train", 0, 30, sample => sample);
        Write("val", 30, 10, sample => sample);
        RunFile($"data: {{train: '{Train}', val: '{Val}'}}\nteacher: {{path: {Gguf}}}\n");

        var tuning = Done("cc-finetune");
        Assert.Contains("trained on ", tuning, StringComparison.Ordinal);
        Assert.Contains("Embed captions (LLM)", tuning, StringComparison.Ordinal);
        Done("extract");
        var training = Done("clip-train");
        Assert.Contains("clip_train.batch_size: 30, not 512", training, StringComparison.Ordinal);
        Assert.Contains("The run's 2 steps are all warm-up: lower warmup_steps, 100", training, StringComparison.Ordinal);
        Assert.Contains("text-to-image R@10 (", training, StringComparison.Ordinal); // scored on data.val while it trained
        var evaluation = Done("eval", "retrieval");
        Assert.DoesNotContain("(LLM)", evaluation, StringComparison.Ordinal); // the LLM ran once per caption, and not here
        Assert.Equal(["de", "en", "zh"], Languages());
    }

    /// <summary>
    /// Two data sets by weights through all stages; a run that was stopped in an epoch ends as one that was not, to the bit, with several
    /// workers, on images and on the features of a frozen encoder.
    /// </summary>
    [Theory]
    [InlineData("clip_train.epochs=3")]
    [InlineData("clip_train.epochs=3", "clip_train.unlocked_blocks=0", "clip_train.views=2")]
    public void SeveralDataSetsGoThroughAllStagesAndAreResumedWithin(params string[] settings)
    {
        Write("big", 0, 24, sample => sample);
        Write("small", 24, 6, OneCaption);
        Write("val", 30, 10, sample => sample);
        var (big, small) = (Path.Combine(_folder, "big-*.tar"), Path.Combine(_folder, "small-*.tar"));
        RunFile($"data: {{train_sets: [{{path: '{big}', weight: 2}}, {{path: '{small}', weight: 1}}], val: '{Val}'}}\n"
            + $"teacher: {{path: {Gguf}}}\n"
            + "clip_train: {batch_size: 6, epoch_samples: 36, schedule: constant, warmup_steps: 0, keep: last}\n");
        Done("cc-finetune");
        var extraction = Done("extract");
        Assert.Contains($"{big}: ", extraction, StringComparison.Ordinal);
        Assert.Contains($"{small}: en (6 captions)", extraction, StringComparison.Ordinal);
        string[] set = [.. settings.Append("data.workers=3").SelectMany(setting => new[] { "--set", setting })];
        var training = Done(["clip-train", .. set]);
        Assert.Contains($"Each epoch draws 36 images: 24 of {big}, 12 of {small}.", training, StringComparison.Ordinal);
        Done("eval", "retrieval");

        string[] stopped = ["clip-train", .. set, "--set", $"clip_train.output={_folder}/stopped"];
        Done([.. stopped, "--set", "clip_train.steps=10"]); // in the second epoch of six steps
        var resumed = Done([.. stopped, "--set", "clip_train.steps=0"]);
        Assert.Contains("Resumed at step 10, epoch 2, batch 4.", resumed, StringComparison.Ordinal);
        byte[] Model(string folder) => File.ReadAllBytes(Path.Combine(folder, "model", "text_adapter.safetensors"));
        Assert.Equal(Model(Path.Combine(_folder, "run", "student")), Model(Path.Combine(_folder, "stopped")));

        var refusal = Failed(2, [.. stopped, "--set", "data.train_sets.1.weight=2", "--set", "data.train_sets.0.language=en"]);
        Assert.Contains("data.train_sets.1.weight: 1 in the checkpoint, 2 now", refusal, StringComparison.Ordinal);
        Assert.Contains("data.train_sets.0.language: (not set) in the checkpoint, \"en\" now", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void ADataSetWithoutACaptionThatIsDrawnIsNamed()
    {
        Write("big", 0, 20, sample => sample);
        Write("small", 20, 6, OneCaption);
        var small = Path.Combine(_folder, "small-*.tar");
        RunFile($"data: {{train_sets: [{{path: '{_folder}/big-*.tar'}}, {{path: '{small}'}}]}}\nteacher: {{path: {Gguf}}}\n");
        Done("extract");
        Assert.Contains(
            $"data.train_sets.1 ({small}) has no image with a caption that clip-train draws. It has en (6 captions), and clip-train draws "
                + "de",
            Failed(3, "clip-train", "--set", "clip_train.captions=[{language: de}]"), StringComparison.Ordinal);
    }

    [Fact]
    public void TheCommandLineIsEnough()
    {
        Write("train", 0, 20, sample => sample);
        Done("cc-finetune", "--teacher", Gguf, "--data", Train);
        var extraction = Done("extract", "--data", Train);
        Assert.DoesNotContain("(LLM)", extraction, StringComparison.Ordinal);
        Done("clip-train", "--data", Train);
        Done("eval", "retrieval", "--data", Train);
        Assert.Equal(["de", "en", "zh"], Languages());
    }

    [Fact]
    public void OneCaptionPerImageIsRefusedByStageOneWithWhatServesAndServesStageTwo()
    {
        Write("train", 0, 20, OneCaption);
        RunFile($"data: {{train: '{Train}'}}\nteacher: {{path: {Gguf}}}\n");
        var refusal = Failed(3, "cc-finetune");
        Assert.Contains("of the 20 images of data.train with captions in en none has two different ones", refusal,
            StringComparison.Ordinal);
        Assert.Contains("--set cc_finetune.adapter.kind=none", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "run")), "nothing was begun");

        Assert.Contains("nothing trained", Done("cc-finetune", "--set", "cc_finetune.adapter.kind=none"), StringComparison.Ordinal);
        Assert.DoesNotContain("(LLM)", Done("extract"), StringComparison.Ordinal);
        Done("clip-train");
        Done("eval", "retrieval", "--data", Train);
    }

    [Fact]
    public void ABareLlmIsTheTeacherWhereStageOneIsLeftOut()
    {
        Write("train", 0, 20, OneCaption);
        Write("val", 20, 10, OneCaption);
        RunFile($"data: {{train: '{Train}', val: '{Val}'}}\nteacher: {{path: {Gguf}}}\n");
        Assert.Contains("the bare LLM", Done("extract"), StringComparison.Ordinal);
        Done("clip-train");
        var evaluation = Done("eval", "retrieval");
        Assert.Contains("cc_finetune.adapter.kind=none", evaluation, StringComparison.Ordinal);
        Assert.DoesNotContain("(LLM)", evaluation, StringComparison.Ordinal); // extract.store holds the LLM's own vectors
    }

    [Fact]
    public void AMissingLanguageIsNamedWithTheKeyThatDiffersAndTheRemedyWorks()
    {
        Write("train", 0, 20, sample => sample);
        RunFile($"data: {{train: '{Train}'}}\nteacher: {{path: {Gguf}}}\nextract: {{languages: [en]}}\n");
        var unknown = Failed(3, "extract", "--set", "extract.languages=[fr]");
        Assert.Matches(@"has .*(de|en|zh) \(\d+ captions\).*extract looks for fr \(extract\.languages\)", unknown);

        Done("extract");
        string[] drawn = ["--set", "clip_train.captions=[{language: en}, {language: zh}]"];
        var refusal = Failed(3, ["clip-train", .. drawn]);
        Assert.Matches(@"lacks the vectors of captions of data\.train that clip-train draws: (\d+) of \1 in zh \(it has those in en\)",
            refusal);
        Assert.Contains("set extract.languages=[en, zh] and run `llm2clip extract` again", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "run", "student")), "nothing was begun");

        Assert.Contains(
            "draws fr (clip_train.captions). Set clip_train.captions",
                Failed(3, "clip-train", "--set", "clip_train.captions=[{language: fr}]"),
            StringComparison.Ordinal);

        Done("extract", "--set", "extract.languages=[en, zh]");
        Done(["clip-train", .. drawn]);
    }

    [Fact]
    public void TheTermsOfTheLossAreReachedByTheirKeys()
    {
        Write("train", 0, 20, sample => sample);
        RunFile($"data: {{train: '{Train}'}}\nteacher: {{path: {Gguf}}}\n");
        Done("extract");
        Assert.Matches(
            @"clip_train\.text_queue is 100000, and the training draws \d+ different captions",
            Failed(2, "clip-train", "--set", "clip_train.text_queue=100000"));
        Assert.Contains(
            "the image encoder is new and has nothing to retain", Failed(2, "clip-train", "--set", "clip_train.retention.weight=1"),
            StringComparison.Ordinal);
        Done("clip-train", "--set", "clip_train.text_queue=16", "--set", "clip_train.relational.weight=1");
        Assert.Contains("train/relational", File.ReadAllText(Path.Combine(_folder, "run", "student", "metrics.jsonl")), StringComparison.Ordinal);

        // A second run from this student has something to retain.
        Done(
            "clip-train", "--set", $"clip_train.init={_folder}/run/student", "--set", $"clip_train.output={_folder}/again",
            "--set", "clip_train.retention.weight=1");
        Assert.Contains("train/retention", File.ReadAllText(Path.Combine(_folder, "again", "metrics.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void OtherDataThanTheStoreSaysWhichKeyToSet()
    {
        Write("train", 0, 20, sample => sample);
        Write("val", 20, 10, sample => sample);
        RunFile($"data: {{train: '{Train}', val: '{Val}'}}\nteacher: {{path: {Gguf}}}\nextract: {{data: ['{Train}']}}\n");
        Done("extract");
        var refusal = Failed(3, "clip-train");
        Assert.Contains("captions of data.val", refusal, StringComparison.Ordinal);
        Assert.Contains("extract.data lists other data", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("with these settings", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void ACommandThatComesTooEarlyNamesTheOneBefore()
    {
        Write("train", 0, 4, sample => sample);
        RunFile($"data: {{train: '{Train}'}}\nteacher: {{path: {Gguf}}}\n");
        Assert.Contains("run `llm2clip extract` first", Failed(3, "clip-train"), StringComparison.Ordinal);
        Assert.Contains("run `llm2clip clip-train` first", Failed(3, "eval", "retrieval", "--data", Train), StringComparison.Ordinal);
        Assert.Contains(
            "run `llm2clip cc-finetune` first", Failed(3, "extract", "--set", $"cc_finetune.output={_folder}/teacher"),
                StringComparison.Ordinal);
    }

    [Fact]
    public void DataWithoutEnglishIsTrainedOnAndProbedByTheKeyThatTheMessageNames()
    {
        Write("train", 0, 20, sample => sample with
        {
            Captions = sample.Captions.Where(captions => captions.Key == "de").ToDictionary(),
        });
        Assert.Contains("trained on de", Done("cc-finetune", "--teacher", Gguf, "--data", Train), StringComparison.Ordinal);
        string[] probe = ["eval", "captions", "--teacher", Gguf, "--data", Train];
        Assert.Contains("eval_captions.training_language is en, and ", Failed(3, probe), StringComparison.Ordinal);
        Done([.. probe, "--set", "eval_captions.training_language=de"]);
    }

    [Fact]
    public void ALanguageThatTheDataContradictsIsNamed()
    {
        Write("train", 0, 20, OneCaption);
        RunFile($"data: {{train: '{Train}', language: de}}\nteacher: {{path: {Gguf}}}\n");
        const string Warning = "Warning: data.train has en (20 captions), and none in de (data.language)";
        Assert.Contains(Warning, Done("cc-finetune", "--set", "cc_finetune.adapter.kind=none"), StringComparison.Ordinal);
        Assert.Contains(Warning, Done("extract"), StringComparison.Ordinal);
        Assert.DoesNotContain("(data.language)", Done("extract", "--set", "data.language=en"), StringComparison.Ordinal);
    }

    [Fact]
    public void TheFolderOfTheRunIsEnoughToEvaluateIt()
    {
        Write("train", 0, 20, OneCaption);
        RunFile($"data: {{train: '{Train}'}}\nteacher: {{path: {Gguf}}}\n");
        Done("cc-finetune", "--set", "cc_finetune.adapter.kind=none");
        Done("extract");
        Done("clip-train");
        File.Delete(Path.Combine(_folder, "run.yaml"));
        var run = Path.Combine(_folder, "run");
        var evaluation = Done("eval", "retrieval", "--model", run, "--teacher", run, "--data", Train);
        Assert.Contains("T2I ", evaluation, StringComparison.Ordinal);
        Assert.DoesNotContain("(LLM)", evaluation, StringComparison.Ordinal); // the raw store beside the teacher was found
    }

    [Fact]
    public void ATeacherOfAnotherLlmIsNotTakenForTheNamedOne()
    {
        Write("train", 0, 6, OneCaption);
        Done("cc-finetune", "--teacher", Gguf, "--data", Train, "--set", "cc_finetune.adapter.kind=none");
        var other = Path.Combine(_folder, "other.gguf");
        var bytes = File.ReadAllBytes(Gguf);
        bytes[^1] ^= 1;
        File.WriteAllBytes(other, bytes);
        var refusal = Failed(2, "extract", "--data", Train, "--set", $"teacher.path={other}");
        Assert.Contains("was made of another LLM (teacher.gguf)", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void LanguagesWithoutAMeanAreNamedAndOneKeyGivesThemTheirs()
    {
        Write("train", 0, 24, sample => sample);
        Write("val", 24, 12, sample => sample);
        RunFile($"data: {{train: '{Train}', val: '{Val}'}}\nteacher: {{path: {Gguf}}}\ncc_finetune: {{languages: [en]}}\n");
        var tuning = Done("cc-finetune");
        Assert.Matches("(de, zh|zh, de): no own mean", tuning);
        Assert.Contains($"--set cc_finetune.means_from='{Train}'", tuning, StringComparison.Ordinal);
        Done("extract");
        Done("clip-train");
        Assert.Contains("de, zh: no own mean", Done("eval", "retrieval"), StringComparison.Ordinal);
        Assert.Empty(OwnMeans());

        Assert.Contains("is evaluated", Failed(2, "eval", "retrieval", "--set", $"eval.means_from={Val}"), StringComparison.Ordinal);
        Assert.DoesNotContain("no own mean", Done("eval", "retrieval", "--set", $"eval.means_from={Train}"), StringComparison.Ordinal);
        Assert.Equal(["de", "zh"], OwnMeans());
        const string Bank = "eval.querybank.size=10";
        Assert.Contains("no key says where its sentences come from", Failed(2, "eval", "retrieval", "--set", Bank), StringComparison.Ordinal);
        Assert.Contains(
            "eval.querybank.from names", Failed(2, "eval", "retrieval", "--set", Bank, "--set", $"eval.querybank.from={Val}"),
            StringComparison.Ordinal);
        var banked = Done("eval", "retrieval", "--set", Bank, "--set", $"eval.querybank.from={Train}");
        Assert.Contains("training, QB-Norm", banked, StringComparison.Ordinal);
        Assert.Contains("10 sentences in de", banked, StringComparison.Ordinal);
        // Means of languages that were not trained on make no other teacher: store and student keep theirs.
        Assert.DoesNotContain("no own mean", Done("cc-finetune", "--set", $"cc_finetune.means_from={Train}"), StringComparison.Ordinal);
        Done("eval", "retrieval");
        Assert.Equal(["de", "zh"], OwnMeans());
    }

    [Fact]
    public void AStoreOfAnotherTeacherIsRefusedBeforeTheLlmRuns()
    {
        Write("train", 0, 6, OneCaption);
        RunFile($"data: {{train: '{Train}'}}\nteacher: {{path: {Gguf}}}\n");
        Done("extract");
        Done("cc-finetune", "--set", "cc_finetune.adapter.kind=none");
        var refusal = Failed(3, "extract");
        Assert.Contains(Path.Combine(_folder, "run", "vectors"), refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("Embed", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFilesOfATeacherGiveItsFingerprintWithoutTheLlm()
    {
        Write("train", 0, 6, OneCaption);
        Done("cc-finetune", "--teacher", Gguf, "--data", Train, "--set", "cc_finetune.adapter.kind=none");
        foreach (var path in new[] { Gguf, Path.Combine(_folder, "run", "teacher") })
        {
            using var files = TeacherFiles.Open(path);
            using var teacher = Teacher.Open(path, new TeacherConfig { Threads = 1 });
            Assert.Equal((teacher.Fingerprint, teacher.Encoder.Fingerprint), (files.Fingerprint, files.RawFingerprint));
        }
    }

    /// <summary>Scenes with captions in English, German and Chinese, as a shard.</summary>
    private void Write(string name, int first, int count, Func<SceneSample, SceneSample> change)
    {
        var scenes = new SceneData(seed: 11, validationCount: 60);
        SceneShards.Write(_folder, name, count, count, index => change(scenes.Validation(first + index)));
    }

    private static SceneSample OneCaption(SceneSample sample) => sample with
    {
        Captions = new Dictionary<string, SceneCaptions> { ["en"] = new([sample.Captions["en"].Short[0]], []) },
    };

    private void RunFile(string yaml) => File.WriteAllText(Path.Combine(_folder, "run.yaml"), yaml);

    private string Done(params string[] words)
    {
        var (code, text) = Call(words);
        Assert.True(code == 0, $"{string.Join(' ', words)} ended with {code}:\n{text}");
        return text;
    }

    private string Failed(int code, params string[] words)
    {
        var (found, text) = Call(words);
        Assert.True(code == found, $"{string.Join(' ', words)} ended with {found}:\n{text}");
        return text;
    }

    private (int Code, string Text) Call(string[] words)
    {
        var file = Path.Combine(_folder, "run.yaml");
        string[] config = File.Exists(file) ? ["--config", file] : [];
        // First --set wins least, so that what a test sets comes last.
        var command = words.TakeWhile(word => !word.StartsWith('-')).ToList();
        string[] all =
        [
            .. command, .. config, .. Small.Append($"output={Path.Combine(_folder, "run")}")
                .SelectMany(setting => new[] { "--set", setting }),
            .. words.Skip(command.Count),
        ];
        var (code, output, error) = CommandLineTests.Run(all);
        return (code, output + error);
    }

    private IEnumerable<JsonElement> Rows()
    {
        using var report = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "run", "student", "model", "retrieval.json")));
        return [.. report.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.Clone())];
    }

    private IEnumerable<string?> Languages() => Rows().Select(row => row.GetProperty("language").GetString()).Distinct().Order();

    private IEnumerable<string?> OwnMeans() => Rows().Where(row => row.GetProperty("mean").GetString() == "own")
        .Select(row => row.GetProperty("language").GetString()).Order();
}
