using System.Text;
using Llm2Clip.Data;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Images;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Tests.MakeQuickStart;

/// <summary>What lies in data/quickstart is what the code makes.</summary>
public class ShippedDataTests
{
    private static readonly string Folder = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart");
    private static readonly SceneData Data = QuickStartData.Open();

    [Theory]
    [InlineData("train", QuickStartData.TrainingCount)]
    [InlineData("val", QuickStartData.ValidationCount)]
    public void ShardsHoldWhatTheSeedGives(string name, int count)
    {
        var config = new DataConfig();
        var source = Datasets.Open(Path.Combine(Folder, name + "-*.tar"), config, SilentLog.Instance);
        var samples = Datasets.ReadAll(source, config, SilentLog.Instance).ToList();
        Assert.Equal(count, samples.Count);
        for (var i = 0; i < count; i += 61)
        {
            var made = name == "train" ? Data.Training(i) : Data.Validation(i);
            Assert.Equal(made.Key, samples[i].Key);
            var expected = made.Captions.SelectMany(pair =>
                pair.Value.Short.Select(text => new Caption(text, pair.Key, CaptionKind.Short))
                    .Concat(pair.Value.Long.Select(text => new Caption(text, pair.Key, CaptionKind.Long))));
            Assert.Equal(expected, samples[i].Captions);
            var image = ImageCodec.Decode(samples[i].Image.Read(), samples[i].Origin);
            Assert.Equal((SceneRenderer.ImageSize, SceneRenderer.ImageSize), (image.Width, image.Height));
            Assert.Equal(PngWriter.Shown(made.Pixels), image.Pixels);
        }
    }

    [Theory]
    [InlineData("train")]
    [InlineData("val")]
    public void LabeledShardsHoldWhatTheSeedGives(string split)
    {
        var source = Datasets.OpenLabeled(
            Path.Combine(Folder, $"places-{split}-*.tar"), new DataConfig(), "", "label_key", SilentLog.Instance);
        var samples = Datasets.ReadAll(source, new DataConfig(), SilentLog.Instance).ToList();
        Assert.Equal(QuickStartData.LabeledCount, samples.Count);
        for (var i = 0; i < samples.Count; i += 13)
        {
            var made = split == "train" ? QuickStartData.LabeledTraining(Data, i) : QuickStartData.LabeledValidation(Data, i);
            Assert.Equal((made.Key, $"{(int)made.Place}"), (samples[i].Key, Datasets.LabelOf(samples[i])));
            Assert.Equal(PngWriter.Shown(made.Pixels), ImageCodec.Decode(samples[i].Image.Read(), samples[i].Origin).Pixels);
        }
        var classes = ClassFile.Read(Path.Combine(Folder, "places.yaml"));
        Assert.Equal(Enum.GetNames<Place>().Select(name => name.ToLowerInvariant()), classes.Classes.Select(one => one.Id));
        Assert.Equal(["en", "de", "zh"], classes.Chosen([]));
    }

    [Fact]
    public void TrainingIsInEnglishAlone()
    {
        var config = new DataConfig();
        var source = Datasets.Open(Path.Combine(Folder, "train-*.tar"), config, SilentLog.Instance);
        Assert.All(Datasets.ReadAll(source, config, SilentLog.Instance).SelectMany(sample => sample.Captions), caption =>
            Assert.Equal("en", caption.Language));
    }

    [Fact]
    public void SentencesAreWhatTheSeedGives()
    {
        foreach (var grammar in new IGrammar[] { Grammars.German, Grammars.Chinese })
        {
            var shipped = File.ReadAllLines(Path.Combine(Folder, $"sentences-{grammar.Language}.txt"), Encoding.UTF8);
            Assert.Equal(QuickStartData.Sentences(grammar, Data), shipped);
        }
    }

    [Fact]
    public void MostValidationCaptionsBelongToOneImageOnly()
    {
        foreach (var language in new[] { "en", "de", "zh" })
        {
            var texts = Enumerable.Range(0, 200).SelectMany(i => Data.Validation(i).Captions[language].Short).ToList();
            Assert.InRange(texts.Distinct().Count(), 0.98 * texts.Count, texts.Count);
        }
    }

    [Fact]
    public void TheTeacherReadsEveryCaptionWithoutFallingBackToBytes()
    {
        using var model = LlamaModel.Load(Path.Combine(Folder, "teacher.gguf"), fullWindow: false);
        for (var i = 0; i < 100; i++)
        {
            foreach (var text in Data.Validation(i).Captions.Values.SelectMany(captions => captions.Short.Concat(captions.Long)))
            {
                var ids = model.Handle.Tokenize(text, false, false, Encoding.UTF8).Select(token => (int)token);
                Assert.All(ids, id => Assert.True(id >= SentencePieceVocabulary.FirstByte + 256, text));
            }
        }
    }

    [Fact]
    public void TheTeacherTellsCaptionsApart()
    {
        using var teacher = Teacher.Open(Path.Combine(Folder, "teacher.gguf"), new TeacherConfig { Threads = 1 });
        var vectors = teacher.Encoder.Encode(["a red star", "a blue boat on the sea", "ein roter Stern"], SilentLog.Instance,
            TestContext.Current.CancellationToken);
        Assert.Equal(3 * teacher.Dimension, vectors.Vectors.Length);
        Assert.All(vectors.Vectors, value => Assert.True(float.IsFinite(value)));
        Assert.NotEqual(vectors.Vectors[..teacher.Dimension], vectors.Vectors[teacher.Dimension..(2 * teacher.Dimension)]);
    }
}
