using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Evaluation.Classification;

public sealed class ClassScoresTests : IDisposable
{
    private static readonly (string, string)[] Three = [("n1", "cat"), ("n2", "dog"), ("n3", "cow")];

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Worked by hand, in the plane. Prompts of "cat" point to 0 and 90 degrees, with lengths 1 and 9 that do not count: the class is at
    /// 45. "dog" is at 180, "cow" at 270. Images at 50 (cat), 100 (cat), 170 (dog), 240 (dog), 280 (cow) degrees. Nearest: cat, cat (55
    /// against 80 degrees), dog, cow (30 against 60), cow. So cat 2 of 2, dog 1 of 2, cow 1 of 1: top-1 4 of 5, and
    /// per class (1 + 1/2 + 1) / 3.
    /// </summary>
    [Fact]
    public void ACaseByHand()
    {
        File.WriteAllText(_folder["c.yaml"], """
            templates: {en: ["a {}", "the {}"]}
            classes:
              n1: {en: cat}
              n2: {en: dog}
              n3: {en: cow}
            """);
        var file = ClassFile.Read(_folder["c.yaml"]);
        var asked = new List<string>();
        var classes = ClassVectors.Of(file, "en", 2, prompts =>
        {
            asked.AddRange(prompts);
            return [.. prompts.SelectMany(prompt => prompt switch
            {
                "a cat" => At(0), "the cat" => At(90, 9), "a dog" or "the dog" => At(180), _ => At(270),
            })];
        });
        Assert.Equal(["a cat", "the cat", "a dog", "the dog", "a cow", "the cow"], asked);
        var half = MathF.Sqrt(0.5f);
        Assert.Equal(new[] { half, half }, classes[0].ToArray(), (a, b) => Math.Abs(a - b) < 1e-6f);

        var images = new VectorSet([.. At(50), .. At(100), .. At(170, 3), .. At(240), .. At(280)], 2);
        var scores = ClassScores.Of(images, classes, [0, 0, 1, 1, 2], Three, seed: 1);
        Assert.Equal(80, scores.Top1);
        Assert.Equal(100 * (1 + 0.5 + 1) / 3, scores.MeanPerClass, 5);
        Assert.Null(scores.Top5); // of three classes
        Assert.Equal(
            [new("n1", "cat", 2, 100), new("n2", "dog", 2, 50) { TakenFor = "n3", TakenForCount = 1 }, new ClassScore("n3", "cow", 1, 100)],
            scores.Classes);
        Assert.Equal(
            new Dictionary<(int, int), int> { [(0, 0)] = 2, [(1, 1)] = 1, [(1, 2)] = 1, [(2, 2)] = 1 }, scores.Confusion.ToDictionary());
        Assert.True(scores.Top1Interval.Low < 80 && scores.Top1Interval.High is > 80 and <= 100);
    }

    [Fact]
    public void TopFiveOfSixClasses()
    {
        float[] logits =
        [
            6, 5, 4, 3, 2, 1, // of class 4: rank 5
            6, 5, 4, 3, 2, 1, // of class 5: rank 6
            1, 9, 3, 4, 5, 6, // of class 1: rank 1
        ];
        (string, string)[] names = [.. Enumerable.Range(0, 6).Select(i => ($"c{i}", $"class {i}"))];
        var scores = ClassScores.Of(logits, [4, 5, 1], names, seed: 1);
        Assert.Equal(100.0 / 3, scores.Top1, 5);
        Assert.Equal(200.0 / 3, scores.Top5!.Value, 5);
        Assert.NotNull(scores.Top5Interval);
        Assert.Equal([("c1", 100.0, 100.0), ("c4", 0, 100), ("c5", 0, 0)], scores.Classes.Select(c => (c.Id, c.Top1, c.Top5!.Value)));
        Assert.Equal("c0", scores.Classes[1].TakenFor);
    }

    /// <summary>An image whose class ties with another is not recognized, and was taken for the other.</summary>
    [Theory]
    [InlineData(1, 1, 0, 0, 1)]
    [InlineData(1, 1, 0, 1, 0)]
    [InlineData(2, 1, 1, 0, 0)]
    [InlineData(0, 1, 1, 0, 1)]
    public void TiesCountAgainstTheClass(float first, float second, float third, int own, int taken)
    {
        Assert.Equal(taken, ClassScores.Nearest([first, second, third], own));
        var scores = ClassScores.Of([first, second, third], [own], Three, seed: 1);
        Assert.Equal(own == taken ? 100 : 0, scores.Top1);
        Assert.Equal([(own, taken)], scores.Confusion.Keys);
    }

    /// <summary>In blocks, classes get the vectors that they get alone.</summary>
    [Fact]
    public void ManyPromptsAreEmbeddedInBlocks()
    {
        var templates = string.Join(", ", Enumerable.Range(0, 1500).Select(i => $"\"{i} {{}}\""));
        File.WriteAllText(
            _folder["c.json"],
            $"{{\"templates\": {{\"en\": [{templates}]}}, "
                + "\"classes\": {\"a\": {\"en\": \"1\"}, \"b\": {\"en\": [\"2\", \"3\"]}, \"c\": {\"en\": \"4\"}}}");
        var file = ClassFile.Read(_folder["c.json"]);
        var blocks = new List<int>();
        var classes = ClassVectors.Of(file, "en", 2, prompts =>
        {
            blocks.Add(prompts.Count);
            return [.. prompts.SelectMany(prompt => At(60 * int.Parse(prompt.Split(' ')[1]), 1 + prompt.Length))];
        });
        Assert.Equal([1500, 3000, 1500], blocks);
        foreach (var (row, degrees) in new[] { (0, 60), (1, 150), (2, 240) })
        {
            Assert.Equal(At(degrees), classes[row].ToArray(), (a, b) => Math.Abs(a - b) < 1e-5f);
        }
    }

    private static float[] At(double degrees, float length = 1) =>
        [length * (float)Math.Cos(degrees * Math.PI / 180), length * (float)Math.Sin(degrees * Math.PI / 180)];
}
