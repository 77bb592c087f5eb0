using Llm2Clip.MakeQuickStart;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Tests.MakeQuickStart;

/// <summary>Vocabulary, file and model against libllama.</summary>
public sealed class SentencePieceTests : IDisposable
{
    private static readonly SceneData Data = new(seed: 7, validationCount: 10);
    private static readonly TextCorpus Corpus = new(Data, seed: 7);
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-quick").FullName;

    private static TeacherTrainingConfig Tiny => new()
    {
        Seed = 7,
        Merges = 400,
        VocabularyDocuments = 150,
        Model = new TinyLlamaConfig { Width = 64, Layers = 2, Heads = 4, FeedForward = 96, Context = 256 },
        Steps = 3,
        Rows = 4,
        RowTokens = 32,
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void MergesFollowTheirScores()
    {
        // "ab" was learned before "bc", so abc is ab + c although bc is a piece too; z is no piece and becomes its byte.
        var vocabulary = new SentencePieceVocabulary(["ab", "bc", "\u2581", "a", "b", "c"]);
        var pieces = vocabulary.Encode("abc bcz").Select(id => vocabulary.Tokens[id]);
        Assert.Equal(["\u2581", "ab", "c", "\u2581", "bc", "<0x7A>"], pieces);
    }

    [Fact]
    public void FrequentWordsBecomePieces()
    {
        var vocabulary = SentencePieceTrainer.Train(["red fish red fish", "red star"], [], merges: 100);
        Assert.Equal(["\u2581red", "\u2581fish"], vocabulary.Encode("red fish").Select(id => vocabulary.Tokens[id]));
    }

    [Fact]
    public void ChineseMergesStayInsideTheWordsOfTheGrammar()
    {
        var vocabulary = TeacherTraining.LearnVocabulary(Tiny, Corpus);
        var words = Grammars.Chinese.Words().ToList();
        var chinese = vocabulary.Tokens.Where(token => token.Length > 1 && token.Any(c => c > 0x4E00)).ToList();
        Assert.NotEmpty(chinese);
        Assert.All(chinese, token => Assert.Contains(words, word => word.Contains(token, StringComparison.Ordinal)));
    }

    [Fact]
    public void LibllamaTokenisesAlike()
    {
        var (path, training) = Write(GgufType.F32);
        using (training)
        {
            using var model = LlamaModel.Load(path, fullWindow: false);
            var texts = Enumerable.Range(0, 200).SelectMany(i => Corpus.Document(i)).Select(line => line.Text)
                .Concat(["Ünknown wörds & Zeichen: 123", "  two  spaces ", "未知的字：龍", "tab\tand\nline", "emoji 🎈!", "a", "redfish", "RED"]);
            foreach (var text in texts)
            {
                var theirs = model.Handle.Tokenize(text, false, false, System.Text.Encoding.UTF8).Select(token => (int)token);
                Assert.Equal(training.Vocabulary.Encode(text), theirs);
            }
        }
    }

    [Theory]
    [InlineData(nameof(GgufType.F32), 1e-4)]
    [InlineData(nameof(GgufType.F16), 2e-2)] // libllama rounds activations to half before a product with half weights
    public void LibllamaComputesTheSameStates(string type, double tolerance)
    {
        var (path, training) = Write(Enum.Parse<GgufType>(type));
        using (training)
        {
            using var model = LlamaModel.Load(path, fullWindow: false);
            using var decoder = new SequenceDecoder(model, new DecoderOptions(TeacherAttention.Causal, 128), SilentLog.Instance);
            foreach (var (_, text) in Corpus.Document(3).Concat(Corpus.Document(4)))
            {
                int[] ids = [SentencePieceVocabulary.Bos, .. training.Vocabulary.Encode(text)];
                var ours = States(training.Model, ids);
                var largest = 0.0;
                decoder.Run([Array.ConvertAll(ids, id => (LLama.Native.LLamaToken)id)], (_, position, _, state) =>
                {
                    for (var i = 0; i < state.Length; i++)
                    {
                        largest = Math.Max(largest, Math.Abs(state[i] - ours[(position * state.Length) + i]));
                    }
                }, cancellation: TestContext.Current.CancellationToken);
                Assert.InRange(largest, 0, tolerance);
            }
        }
    }

    [Fact]
    public void TrainingLowersTheLoss()
    {
        using var training = new TeacherTraining(Tiny with { Steps = 25, LearningRate = 1e-2 }, Data);
        var losses = training.Run(SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.InRange(losses[0], 0.8 * Math.Log(training.Vocabulary.Count), 1.2 * Math.Log(training.Vocabulary.Count));
        Assert.True(losses[^1] < losses[0] - 0.8, $"{losses[0]} to {losses[^1]}");
    }

    private static float[] States(TinyLlama model, int[] ids)
    {
        using var quiet = TorchSharp.torch.no_grad();
        using var scope = TorchSharp.torch.NewDisposeScope();
        var tensor = TorchSharp.torch.tensor(Array.ConvertAll(ids, id => (long)id), [1, ids.Length]);
        return model.HiddenStates(tensor).reshape(-1).data<float>().ToArray();
    }

    /// <summary>A model of a few steps, so that every tensor has moved, written to a file.</summary>
    private (string Path, TeacherTraining Training) Write(GgufType type)
    {
        var training = new TeacherTraining(Tiny, Data);
        training.Run(SilentLog.Instance, TestContext.Current.CancellationToken);
        var path = Path.Combine(_folder, $"{type}.gguf");
        TinyLlamaGguf.Write(path, training.Model, training.Vocabulary, type);
        return (path, training);
    }
}
