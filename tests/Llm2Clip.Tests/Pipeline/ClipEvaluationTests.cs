using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Models.Clip;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Tests.Teachers;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Pipeline;

/// <summary><c>eval retrieval</c>, <c>eval zeroshot</c> and <c>longclip stretch</c> of a whole CLIP, as a user calls them.</summary>
public sealed class ClipEvaluationTests : IDisposable
{
    private static readonly string QuickStart = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart");
    private readonly TemporaryFolder _folder = new();

    private static string Captioned => Path.Combine(QuickStart, "val-*.tar");

    public void Dispose() => _folder.Dispose();

    /// <summary>The table's numbers are those of the model's own vectors, ranked by hand; there is no teacher in the report.</summary>
    [Fact]
    public void RetrievalNeedsNoTeacher()
    {
        var model = TinyClip.Write(_folder.File("clip"), text: TinyClip.Text with { Positions = 248 });
        var text = Done(
            "eval", "retrieval", "--model", model, "--data", Captioned, "--output", _folder.File("out"), "--set", "eval.languages=[en]");
        Assert.Contains("none", text, StringComparison.Ordinal);
        Assert.DoesNotContain("mean: what was subtracted", text, StringComparison.Ordinal);
        using var report = Json("out/retrieval.json");
        var row = report.RootElement.GetProperty("rows")[0];
        Assert.Equal(("en", "none"), (Text(row, "language"), Text(row, "mean")));
        Assert.Equal("", Text(report.RootElement, "teacher"));
        Assert.DoesNotContain("fingerprint", File.ReadAllText(_folder.File("out/report.html")), StringComparison.Ordinal);

        using var clip = ClipModel.Load(model, CPU);
        var (images, captions, imageOf) = Vectors(clip);
        // Each caption's image among all images: the share whose rank is 1, ties against it.
        var first = 0;
        for (var c = 0; c < imageOf.Count; c++)
        {
            var scores = Enumerable.Range(0, images.Count).Select(image => Dot(images[image], captions[c])).ToList();
            first += scores.Where((score, image) => image != imageOf[c] && score >= scores[imageOf[c]]).Any() ? 0 : 1;
        }
        var recall = row.GetProperty("text_to_image").GetProperty("recall_at1").GetDouble();
        Assert.Equal(100.0 * first / imageOf.Count, recall, 100.0 / imageOf.Count + 1e-3); // one near tie may fall either way
    }

    /// <summary>Captions beyond the tower's positions are an error, and cut off where that is asked for, which the report says.</summary>
    [Fact]
    public void CaptionsThatAreTooLongAreCutOnlyWhereAsked()
    {
        var model = TinyClip.Write(_folder.File("clip"), text: TinyClip.Text with { Positions = 12 });
        string[] words = ["eval", "retrieval", "--model", model, "--data", Captioned, "--output", _folder.File("out"), "--set", "eval.languages=[en]"];
        var refusal = Failed(3, words);
        Assert.Contains("but the text tower has 12 positions", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("Encode images", refusal, StringComparison.Ordinal);
        Assert.Contains(
            "texts are longer than 12 tokens and lost their end (eval.truncate).", Done([.. words, "--set", "eval.truncate=true"]),
            StringComparison.Ordinal);
    }

    [Fact]
    public void ZeroShotNeedsNoTeacher()
    {
        var model = TinyClip.Write(_folder.File("clip"), ClipLayout.OpenClip);
        string[] words =
        [
            "eval", "zeroshot", "--model", model, "--classes", Path.Combine(QuickStart, "places.yaml"),
            "--data", Path.Combine(QuickStart, "places-val-*.tar"), "--output", _folder.File("out"), "--set", "eval.mirror=true",
        ];
        Assert.Contains("mirror image (eval.mirror)", Done(words), StringComparison.Ordinal);
        using var report = Json("out/zeroshot.json");
        Assert.Equal("none", Text(report.RootElement.GetProperty("rows")[0], "mean"));
        Assert.Equal(8, report.RootElement.GetProperty("classes").GetInt32());
        Assert.Contains("eval_zeroshot.data", Failed(2, words[..6]), StringComparison.Ordinal);
    }

    /// <summary>
    /// Stretched, a tower says what became of its positions, takes texts that were too long, and keeps the vectors of short ones.
    /// </summary>
    [Theory]
    [InlineData("hugging_face", 0)]
    [InlineData("open_clip", 0)]
    [InlineData("open_ai", 20)]
    public void AStretchedTowerTakesLongTexts(string layout, int kept)
    {
        var source = TinyClip.Write(_folder.File("clip"), ClipLayout.OpenClip);
        var target = _folder.File("long");
        var text = Done("longclip", "stretch", "--model", source, "--output", target, "--layout", layout);
        Assert.Contains("248 positions of 77 (keep 20, ratio 4)", text, StringComparison.Ordinal);
        Assert.Contains("positions 245 to 247: behind the last old position", text, StringComparison.Ordinal);
        using var before = ClipModel.Load(source, CPU);
        using var after = ClipModel.Load(target, CPU);
        Assert.Equal((248, kept), (after.Text.Config.Positions, after.Text.Config.KeptPositions));
        string[] brief = ["a cat", "the dog and"]; // within the positions that are kept
        Assert.Equal(Encode(before, brief, false).Features, Encode(after, brief, false).Features);
        string[] paragraph = [new('w', 200)];
        Assert.Throws<InputException>(() => Encode(before, paragraph, false));
        Assert.Equal(0, Encode(after, paragraph, false).Truncated);
        if (kept == 0)
        {
            Assert.Contains("\"model_max_length\": 248", File.ReadAllText(Path.Combine(target, "tokenizer_config.json")), StringComparison.Ordinal);
        }
    }

    /// <summary>
    /// A text tower alone, of another number of positions: Chinese-CLIP's 52, which reach 148. Without a vocabulary there is a note.
    /// </summary>
    [Fact]
    public void ATextTowerAloneIsStretched()
    {
        var source = _folder.File("text");
        var shape = TinyClip.Text with { Positions = 52, Width = 80, Heads = 5, MlpWidth = 100 };
        using (var tower = new Llm2Clip.Models.Text.ClipTextModel(shape, CPU))
        {
            tower.Initialize(1);
            ClipFolder.Write(source, ClipLayout.HuggingFace, tower, null, null);
        }
        var text = Done("longclip", "stretch", "--model", source, "--output", _folder.File("long"));
        Assert.Contains("148 positions of 52", text, StringComparison.Ordinal);
        Assert.Contains("holds no vocabulary, so none is beside the new tower", text, StringComparison.Ordinal);
        using var checkpoint = Llm2Clip.Models.Text.ClipTextCheckpoint.Open(_folder.File("long"));
        using var longer = checkpoint.Load(CPU);
        Assert.Equal(148, longer.Config.Positions);
        var refused = Failed(2, "longclip", "stretch", "--model", source, "--output", _folder.File("no"), "--length", "200");
        Assert.Contains("52 positions with keep 20 and ratio 4 reach 148. Set ratio to 5.63 or more, keep to 2 or less", refused, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("no")));
        Assert.Contains(
            "open_clip's layout holds whole models",
            Failed(2, "longclip", "stretch", "--model", source, "--output", _folder.File("no"), "--layout", "open_clip"), StringComparison.Ordinal);
        Assert.Contains(
            "is the model's own folder", Failed(2, "longclip", "stretch", "--model", source, "--output", source), StringComparison.Ordinal);
        Assert.Contains("2 keys are missing", Failed(2, "longclip", "stretch"), StringComparison.Ordinal);
    }

    private static (VectorSet Images, VectorSet Captions, IReadOnlyList<int> ImageOf) Vectors(ClipModel clip)
    {
        var source = Datasets.Open(Captioned, new DataConfig(), SilentLog.Instance);
        var loader = LoaderConfig.ForEvaluation(new DataConfig(), clip.Transform, 7);
        var images = EncodedImages.Encode(source, loader, batch => clip.EncodeImages(batch.Pixels, batch.Count), SilentLog.Instance);
        List<(string Text, int Image)> captions =
        [
            .. images.Samples.SelectMany((sample, image) => sample.Captions.Where(caption => caption.Language == "en")
                .Select(caption => (caption.Text, image))),
        ];
        var features = Encode(clip, [.. captions.Select(caption => caption.Text)], false).Features;
        return (images.Vectors, new VectorSet(features, clip.EmbedDim), [.. captions.Select(caption => caption.Image)]);
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (double)a[i] * b[i];
        }
        return sum;
    }

    private static string Done(params string[] words) => Failed(0, words);

    private static string Failed(int code, params string[] words)
    {
        var (found, output, error) = CommandLineTests.Run(words);
        Assert.True(found == code, $"{string.Join(' ', words)} ended with {found}, expected {code}:\n{output}\n{error}");
        return output + error;
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private JsonDocument Json(string name) => JsonDocument.Parse(File.ReadAllText(_folder.File(name)));

    private static ClipTexts Encode(ClipModel model, IReadOnlyList<string> texts, bool truncate) =>
        model.EncodeTexts(texts, truncate, TestContext.Current.CancellationToken);
}
