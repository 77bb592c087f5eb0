using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Tests.Teachers;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models.Clip;

/// <summary>A whole CLIP as a folder: its texts, and what does not belong together.</summary>
public sealed class ClipModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Captions of any length in one call have the vectors that each has alone, in the order of the captions: batches are sorted by length
    /// and cut.
    /// </summary>
    [Fact]
    public void CaptionsHaveTheSameVectorsTogetherAndAlone()
    {
        using var model = ClipModel.Load(TinyClip.Write(_folder.Path), CPU);
        string[] texts = [.. Enumerable.Range(0, 300).Select(i => new string((char)('a' + i % 26), 1 + i * 7 % 70))];
        var all = Encode(model, texts, false);
        Assert.Equal(0, all.Truncated);
        foreach (var i in new[] { 0, 1, 137, 299 })
        {
            var alone = Encode(model, [texts[i]], false).Features;
            for (var j = 0; j < alone.Length; j++)
            {
                Assert.Equal(alone[j], all.Features[i * model.EmbedDim + j], 1e-5f);
            }
        }
    }

    [Fact]
    public void TruncationIsCounted()
    {
        using var model = ClipModel.Load(TinyClip.Write(_folder.Path), CPU);
        string[] texts = ["short", new('x', 100), new('y', 76), new('z', 75)];
        Assert.Equal(2, Encode(model, texts, true).Truncated); // 75 letters, start and end are 77
        var error = Assert.Throws<InputException>(() => Encode(model, texts, false)).Message;
        Assert.StartsWith("A caption has 102 tokens with its start and end, but the text tower has 77 positions:", error);
    }

    [Fact]
    public void TowersWhoseVectorsDifferInLengthAreRefused()
    {
        TinyClip.Write(_folder.Path);
        using var vision = new ClipVisionModel(TinyClip.Vision with { EmbedDim = 16 }, CPU);
        using var text = new ClipTextModel(TinyClip.Text, CPU);
        var error = Assert.Throws<InputException>(() => new ClipModel(
            vision, text, ClipTokenizer.Open(_folder.Path), vision.Config.Transform, 1, "there")).Message;
        Assert.Equal("there: image features have length 16, text features 24, so that they cannot be compared.", error);
    }

    [Fact]
    public void AVocabularyOfAnotherSizeIsRefused()
    {
        TinyClip.Write(_folder.Path, vocabulary: ClipVocabulary.Of("other", [("a", "n")]));
        var error = Assert.Throws<InputException>(() => ClipModel.Load(_folder.Path, CPU)).Message;
        Assert.Equal(
            $"{_folder.Path}: {_folder.File("vocab.json")} has 515 tokens, but the text tower was made for 518. Put the vocabulary there "
            + "that it was trained with.", error);
        File.Delete(_folder.File("vocab.json"));
        Assert.Contains(
            "holds no vocabulary of CLIP's tokenizer", Assert.Throws<InputException>(() => ClipModel.Load(_folder.Path, CPU)).Message);
    }

    /// <summary>A tower with two tables is written with both in OpenAI's names, and merged in the others.</summary>
    [Theory]
    [InlineData(ClipLayout.HuggingFace, 0)]
    [InlineData(ClipLayout.OpenClip, 0)]
    [InlineData(ClipLayout.OpenAi, 20)]
    public void TwoTablesAreMergedWhereTheLayoutHasOne(ClipLayout layout, int kept)
    {
        using var text = new ClipTextModel(TinyClip.Text with { KeptPositions = 20 }, CPU);
        text.Initialize(9);
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            text.Embeddings.Trained!.add_(1); // as after training: the rows from 20 on count, those before do not
        }
        using var vision = new ClipVisionModel(TinyClip.Vision, CPU);
        ClipFolder.Write(
            _folder.Path, layout, text, new ClipImageHalf(vision, vision.Config.Transform, 1), TinyClip.Vocabulary);
        using var model = ClipModel.Load(_folder.Path, CPU);
        Assert.Equal(kept, model.Text.Config.KeptPositions);
        int[] caption = [.. Enumerable.Repeat(7, 40), TinyClip.Vocabulary.EndId];
        GoldenTensors.Close(text.Encode([caption]), model.Text.Encode([caption]), 1e-6, "vectors");
    }

    /// <summary>Texts that cannot be pooled are refused, where transformers takes their first token.</summary>
    [Fact]
    public void ATextWithoutAnEndIsRefused()
    {
        using var text = new ClipTextModel(TinyClip.Text with { Pooling = TextPooling.FirstEnd }, CPU);
        Assert.Contains("Text 1 has no end token", Refused([[1, TinyClip.Text.EndToken], [1, 2]]));
        Assert.Contains("Text 0 has an id beyond", Refused([[9999, TinyClip.Text.EndToken]]));
        Assert.Contains("Text 0 has 78 ids; there are 77 positions.", Refused([new int[78]]));

        string Refused(int[][] rows) => Assert.Throws<ArgumentException>(() => text.Encode(rows)).Message;
    }

    [Theory]
    [InlineData("hidden_act", "\"relu\"", "hidden_act is 'relu'")]
    [InlineData("rope_theta", "1", "text_config.rope_theta is not known")]
    [InlineData("attention_dropout", "0.5", "attention_dropout is 0.5; supported is 0")]
    public void AConfigurationThatIsNotSupportedIsRefusedByName(string key, string value, string message)
    {
        TinyClip.Write(_folder.Path);
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!;
        json["text_config"]![key] = System.Text.Json.Nodes.JsonNode.Parse(value);
        File.WriteAllText(_folder.File("config.json"), json.ToJsonString());
        Assert.Contains(message, Assert.Throws<InputException>(() => ClipTextCheckpoint.Open(_folder.Path)).Message);
    }

    /// <summary>OpenAI's configurations on the hub say eos_token_id 2, which is transformers' word for the largest id.</summary>
    [Fact]
    public void TheOldEndTokenMeansTheLargestId()
    {
        TinyClip.Write(_folder.Path);
        var path = _folder.File("config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace($"\"eos_token_id\": {TinyClip.Text.EndToken}", "\"eos_token_id\": 2", StringComparison.Ordinal));
        using var checkpoint = ClipTextCheckpoint.Open(_folder.Path);
        Assert.Equal((TextPooling.LargestId, TinyClip.Text.EndToken), (checkpoint.Config.Pooling, checkpoint.Config.EndToken));
    }

    private static ClipTexts Encode(ClipModel model, IReadOnlyList<string> texts, bool truncate) =>
        model.EncodeTexts(texts, truncate, TestContext.Current.CancellationToken);
}
