using Llm2Clip.MakeQuickStart;

namespace Llm2Clip.Tests.MakeQuickStart;

public class SceneTests
{
    private static readonly SceneData Data = new(seed: 5, validationCount: 200);

    [Fact]
    public void TheSameSeedGivesTheSameSample()
    {
        var again = new SceneData(seed: 5, validationCount: 200);
        foreach (var (one, two) in new[] { (Data.Training(17), again.Training(17)), (Data.Validation(3), again.Validation(3)),
            (Data.Validation(3), Data.Validation(3)) })
        {
            Assert.Equal(one.Scene.Key, two.Scene.Key);
            Assert.Equal(one.Pixels, two.Pixels);
            Assert.Equal(SceneShards.Json(one), SceneShards.Json(two));
        }
    }

    [Fact]
    public void AnotherSeedGivesOtherSamples() =>
        Assert.NotEqual(Data.Training(17).Pixels, new SceneData(seed: 6, validationCount: 1).Training(17).Pixels);

    [Fact]
    public void NoValidationSceneIsTrainedOn()
    {
        var validation = Enumerable.Range(0, Data.ValidationCount).Select(i => Data.Validation(i).Scene.Key).ToList();
        Assert.Equal(validation.Count, validation.Distinct().Count());
        var random = new SceneRandom(99);
        var drawn = Enumerable.Range(0, 20_000).Select(_ => Data.DrawScene(random).Key).ToHashSet();
        Assert.DoesNotContain(validation, drawn.Contains);
        // The test can fail: scenes without that care do meet validation's.
        var careless = new SceneRandom(99);
        var free = Enumerable.Range(0, 20_000).Select(_ => SceneSampler.Draw(careless).Key).ToHashSet();
        Assert.Contains(validation, free.Contains);
    }

    [Fact]
    public void TrainingCaptionsAreEnglishAndValidationCaptionsAreInAllLanguages()
    {
        Assert.Equal(["en"], Data.Training(0).Captions.Keys);
        Assert.Equal(["en", "de", "zh"], Data.Validation(0).Captions.Keys);
    }

    [Fact]
    public void TwoImagesOfOneSceneDiffer()
    {
        var scene = new Scene(Place.Beach, Relation.Alone, [new Group(2, Size.Small, Color.Red, Thing.Star)]);
        Assert.NotEqual(SceneRenderer.Render(scene, new SceneRandom(1)), SceneRenderer.Render(scene, new SceneRandom(2)));
    }

    /// <summary>The claim of a relation, checked on the positions.</summary>
    [Fact]
    public void ThingsStandWhereTheRelationSays()
    {
        var random = new SceneRandom(3);
        for (var i = 0; i < 500; i++)
        {
            var scene = SceneSampler.Draw(random);
            var placed = Arrangement.Place(scene, random);
            Assert.Equal(scene.Groups.Sum(group => group.Count), placed.Count);
            Assert.All(placed, thing => Assert.True(thing.X > 0 && thing.Y > 0 && thing.X < SceneRenderer.ImageSize
                && thing.Y < SceneRenderer.ImageSize));
            List<PlacedThing> Of(int group) =>
                [.. placed.Where(thing => thing.Thing == scene.Groups[group].Thing && thing.Color == scene.Groups[group].Color)];
            switch (scene.Relation)
            {
                case Relation.LeftOf:
                    Assert.True(Of(0).Max(thing => thing.X) < Of(1).Min(thing => thing.X), scene.Key);
                    break;
                case Relation.Above:
                    Assert.True(Of(0).Max(thing => thing.Y) < Of(1).Min(thing => thing.Y), scene.Key);
                    break;
                case Relation.Between:
                    Assert.InRange(Of(0)[0].X, Math.Min(Of(1)[0].X, Of(2)[0].X), Math.Max(Of(1)[0].X, Of(2)[0].X));
                    break;
                case Relation.Inside:
                    Assert.True(Math.Abs(Of(0)[0].X - Of(1)[0].X) < Of(1)[0].Radius / 2, scene.Key);
                    break;
            }
        }
    }

    [Fact]
    public void AColoredThingColorsTheImage()
    {
        var scene = new Scene(Place.Night, Relation.Alone, [new Group(1, Size.Large, Color.Red, Thing.Circle)]);
        var pixels = SceneRenderer.Render(scene, new SceneRandom(4));
        var red = Enumerable.Range(0, pixels.Length / 3)
            .Count(i => pixels[3 * i] > 180 && pixels[(3 * i) + 1] < 80 && pixels[(3 * i) + 2] < 80);
        Assert.InRange(red, 300, 900); // a disc of radius 13.5 less its outline covers about 500 pixels
    }
}
