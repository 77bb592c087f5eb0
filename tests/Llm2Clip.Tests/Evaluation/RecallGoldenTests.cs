using System.Text.Json;
using Llm2Clip.Evaluation;
using Llm2Clip.Weights;
using TorchSharp;

namespace Llm2Clip.Tests.Evaluation;

/// <summary>Ranks and recalls against golden/recall: exact. Which cases there are, and their sizes, is read from recall.json.</summary>
[Trait("Category", "Golden")]
public sealed class RecallGoldenTests
{
    [Fact]
    public void RanksAndRecallsAreThoseOfTheReference()
    {
        using var cases = JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden("recall", "recall.json")));
        using var file = SafetensorsFile.Open(SharedData.RequireGolden("recall", "recall.safetensors"));
        var checkedCases = 0;
        foreach (var one in cases.RootElement.EnumerateObject())
        {
            var dimension = one.Value.GetProperty("dim").GetInt32();
            var imageOfText = Integers(file, $"{one.Name}.image_of_text");
            var result = Retrieval.Score(
                new VectorSet(Floats(file, $"{one.Name}.image"), dimension), new VectorSet(Floats(file, $"{one.Name}.text"), dimension),
                    imageOfText);

            Assert.Equal(one.Value.GetProperty("images").GetInt32(), result.TextToImage.Candidates);
            Assert.Equal(one.Value.GetProperty("texts").GetInt32(), result.TextToImage.Queries);
            Same(one.Name, Integers(file, $"{one.Name}.text_to_image_rank"), result.TextToImageRanks);
            Same(one.Name, Integers(file, $"{one.Name}.image_to_text_rank"), result.ImageToTextRanks);
            Compare(one.Value.GetProperty("pessimistic").GetProperty("text_to_image"), result.TextToImage);
            Compare(one.Value.GetProperty("pessimistic").GetProperty("image_to_text"), result.ImageToText);
            checkedCases++;
        }
        Assert.True(checkedCases > 0, "recall.json names no case.");
    }

    [Fact]
    public void TheRuleAloneGivesTheReferenceRanksFromStoredScores()
    {
        using var file = SafetensorsFile.Open(SharedData.RequireGolden("recall", "recall.safetensors"));
        var stored = file.Names.Where(name => name.EndsWith(".scores", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(stored);
        foreach (var name in stored)
        {
            var one = name[..^".scores".Length];
            var scores = Floats(file, name); // [texts, images]
            var imageOfText = Integers(file, $"{one}.image_of_text");
            var images = scores.Length / imageOfText.Length;
            var textRanks = Integers(file, $"{one}.text_to_image_rank");
            for (var text = 0; text < imageOfText.Length; text++)
            {
                Assert.Equal(textRanks[text], Ranking.FromScores(scores.AsSpan(text * images, images), [imageOfText[text]]));
            }
            var imageRanks = Integers(file, $"{one}.image_to_text_rank");
            for (var image = 0; image < images; image++)
            {
                var column = Enumerable.Range(0, imageOfText.Length).Select(text => scores[(text * images) + image]).ToArray();
                var own = Enumerable.Range(0, imageOfText.Length).Where(text => imageOfText[text] == image).ToArray();
                Assert.Equal(imageRanks[image], Ranking.FromScores(column, own));
            }
        }
    }

    private static void Compare(JsonElement expected, RecallNumbers actual)
    {
        for (var i = 0; i < RecallNumbers.Depths.Length; i++)
        {
            Assert.Equal(expected.GetProperty($"R@{RecallNumbers.Depths[i]}").GetDouble(), actual.Recalls[i], 12);
        }
        Assert.Equal(expected.GetProperty("median_rank").GetDouble(), actual.MedianRank);
    }

    private static void Same(string name, int[] expected, int[] actual)
    {
        var differing = Enumerable.Range(0, expected.Length).Where(i => i >= actual.Length || expected[i] != actual[i]).ToList();
        Assert.True(differing.Count == 0 && expected.Length == actual.Length,
            $"{name}: ranks differ at {string.Join(", ", differing.Take(10))}.");
    }

    private static float[] Floats(SafetensorsFile file, string name)
    {
        using var scope = torch.NewDisposeScope();
        return file.Load(name).data<float>().ToArray();
    }

    private static int[] Integers(SafetensorsFile file, string name)
    {
        using var scope = torch.NewDisposeScope();
        return file.Load(name).data<int>().ToArray();
    }
}
