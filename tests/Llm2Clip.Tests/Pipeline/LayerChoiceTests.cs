using System.Text.Json.Nodes;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Training.Stage1;

namespace Llm2Clip.Tests.Pipeline;

/// <summary>Layers compared (<c>eval captions --layers</c>) and chosen (<c>teacher.layers: auto</c>), with the quick start's LLM.</summary>
public sealed class LayerChoiceTests : IDisposable
{
    private static readonly string Gguf = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");
    private static readonly string[] Colors = ["red", "blue", "green", "black", "white", "brown"];
    private static readonly string[] Things = ["dog", "car", "boat", "child", "house", "horse", "bird", "tree"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Each row is what the probe says of a teacher that reads this layer alone, which has a road of its own.</summary>
    [Fact]
    public void EachRowIsTheProbeOfThatLayerAlone()
    {
        var data = new DataConfig { Train = Write("train", 40), Val = Write("val", 30, offset: 40) };
        var compared = Probe(data, "all", layers: "");
        var blocks = (compared.Rows.Count - 3) / 2;
        IEnumerable<string> places = [.. Enumerable.Range(1, blocks).Select(block => $"{block}"), "final"];
        Assert.Equal(
            ["0", .. places.Select(place => place + " bidirectional"), .. places.Select(place => place + " causal")],
            compared.Rows.Select(row => row.Name));
        foreach (var row in compared.Rows)
        {
            var alone = Probe(data, "", row.Name).Rows.Single(one => one.Name == "raw, training mean");
            var (there, here) = (Assert.Single(row.Scores), alone.Scores.Single(score => score is { From: "en", To: "en" }));
            Assert.Equal((here.Recall.RecallAt1, here.Recall.RecallAt10), (there.Recall.RecallAt1, there.Recall.RecallAt10));
        }
        var best = compared.Rows.MaxBy(row => row.Scores[0].Recall.RecallAt1 + row.Scores[0].Recall.RecallAt10)!;
        Assert.Equal((best.Name, "en"), (compared.Best!.Layer, compared.Best.Language));
        Assert.True(compared.Rows.Select(row => row.Scores[0].Recall.RecallAt10).Distinct().Count() > 1, "layers differ");
    }

    [Fact]
    public void LanguagesAreAddedByPairsAndLoseTheirOwnMean()
    {
        var data = new DataConfig { Train = Write("train", 40), Val = Write("val", 30, offset: 40) };
        var run = new RunConfig
        {
            Output = _folder.File("run"), Data = data, Teacher = LlamaCases.OneThread with { Path = Gguf },
            EvalCaptions = new CaptionProbeConfig { Layers = "1, final causal", Pairs = ["de->en"] },
        };
        var result = EvalCaptions.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.Equal(["1 bidirectional", "final causal"], result.Rows.Select(row => row.Name));
        Assert.Equal(["en->en", "de->en"], result.Rows[0].Scores.Select(score => $"{score.From}->{score.To}"));
        Assert.StartsWith("de: 40 sentences in de", Assert.Single(result.Rows[0].OwnMeans), StringComparison.Ordinal);
    }

    /// <summary>What cc-finetune chose is in the teacher folder, and the stages after it need no setting.</summary>
    [Fact]
    public void TheChoiceIsInTheTeacherFolderAndStays()
    {
        var run = Auto();
        Train(run);
        var file = Path.Combine(run.TeacherOutput(), LayerChoice.FileName);
        var probe = JsonNode.Parse(File.ReadAllText(file))!["probe"]!;
        var chosen = (string)probe["best"]!["layer"]!;
        Assert.Equal(chosen, Best(probe["rows"]!.AsArray()));
        var settings = TeacherFolder.Read(run.TeacherOutput()).Settings;
        Assert.Equal(TeacherLayers.Parse(chosen, TeacherAttention.Bidirectional), settings.LayerList());
        Assert.Equal(
            LlmFingerprint(settings), EmbeddingStoreManifest.Read(run.RawStore()).Teacher);
        var extracted = Extract.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken);
        using var teacher = Teacher.Open(run.TeacherOutput(), LlamaCases.OneThread);
        Assert.Equal(teacher.Fingerprint, extracted.Fingerprint);

        // Another training stays with the choice that is there, whatever it is; one that would choose by other data chooses again.
        var other = chosen == "2 causal" ? "2 bidirectional" : "2 causal";
        File.WriteAllText(
            file, File.ReadAllText(file).Replace($"\"layer\": \"{chosen}\"", $"\"layer\": \"{other}\"", StringComparison.Ordinal));
        Directory.Delete(Path.Combine(run.TeacherOutput(), TeacherFolder.CheckpointName), recursive: true);
        var again = run with { CcFinetune = run.CcFinetune with { RawStore = _folder.File("other-raw") } };
        Train(again);
        Assert.Equal(
            TeacherLayers.Parse(other, TeacherAttention.Bidirectional), TeacherFolder.Read(run.TeacherOutput()).Settings.LayerList());
        Directory.Delete(Path.Combine(run.TeacherOutput(), TeacherFolder.CheckpointName), recursive: true);
        Train(again with { CcFinetune = again.CcFinetune with { Seed = 1, RawStore = _folder.File("third-raw") } });
        Assert.NotEqual(other, (string)JsonNode.Parse(File.ReadAllText(file))!["probe"]!["best"]!["layer"]!);

        static string Best(JsonArray rows) => (string)rows.MaxBy(row => Recall(row!, "recall_at1") + Recall(row!, "recall_at10"))!["name"]!;

        static double Recall(JsonNode row, string name) => (double)row["scores"]![0]!["recall"]![name]!;
    }

    /// <summary>Neither the val data nor other languages decide.</summary>
    [Fact]
    public void ValDataAndOtherLanguagesPlayNoPart()
    {
        var run = Auto();
        var languages = run.CcFinetune with { Languages = ["en"] };
        Train(run with { Data = run.Data with { Val = Write("val", 20, offset: 40) }, CcFinetune = languages });
        var with = File.ReadAllText(Path.Combine(run.TeacherOutput(), LayerChoice.FileName));
        Train(run with { Output = _folder.File("without"), CcFinetune = languages });
        Assert.Equal(with, File.ReadAllText(Path.Combine(_folder.File("without"), "teacher", LayerChoice.FileName)));
        Assert.DoesNotContain("\"de\"", with, StringComparison.Ordinal);
    }

    [Fact]
    public void OneCaptionPerImageCannotChoose()
    {
        var run = Auto();
        var single = run with
        {
            Data = new DataConfig { Train = Write("single", 20, wordings: 1) },
            CcFinetune = run.CcFinetune with { Languages = ["en"], Adapter = new AdapterConfig { Kind = AdapterKind.None } },
        };
        var error = Assert.Throws<InputException>(() => Train(single));
        Assert.Contains("teacher.layers is auto, which compares two captions in en of one image", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABareLlmHasNothingToChooseBy()
    {
        var auto = LlamaCases.OneThread with { Layers = "auto" };
        var error = Assert.Throws<ConfigException>(() => Teacher.Open(Gguf, auto));
        Assert.Contains("teacher.layers is auto", error.Message, StringComparison.Ordinal);
        Assert.Contains("eval captions --layers all", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("some", "eval_captions.layers is 'some'")]
    [InlineData("99", "names block 99")]
    [InlineData("1, 1 bidirectional", "eval_captions.layers is '1, 1 bidirectional', which names 1 bidirectional twice")]
    public void WhatIsNoLayerIsRefused(string layers, string says)
    {
        var data = new DataConfig { Val = Write("val", 10) };
        Assert.Contains(says, Assert.Throws<ConfigException>(() => Probe(data, layers, "")).Message, StringComparison.Ordinal);
    }

    /// <summary>An older store's description has no layers: they were the final norm's.</summary>
    [Fact]
    public void AnotherLayerIsNamedAlsoWhereTheDescriptionIsOlder()
    {
        var there = TeacherDescription.Of(null, new TeacherSettings(), null).Where(fact => fact.Key != "layers").ToDictionary();
        var here = TeacherDescription.Of(null, new TeacherSettings { Layers = "13, 0" }, null);
        Assert.Equal("teacher.layers is 'final' there and '13, 0' here", TeacherDescription.Difference(there, here));
        Assert.Empty(TeacherDescription.Difference(there, TeacherDescription.Of(null, new TeacherSettings(), null)));
    }

    [Fact]
    public void ATeacherFolderWithOtherLayersThanTheRunFileIsRefusedNamingThem()
    {
        var run = Auto() with { Teacher = LlamaCases.OneThread with { Path = Gguf, Layers = "1, 0" } };
        Train(run);
        var asks = run with { Teacher = run.Teacher with { Layers = "2" } };
        var error = Assert.Throws<ConfigException>(() => Extract.Run(asks, SilentLog.Instance, TestContext.Current.CancellationToken));
        Assert.Contains("teacher.layers is '1, 0' there and '2' here", error.Message, StringComparison.Ordinal);

        // One spelling or another is the same setting, and the vectors of two parts are found again.
        var same = run with { Teacher = run.Teacher with { Layers = " 1 bidirectional,0" } };
        Assert.True(Extract.Run(same, SilentLog.Instance, TestContext.Current.CancellationToken).Added > 0);
        using var teacher = Teacher.Open(run.TeacherOutput(), LlamaCases.OneThread);
        using var store = EmbeddingStore.Open(run.VectorStore(), teacher.Fingerprint);
        var text = Caption(3, 0);
        var (stored, live) = (new float[teacher.Dimension], teacher.Embed(
            [text], "en", CenteringMode.Training, SilentLog.Instance, TestContext.Current.CancellationToken).Vectors);
        Assert.True(store.TryGet(text, stored));
        // Both stores are half precision: 2^-11 of a value, here and in what the adapter was given.
        var largest = live.Max(Math.Abs);
        Assert.InRange(LlamaCases.LargestDifference(stored, live), 0, 0.01f * largest);
    }

    [Fact]
    public void AnAdapterForAnotherNumberOfPartsIsRefused()
    {
        var run = Auto() with { Teacher = LlamaCases.OneThread with { Path = Gguf, Layers = "1, 0" } };
        Train(run);
        var path = Path.Combine(run.TeacherOutput(), CcAdapter.FileName);
        using (var adapter = CcAdapter.Load(path))
        using (var whole = CcAdapter.Create(adapter.Config, adapter.Means, 0, parts: 1))
        {
            whole.Save(path);
        }
        var message = Assert.Throws<InputException>(() => Teacher.Open(run.TeacherOutput(), LlamaCases.OneThread)).Message;
        Assert.Contains("in 1 parts, the model gives ", message, StringComparison.Ordinal);
        Assert.Contains("in 2 (layers: 1, 0)", message, StringComparison.Ordinal);
    }

    private static string LlmFingerprint(TeacherSettings settings) =>
        LlmTextEncoder.FingerprintOf(WeightsHash.Of(Llm2Clip.Weights.Gguf.GgufFile.Open(Gguf)), settings);

    private static void Train(RunConfig run) => CcFinetune.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken);

    private RunConfig Auto() => new()
    {
        Output = _folder.File("run"),
        Data = new DataConfig { Train = Write("train", 40), Language = "en" },
        Teacher = LlamaCases.OneThread with { Path = Gguf, Layers = "auto" },
        CcFinetune = new CcFinetuneConfig { Epochs = 1, BatchSize = 20, Adapter = new AdapterConfig { Dimension = 16 }, Device = "cpu" },
    };

    private CaptionProbeResult Probe(DataConfig data, string compared, string layers)
    {
        var run = new RunConfig
        {
            Output = _folder.File("run"), Data = data,
            Teacher = LlamaCases.OneThread with { Path = Gguf, Layers = layers.Length > 0 ? layers : null },
            EvalCaptions = new CaptionProbeConfig { Layers = compared, RawDtype = VectorType.Fp32 },
        };
        Checked.Require(run.EvalCaptions, "eval_captions");
        return EvalCaptions.Run(run, SilentLog.Instance, TestContext.Current.CancellationToken);
    }

    private static string Caption(int image, int wording)
    {
        var what = $"{Colors[image % Colors.Length]} {Things[image % Things.Length]}";
        return wording == 0 ? $"a {what} number {image} in the snow" : $"there is one {what} outside, {image}";
    }

    /// <summary>A list of images with English captions in some wordings and a German one.</summary>
    private string Write(string name, int images, int offset = 0, int wordings = 2)
    {
        var path = _folder.File(name + ".jsonl");
        File.WriteAllLines(path, Enumerable.Range(offset, images).Select(image =>
        {
            File.WriteAllBytes(_folder.File($"{image}.jpg"), []);
            var english = string.Join(", ", Enumerable.Range(0, wordings).Select(wording => $"\"{Caption(image, wording)}\""));
            var captions = $"{{\"en\": [{english}], \"de\": [\"ein Bild mit {Things[image % Things.Length]} Nummer {image}\"]}}";
            return $"{{\"key\": \"k{image}\", \"image\": \"{image}.jpg\", \"captions\": {captions}}}";
        }));
        return path;
    }
}
