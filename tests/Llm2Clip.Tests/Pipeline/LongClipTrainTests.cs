using System.Text.Json;
using Llm2Clip.Models.Clip;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Tests.Teachers;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Pipeline;

/// <summary><c>longclip train</c> as a user calls it, on the images of the quick start.</summary>
public sealed class LongClipTrainTests : IDisposable
{
    private static readonly string QuickStart = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart");
    private readonly TemporaryFolder _folder = new();

    private static string Images => Path.Combine(QuickStart, "val-*.tar");

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// A new CLIP on single captions, stretched, and trained on long ones: each step takes what the one before wrote, and the report of
    /// what came out has the curves of the training.
    /// </summary>
    [Fact]
    public void ANewClipBecomesALongOne()
    {
        var first = _folder.File("first");
        var text = Done([.. New(first), "--set", "longclip.long_kinds=[short]", "--set", "longclip.short_weight=0", "--set", "data.val=" + Images]);
        Assert.Contains("longer than 60 tokens and lost their end", text, StringComparison.Ordinal);
        Assert.Contains("text-to-image R@10 (captions)", text, StringComparison.Ordinal);
        var stretched = _folder.File("stretched");
        Assert.Contains(
            "180 positions of 60", Done("longclip", "stretch", "--model", first, "--output", stretched), StringComparison.Ordinal);

        var run = _folder.File("long");
        string[] words =
        [
            "longclip", "train", "--model", stretched, "--data", Images, "--output", run, "--json", _folder.File("outcome.json"),
            .. Set(
                "data.val=" + Images, "longclip.languages=[en]", "longclip.steps=4", "longclip.eval_every=2", "longclip.batch_size=20",
                "longclip.pcm.k=4", "longclip.micro_batch=7", "longclip.kept_positions=20", "longclip.device=cpu", "longclip.layer_decay=0.8",
                "longclip.learning_rate=0.01", "longclip.warmup_steps=0", "longclip.layout=open_ai"),
        ];
        text = Done(words);
        Assert.Contains("the first 20 positions do not train", text, StringComparison.Ordinal);
        Assert.Matches(@"step 0: text-to-image R@10 \(long \d+\.\d %, short \d+\.\d %\)", text);
        using var outcome = JsonDocument.Parse(File.ReadAllText(_folder.File("outcome.json")));
        var result = outcome.RootElement.GetProperty("result");
        Assert.Equal((180, 160), (result.GetProperty("positions").GetInt32(), result.GetProperty("captions").GetInt32()));
        Assert.Contains("Already complete at step 4", Done(words), StringComparison.Ordinal);

        using (var model = ClipModel.Load(Path.Combine(run, "model"), CPU))
        {
            Assert.Equal((180, 20), (model.Text.Config.Positions, model.Text.Config.KeptPositions));
        }
        Done("eval", "retrieval", "--model", run, "--data", Images, "--output", _folder.File("report"), "--set", "eval.languages=[en]",
            "--set", "eval.kinds=[long]");
        var page = File.ReadAllText(_folder.File("report/report.html"));
        Assert.Contains("How the model was trained (longclip train)", page, StringComparison.Ordinal);
        Assert.Contains("Images found by captions (val)", page, StringComparison.Ordinal);
    }

    /// <summary>Long captions that the data does not have are joined of the short ones.</summary>
    [Fact]
    public void CaptionsAreJoinedWhereAsked()
    {
        var list = List(_folder, images: 24);
        string[] words = [.. New(_folder.File("run"), list), .. Set("longclip.pcm.k=4")];
        Assert.Contains(
            "longclip train needs two images with a long caption, and data.train has 0. It has en (48 captions), and long captions are those of "
            + "long in any language", Failed(3, words), StringComparison.Ordinal);
        Done([.. words, .. Set("data.join_captions=true")]);
    }

    /// <summary>What concerns training of section 8 of the issue, each before a step is made.</summary>
    [Fact]
    public void WhatCannotWorkIsRefusedBefore()
    {
        var list = List(_folder, images: 24, longOnes: true);
        string[] words = [.. New(_folder.File("run"), list), .. Set("longclip.pcm.k=4")];
        Assert.Contains(
            "24 of the 24 images of data.train with a long caption have no short one, such as", Failed(3, [.. words, .. Set("longclip.split=\"\"")]),
            StringComparison.Ordinal);
        // 24 images are one batch, of which 23 directions are all there are.
        Assert.Contains("longclip.pcm.k is 23, which are all directions that 24 images", Failed(2, [.. words, .. Set("longclip.pcm.k=23", "longclip.batch_size=32")]), StringComparison.Ordinal);
        Assert.Contains("Set longclip.truncate: true", Failed(3, [.. words, .. Set("longclip.truncate=false", "longclip.new_text.positions=12")]), StringComparison.Ordinal);
        Assert.Contains(
            "longclip.kept_positions is 60, but the text tower has 60 positions", Failed(2, [.. words, .. Set("longclip.kept_positions=60")]), StringComparison.Ordinal);
        Assert.Contains("a whole CLIP has CLIP's", Failed(2, [.. words, .. Set("model={preset: dinov2-s-14}")]), StringComparison.Ordinal);
        Assert.Contains("leave out longclip.new_text.vocabulary", Failed(2, [.. words, "--model", "clip"]), StringComparison.Ordinal);
        Assert.Contains("longclip.model is empty", Failed(2, "longclip", "train", "--data", list), StringComparison.Ordinal);
        Assert.Contains("nothing is not there", Failed(3, "longclip", "train", "--data", list, "--model", "nothing"), StringComparison.Ordinal);
        Assert.Contains(
            "nothing is not there", Failed(3, "longclip", "stretch", "--model", "nothing", "--output", _folder.File("no")), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("run/checkpoints")));
    }

    private string[] New(string output, string? data = null)
    {
        var vocabulary = Directory.CreateDirectory(_folder.File("vocabulary")).FullName;
        TinyClip.Vocabulary.Save(vocabulary, 60);
        return
        [
            "longclip", "train", "--data", data ?? Images, "--output", output,
            .. Set(
                "longclip.new_text={vocabulary: '" + vocabulary + "', positions: 60, width: 64, layers: 1, heads: 1}",
                "model={image_size: 32, patch_size: 8, width: 64, layers: 1, heads: 1, embed_dim: 24, activation: quick_gelu}",
                "longclip.steps=2", "longclip.batch_size=20", "longclip.device=cpu", "data.workers=1"),
        ];
    }

    private static IEnumerable<string> Set(params string[] settings) => settings.SelectMany(setting => new[] { "--set", setting });

    /// <summary>A list of noise images with two short captions each, or one long one.</summary>
    private static string List(TemporaryFolder folder, int images, bool longOnes = false)
    {
        var random = new Llm2Clip.Randomness.SeededRandom(1);
        var lines = new List<string>();
        for (var i = 0; i < images; i++)
        {
            var pixels = new byte[40 * 36 * 3];
            foreach (ref var pixel in pixels.AsSpan())
            {
                pixel = (byte)random.NextInt32(256);
            }
            File.WriteAllBytes(folder.File($"{i}.png"), Llm2Clip.Images.ImageCodec.EncodePng(new Llm2Clip.Images.RgbImage(40, 36, pixels)));
            string[] captions = longOnes ? [$"image {i} of them. It is noise"] : [$"image {i}", $"number {i}"];
            lines.Add(JsonSerializer.Serialize(new
            {
                image = $"{i}.png",
                captions = new Dictionary<string, Dictionary<string, string[]>> { ["en"] = new() { [longOnes ? "long" : "short"] = captions } },
            }));
        }
        var path = folder.File("list.jsonl");
        File.WriteAllLines(path, lines);
        return path;
    }

    private static string Done(params string[] words) => Failed(0, words);

    private static string Failed(int code, params string[] words)
    {
        var (found, output, error) = CommandLineTests.Run(words);
        Assert.True(found == code, $"{string.Join(' ', words)} ended with {found}, expected {code}:\n{output}\n{error}");
        return output + error;
    }
}
