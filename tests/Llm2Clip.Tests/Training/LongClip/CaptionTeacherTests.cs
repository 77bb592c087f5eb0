using Llm2Clip.Data;
using Llm2Clip.Models.Clip;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Training.LongClip;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training.LongClip;

/// <summary>A text tower that is pulled to an LLM's caption vectors.</summary>
public sealed class CaptionTeacherTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("teacher-").FullName;

    private static LongClipConfig Config => TinyLongClip.Config with
    {
        Teacher = new LongClipTeacherConfig { Weight = 0.5, Languages = ["en"], Blocks = 1 },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The loss is that without a teacher plus the weight times CLIP's loss by torch's own cross-entropy.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void TheTermIsClipsLoss(int microBatch)
    {
        using var scope = NewDisposeScope();
        var config = Config with { MicroBatch = microBatch };
        using var model = TinyLongClip.NewModel();
        using var teacher = CaptionTeacher.Of(config, new TinyVectors(), model.EmbedDim, CPU);
        var captions = new LongClipCaptions(config);
        using var batch = LongBatches.Batch(1, 8);
        var without = new LongClipStep(model, config, captions).Backward(batch, 2, 5, TestContext.Current.CancellationToken);
        var step = new LongClipStep(model, config, captions, teacher);
        var with = step.Backward(batch, 2, 5, TestContext.Current.CancellationToken);

        var pulled = teacher.Pick(batch, 2);
        Assert.Equal(8, pulled.Count);
        var vectors = new float[8 * TinyTraining.VectorLength];
        new TinyVectors().Gather(pulled, vectors);
        using var again = new Llm2Clip.Models.Text.TextAdapter(
            new Llm2Clip.Models.Text.TextAdapterConfig { InputDim = TinyTraining.VectorLength, EmbedDim = 24, Blocks = 1 }, CPU);
        again.Initialize((ulong)config.Seed + 2);
        var places = again.call(tensor(vectors, [8, TinyTraining.VectorLength]));
        var texts = model.Text.Encode(model.Tokenizer.Encode([.. pulled.Select(one => one.Text)], 77, truncate: false).Rows);
        var logits = model.LogitScale.exp() * nn.functional.normalize(texts).matmul(nn.functional.normalize(places).t());
        var labels = arange(8);
        var term = (nn.functional.cross_entropy(logits, labels) + nn.functional.cross_entropy(logits.t(), labels)).item<float>() / 2;
        Assert.Equal(without + (0.5 * term), with, 1e-4);
        Assert.Equal(term, step.Terms.Single(one => one.Name == "teacher").Value, 1e-4);
        Assert.Equal(24, step.Captions); // long, short, and those that are pulled
    }

    /// <summary>A new adapter trains and is in the checkpoint, and a resumed run equals a straight one; the model has none of it.</summary>
    [Fact]
    public void TheAdapterIsPartOfTheRun()
    {
        (float[] Model, float[] Adapter) Run(string name, int steps)
        {
            var config = Config with { Steps = steps };
            using var model = TinyLongClip.NewModel();
            using var teacher = CaptionTeacher.Of(config, new TinyVectors(), model.EmbedDim, CPU);
            var before = Adapter(teacher);
            LongClipTrainer.Run(
                TinyLongClip.Inputs(Path.Combine(_folder, name), config, model) with { Teacher = teacher },
                TestContext.Current.CancellationToken);
            Assert.NotEqual(before, Adapter(teacher));
            return (TinyLongClip.Weights(model), Adapter(teacher));
        }

        var straight = Run("straight", 10);
        Run("broken", 5);
        var resumed = Run("broken", 10);
        Assert.Equal(straight.Model, resumed.Model);
        Assert.Equal(straight.Adapter, resumed.Adapter);
        using var file = Llm2Clip.Weights.SafetensorsFile.Open(Path.Combine(_folder, "straight", "model", "model.safetensors"));
        Assert.DoesNotContain(file.Names, name => name.StartsWith("teacher", StringComparison.Ordinal));

        static float[] Adapter(CaptionTeacher teacher) =>
            [.. teacher.Parameters.SelectMany(p => GoldenTensors.Values(p.Parameter))];
    }

    /// <summary>A student's adapter is taken as it is, and must fit both sides.</summary>
    [Fact]
    public void AStudentsAdapterStays()
    {
        var folder = Path.Combine(_folder, "student");
        using (var student = TinyTraining.NewStudent(TinyTraining.Config))
        {
            student.Save(folder);
        }
        var config = Config with { Teacher = Config.Teacher with { Adapter = folder } };
        using (var teacher = CaptionTeacher.Of(config, new TinyVectors(), TinyTraining.Model.EmbedDim!.Value, CPU))
        {
            Assert.Empty(teacher.Parameters);
        }
        Assert.Contains(
            "makes vectors of 16 elements of 12; the teacher's have 12, the CLIP's 24",
            Assert.Throws<InputException>(() => CaptionTeacher.Of(config, new TinyVectors(), 24, CPU)).Message, StringComparison.Ordinal);
        using (var other = TinyTraining.NewStudent(TinyTraining.Config))
        {
            other.TeacherFingerprint = "another";
            other.Save(folder);
        }
        Assert.Contains(
            "was trained with another teacher",
            Assert.Throws<InputException>(() => CaptionTeacher.Of(config, new TinyVectors(), 16, CPU)).Message, StringComparison.Ordinal);
    }

    /// <summary>Images without a caption of the languages do not count; of one caption there is nothing to tell apart.</summary>
    [Fact]
    public void ImagesWithoutACaptionOfTheLanguagesDoNotCount()
    {
        var config = Config with { Teacher = Config.Teacher with { Languages = ["de"] } };
        using var model = TinyLongClip.NewModel(TinyClip.Text);
        using var teacher = CaptionTeacher.Of(config, new TinyVectors(), model.EmbedDim, CPU);
        using var batch = LongBatches.Batch(1, 8);
        Assert.Empty(teacher.Pick(batch, 0));
        var step = new LongClipStep(model, config, new LongClipCaptions(config), teacher);
        step.Backward(batch, 0, 0, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(step.Terms, one => one.Name == "teacher");
    }
}
