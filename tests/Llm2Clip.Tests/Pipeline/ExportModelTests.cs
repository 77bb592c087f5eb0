using System.Text.Json;
using Llm2Clip.Evaluation;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Tests.Search;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Pipeline;

/// <summary><c>export onnx</c> and <c>export hf</c> of a run, a checkpoint, a whole CLIP and a tower.</summary>
public sealed class ExportModelTests(SearchedRun run) : IClassFixture<SearchedRun>
{
    private readonly string _to = Path.Combine(run.Folder, Guid.NewGuid().ToString("N"));

    /// <summary>A photo prepared as the file beside the model says has the vector that <c>embed</c> gives.</summary>
    [Fact]
    public void AStudentInOnnxGivesTheVectorsOfEmbed()
    {
        var text = SearchedRun.Done("export", "onnx", "--model", run.Run, "--to", _to);
        Assert.StartsWith(
            $"{_to}: image_encoder.onnx, preprocessor_config.json, text_adapter.onnx; vectors of 16 elements\n"
            + "Note: text_adapter.onnx takes the teacher's vectors",
            text, StringComparison.Ordinal);
        SearchedRun.Done("embed", run.PhotoFolder, "--model", run.Run, "--out", Path.Combine(_to, "v.jsonl"));
        using var session = new InferenceSession(Path.Combine(_to, "image_encoder.onnx"));
        foreach (var line in File.ReadLines(Path.Combine(_to, "v.jsonl")).Take(3).Select(line => JsonDocument.Parse(line).RootElement))
        {
            var transform = Preprocessor.FromFile(Path.Combine(_to, "preprocessor_config.json"));
            var bytes = new ImagePipeline(transform).Eval(File.ReadAllBytes(line.GetProperty("name").GetString()!), "photo");
            var (side, plane) = (transform.ImageSize, transform.ImageSize * transform.ImageSize);
            var pixels = new float[3 * plane];
            for (var i = 0; i < bytes.Length; i++)
            {
                var channel = i % 3;
                pixels[channel * plane + i / 3] = (bytes[i] / 255f - transform.Mean[channel]) / transform.Std[channel];
            }
            var input = NamedOnnxValue.CreateFromTensor("pixel_values", new DenseTensor<float>(pixels, [1, 3, side, side]));
            using var results = session.Run([input], ["image_embeds"]);
            var found = results[0].AsTensor<float>().ToArray();
            Assert.All(
                line.GetProperty("vector").EnumerateArray().Select(value => value.GetSingle()).Zip(found),
                pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        }
    }

    /// <summary>The scores are of the run's model; those of a checkpoint would be others.</summary>
    [Fact]
    public void AModelAndACheckpointBecomeFoldersWithCards()
    {
        var student = Path.Combine(run.Run, "student");
        SearchedRun.Done(
            "eval", "retrieval", "--model", run.Run, "--teacher", Path.Combine(run.Run, "teacher"), "--data", run.Captioned,
            "--output", Path.Combine(run.Run, "eval"), "--set", "data.workers=1");
        var text = SearchedRun.Done(
            "export", "hf", "--model", run.Run, "--to", _to, "--license", "mit", "--name", "Scenes", "--set",
            "export.llm_license=apache-2.0");
        Assert.DoesNotContain("Note:", text, StringComparison.Ordinal);
        var card = File.ReadAllText(Path.Combine(_to, "README.md"));
        Assert.StartsWith("---\nlicense: mit\nlanguage:\n- en\n- de\n- zh\nlibrary_name: transformers\n", card, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(run.Run, "eval", "retrieval.json")));
        var found = json.RootElement.GetProperty("rows")[0].GetProperty("text_to_image");
        var interval = found.GetProperty("intervals")[0];
        Assert.Contains(
            FormattableString.Invariant($"| T2I | en | training | {found.GetProperty("recall_at1").GetDouble():F1} ")
                + FormattableString.Invariant($"({Number("low"):F1}–{Number("high"):F1}) |"),
            card, StringComparison.Ordinal);
        Assert.Contains("# Scenes\n", card, StringComparison.Ordinal);
        Assert.Contains("| this model | mit |\n| training data | not stated |\n| LLM of the teacher | apache-2.0 |\n", card);
        Assert.Contains($"- Training images and captions: `{run.Captioned}`", card, StringComparison.Ordinal);
        Assert.Contains("CLIPVisionModelWithProjection.from_pretrained(\".\")", card, StringComparison.Ordinal);
        Assert.Contains("clip_train:", card, StringComparison.Ordinal);

        var checkpoint = Path.Combine(student, "checkpoints", "last");
        text = SearchedRun.Done("export", "hf", "--model", checkpoint, "--to", _to + "-last");
        Assert.Contains("Note: No retrieval.json of this model is beside it", text, StringComparison.Ordinal);
        using var exported = Student.Load(_to + "-last", CPU);
        using var own = Student.Load(checkpoint, CPU);
        var pixels = new byte[64 * 64 * 3];
        new Random(1).NextBytes(pixels);
        Assert.Equal(own.EncodeImages(pixels, 1), exported.EncodeImages(pixels, 1));
        Assert.Equal(own.TeacherFingerprint, exported.TeacherFingerprint);

        double Number(string end) => interval.GetProperty(end).GetDouble();
    }

    [Fact]
    public void AWholeClipHasBothTowersAndItsTokenizer()
    {
        var clip = TinyClip.Write(Path.Combine(run.Folder, "clip"), ClipLayout.OpenClip);
        Assert.Contains(
            "image_encoder.onnx, merges.txt, preprocessor_config.json, text_encoder.onnx, tokenizer_config.json, vocab.json",
            SearchedRun.Done("export", "onnx", "--model", clip, "--to", _to), StringComparison.Ordinal);
        var text = SearchedRun.Done("export", "hf", "--model", clip, "--to", _to + "-hf");
        Assert.Contains("Note: No retrieval.json of this model is beside it", text, StringComparison.Ordinal);
        Assert.Contains("CLIPModel.from_pretrained", File.ReadAllText(Path.Combine(_to + "-hf", "README.md")), StringComparison.Ordinal);
        using var own = ClipModel.Load(clip, CPU);
        using var exported = ClipModel.Load(_to + "-hf", CPU);
        Assert.Equal(Features(own), Features(exported));

        static float[] Features(ClipModel model) =>
            model.EncodeTexts(["an and the"], false, TestContext.Current.CancellationToken).Features;
    }

    /// <summary>What transformers does not open has lines for ONNX Runtime, and the file for them.</summary>
    [Fact]
    public void AResNetComesWithItsOnnxFile()
    {
        var other = run.Train(
            "resnet", "model.image_size=null", "model.patch_size=null", "model.width=null", "model.layers=null", "model.heads=null",
            "model.preset=resnet18", "model.image_size=64", "model.head=linear", "clip_train.epochs=1");
        Assert.Contains("image_encoder.onnx", SearchedRun.Done("export", "hf", "--model", other, "--to", _to), StringComparison.Ordinal);
        var card = File.ReadAllText(Path.Combine(_to, "README.md"));
        Assert.Contains("onnxruntime.InferenceSession(\"image_encoder.onnx\")", card, StringComparison.Ordinal);
        Assert.Contains("library_name: onnx\n", card, StringComparison.Ordinal);
        Assert.Contains("None were measured.", card, StringComparison.Ordinal);
    }

    [Fact]
    public void MistakesHaveTheirExitCodes()
    {
        SearchedRun.Failed(2, "export", "onnx", "--model", run.Run);
        Assert.Contains("which is read for it", SearchedRun.Failed(2, "export", "hf", "--model", run.Run, "--to", run.Run));
        Assert.Contains(
            "which is read for it",
            SearchedRun.Failed(2, "export", "hf", "--model", run.Run, "--to", Path.Combine(run.Run, "student", "model")));
        Assert.Contains("absent is not there", SearchedRun.Failed(3, "export", "onnx", "--model", "absent", "--to", _to));
        Assert.False(Directory.Exists(_to));
    }
}
