using LLama.Native;
using Llm2Clip.Data;
using Llm2Clip.Layers;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage1.Tuning;

namespace Llm2Clip.Tests.Training.Tuning;

public sealed class TuningSourcesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("sources-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>Homogeneous batches come as often as weights say: 4 of the first set, and half of the second's 6 per epoch.</summary>
    [Fact]
    public void HomogeneousBatchesFollowTheWeights()
    {
        var source = new AlternatingSource([(new Numbered(4, 100), 1), (new Numbered(6, 200), 0.5)], seed: 3);
        Assert.Equal(7, source.PerEpoch);
        var epochs = Enumerable.Range(0, 2).Select(epoch => source.Epoch(epoch).Select(batch => batch.Sources[0]).ToList()).ToList();
        Assert.All(epochs, epoch => Assert.Equal(7, epoch.Count));
        Assert.Equal([100, 101, 102, 103], epochs[0].Where(number => number < 200));
        // The half that one epoch leaves out comes in the next.
        Assert.Equal([200, 201, 202, 203, 204, 205], epochs.SelectMany(epoch => epoch.Where(number => number >= 200)));
        Assert.NotEqual(epochs[0].ConvertAll(number => number < 200), epochs[1].ConvertAll(number => number < 200));
        Assert.Equal(epochs[1], source.Epoch(1).Select(batch => batch.Sources[0]));
    }

    [Fact]
    public void MixedBatchesHoldTextsOfAllSets()
    {
        var source = new JoinedTuningSource([new Numbered(2, 100), new Numbered(3, 100, negatives: 1)]);
        Assert.Equal(3, source.PerEpoch);
        var batch = source.Epoch(0).First();
        Assert.Equal((4, 9), (batch.Queries, batch.Sources.Length));
        Assert.Equal(batch.Texts().Count, batch.Wordings.Length);
        // Rows of one set share a source as before; equal numbers of two sets do not.
        Assert.Equal(batch.Sources[0], batch.Sources[4]);
        Assert.Equal(batch.Sources[2], batch.Sources[6]);
        Assert.NotEqual(batch.Sources[0], batch.Sources[2]);
        // Queries of both sets, positives of both, then the negative.
        Assert.Equal([1, 1, 2, 2, 1, 1, 2, 2, 2], batch.Texts().Select(text => text.FirstCounted == 0 ? 1 : 2));
        Assert.Equal(3, source.Epoch(1).Count());
    }

    [Fact]
    public void TextPairsAreReadAndDrawn()
    {
        using var llm = Llm(new LlmLoraConfig());
        var pairs = TextPairs.Read(Write(
            "{\"query\": \"what barks\", \"positive\": [\"a dog\", \"the dog\"], \"negatives\": [\"a cat\"]}",
            "",
            "{\"query\": \"What barks?\", \"positive\": \"dogs do\"}"), CancellationToken.None);
        Assert.Equal((2, 2, 1, 0), (pairs.Count, pairs[0].Positives.Count, pairs[0].Negatives.Count, pairs[1].Negatives.Count));
        var (queries, documents) = (llm.Tokenizer("find: "), llm.Tokenizer(""));
        var batch = Assert.Single(new TextPairSource(pairs, 8, 1, queries, documents).Epoch(0));
        var first = batch.Wordings[0] == batch.Wordings[1] ? 0 : -1; // one question, two spellings
        Assert.Equal(0, first);
        Assert.Equal(batch.Sources[0], batch.Sources[1]);
        Assert.Equal(5, batch.Sources.Length);
        Assert.DoesNotContain(batch.Sources[4], batch.Sources.Take(4));
        // The instruction is before queries alone, and none of its tokens counts.
        var texts = batch.Texts();
        Assert.Equal(documents.Tokenize("a cat").Tokens, texts[4].Tokens);
        Assert.True(texts[0].FirstCounted > documents.Tokenize("what barks").FirstCounted);
    }

    [Theory]
    [InlineData("{\"query\": \"a\"}", "line 1: There is no positive.")]
    [InlineData("{\"query\": [\"a\", \"b\"], \"positive\": \"c\"}", "line 1: query is not one text.")]
    [InlineData("{\"query\": \"a\", \"positive\": \" \"}", "line 1: positive holds an empty text.")]
    [InlineData("{\"query\": \"a\", \"positive\": 3}", "line 1: positive holds what is no text.")]
    [InlineData("{\"query\": \"a\", \"positiv\": \"b\"}", "line 1: 'positiv' is not known.")]
    [InlineData("[1]", "line 1: It is no object.")]
    [InlineData("{\"query\": \"a\", \"positive\": \"b\"}", "holds 1 text pairs; contrast needs two or more.")]
    public void ALineThatIsNoPairIsNamed(string line, string expected)
    {
        var error = Assert.Throws<InputException>(() => TextPairs.Read(Write(line), CancellationToken.None));
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void ASetWithoutPairsAndContradictionsAreErrors()
    {
        var path = Path.Combine(_root, "captions.jsonl");
        File.WriteAllLines(path, Enumerable.Range(0, 5).Select(i => $"{{\"captions\": {{\"en\": [\"text {i}\"]}}}}"));
        var lora = Small with { Sets = [new TuningSetConfig { Kind = TuningSetKind.Captions, Path = path }] };
        var error = Assert.Throws<InputException>(() => Tune(lora));
        Assert.Contains($"cc_finetune.lora.sets: {path}: Caption-contrastive training needs images with two captions", error.Message);
        Assert.Equal("path", Assert.Single(new TuningSetConfig().Check()).Key);
        Assert.Equal(
            ["sets", "dropout"],
            (lora with { Objective = TuningObjective.Unsupervised, Dropout = 0 }).Check().Select(problem => problem.Key));
        Assert.Equal("caption_weight", Assert.Single((Small with { CaptionWeight = 0 }).Check()).Key);
        Assert.Equal("gradient_checkpointing", Assert.Single(
            (Small with { Objective = TuningObjective.MaskedTokens, GradientCheckpointing = true }).Check()).Key);
        var inner = Assert.Throws<ConfigException>(() => Llm(Small with { Objective = TuningObjective.MaskedTokens }, "1"));
        Assert.Contains("set teacher.layers: final", inner.Message);
    }

    /// <summary>One caption per image is enough for the objectives without pairs, and each lowers its loss.</summary>
    [Theory]
    [InlineData(TuningObjective.Unsupervised)]
    [InlineData(TuningObjective.MaskedTokens)]
    public void ObjectivesWithoutPairsLearn(TuningObjective objective)
    {
        FakeData.Write(_root, "train", 0, 40, 1, "en");
        var losses = new Losses();
        var result = Tune(
            Small with { Objective = objective, MaxTokens = objective == TuningObjective.MaskedTokens ? 24 : 512, Steps = 30 }, losses);
        Assert.Equal(30, result.Steps);
        var (first, last) = (losses.Values.Take(5).Average(), losses.Values.TakeLast(5).Average());
        Assert.True(last < 0.95 * first, $"{first} -> {last}");
    }

    [Fact]
    public void SetsAreTrainedOnTogether()
    {
        var pairs = Write([.. Enumerable.Range(0, 30).Select(i =>
            $"{{\"query\": \"question {i}\", \"positive\": \"answer {i}\", \"negatives\": [\"answer {i + 1} no\"]}}")]);
        var set = new TuningSetConfig { Path = pairs, Instruction = "answer: ", Weight = 2 };
        var lora = Small with { Sets = [set], Instruction = "like: " };
        Assert.Equal(3, Tune(lora with { Steps = 3 }).Steps);
        Assert.Equal(2, Tune(lora with { Steps = 2, Mixing = TuningMixing.Mixed }, output: "mixed").Steps);
    }

    /// <summary>
    /// Of 4,000 tokens a fifth is to be told: 800, with a deviation of 25; of these four fifths are the mask, a tenth stays.
    /// </summary>
    [Fact]
    public void TokensAreMaskedAsTransformersDoes()
    {
        using var llm = Llm(Small);
        var masks = new MaskedTokens(llm.Vocabulary, 0.2);
        var text = new TokenizedText([.. Enumerable.Range(0, 4001).Select(i => (LLamaToken)(i == 0 ? 1 : 20))], 0, false);
        var random = SeededRandom.For(1);
        var row = masks.Mask(text with { Tokens = [llm.Vocabulary.Handle.Vocab.BOS!.Value, .. text.Tokens[1..]] }, ref random);
        Assert.Equal(MaskedTokenLoss.NoLabel, row.Labels[0]); // BOS
        Assert.InRange(row.Counted, 800 - 125, 800 + 125);
        var told = Enumerable.Range(0, 4001).Where(i => row.Labels[i] != MaskedTokenLoss.NoLabel).ToList();
        Assert.All(told, i => Assert.Equal(20, row.Labels[i]));
        var mask = row.Text.Tokens.GroupBy(token => (int)token).Where(group => group.Key != 20).MaxBy(group => group.Count())!;
        Assert.InRange(mask.Count(), 0.8 * told.Count - 60, 0.8 * told.Count + 60);
        Assert.InRange(told.Count(i => (int)row.Text.Tokens[i] == 20), 0.1 * told.Count - 45, 0.1 * told.Count + 45);
        Assert.All(
            Enumerable.Range(1, 4000).Except(told), i => Assert.Equal(20, (int)row.Text.Tokens[i]));
    }

    [Fact]
    public void RowsArePackedToOneLength()
    {
        var captions = Enumerable.Range(0, 10).Select(i => Enumerable.Repeat((LLamaToken)i, 7).ToArray()).ToList();
        var source = new PackedTextSource(captions, 8, 3, seed: 2);
        Assert.Equal(2, source.PerEpoch); // 70 tokens are 8 rows
        var rows = source.Epoch(0).SelectMany(batch => batch.Texts()).ToList();
        Assert.All(rows, row => Assert.Equal(8, row.Tokens.Length));
        Assert.Equal((6, 2), (rows.Count, source.Epoch(1).Count()));
        Assert.Contains("fill", Assert.Throws<InputException>(() => new PackedTextSource(captions, 64, 3, 2)).Message);
    }

    private static LlmLoraConfig Small { get; } = new()
    {
        Rank = 2, Alpha = 4, Dropout = 0.1, Precision = Precision.Fp32, BatchSize = 10, MicroBatchTokens = 400, LearningRate = 5e-3,
        WarmupSteps = 2, Epochs = 0, Steps = 2, EvaluateEvery = 0, Scale = 20,
    };

    private LoraResult Tune(LlmLoraConfig lora, IMetricsSink? metrics = null, string output = "teacher")
    {
        var train = Path.Combine(_root, "train.jsonl");
        var data = new DataConfig { Train = File.Exists(train) ? train : FakeData.Write(_root, "train", 0, 30, 2, "en") };
        using var llm = TeacherFiles.Open(LlamaCases.AnyModel());
        return LoraTuner.Run(
            new CcFinetuneConfig { Output = Path.Combine(_root, output), Lora = lora }, data, llm, metrics ?? NoMetrics.Instance,
            SilentLog.Instance, TestContext.Current.CancellationToken).Result;
    }

    private static TunedLlm Llm(LlmLoraConfig lora, string layers = "final") => new(
        new TeacherModel(LlamaCases.AnyModel(), "00"), new TeacherSettings { Layers = layers }, lora, "cpu", 3, SilentLog.Instance);

    private string Write(params string[] lines)
    {
        var path = Path.Combine(_root, "pairs.jsonl");
        File.WriteAllLines(path, lines);
        return path;
    }

    /// <summary>Batches of two queries, whose sources tell which they are.</summary>
    private sealed class Numbered(int count, long first, int negatives = 0) : ITuningSource
    {
        public int PerEpoch => count;

        public IEnumerable<TuningBatch> Epoch(int epoch) => Enumerable.Range(0, count).Select(i => new TuningBatch(
            2, () => [.. Enumerable.Repeat(new TokenizedText([1], negatives, false), 4 + negatives)],
            [first + i, -first - i, first + i, -first - i, .. Enumerable.Range(0, negatives).Select(n => (long)n)],
            new long[4 + negatives]));
    }

    private sealed class Losses : IMetricsSink
    {
        public List<double> Values { get; } = [];

        public void Scalar(string tag, long step, double value)
        {
            if (tag == "lora/loss")
            {
                Values.Add(value);
            }
        }
    }
}
