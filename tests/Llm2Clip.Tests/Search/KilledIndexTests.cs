using Llm2Clip.Search;
using Llm2Clip.Tests.PowerCuts;

namespace Llm2Clip.Tests.Search;

/// <summary>The promises of docs/power-cuts.md for <c>index</c>: the real program, killed at random moments.</summary>
public sealed class KilledIndexTests : IClassFixture<SearchedRun>
{
    private readonly SearchedRun _run;
    private readonly string _straight;
    private readonly string _broken;

    public KilledIndexTests(SearchedRun run) =>
        (_run, _straight, _broken) = (run, Path.Combine(run.Folder, "straight"), Path.Combine(run.Folder, "broken"));

    [Fact]
    public void NothingThatWasCommittedIsLost()
    {
        var photos = Path.Combine(_run.Folder, "many");
        for (var i = 0; i < 300; i++)
        {
            _run.Photo(photos, $"p{i:d3}.png", i % 30);
            File.AppendAllText(Path.Combine(photos, $"p{i:d3}.png"), $"{i}"); // a byte behind a PNG's end makes it another file
        }
        var highest = 0L;
        new CutRun(output => ["index", photos, "--model", _run.Run, "--out", output, "--set", "index.batch_size=4", "--set", "data.workers=1"])
            .Compare(_straight, _broken, AfterCut, AtEnd);

        void AfterCut()
        {
            if (!IndexManifest.Exists(_broken))
            {
                return;
            }
            using var index = ImageIndex.Open(_broken);
            Assert.True(index.Count >= highest, $"{index.Count} images, but {highest} were committed.");
            highest = index.Count;
            Assert.Empty(IndexUpkeep.Verify(_broken, TestContext.Current.CancellationToken));
        }

        void AtEnd()
        {
            using var expected = ImageIndex.Open(_straight);
            using var found = ImageIndex.Open(_broken);
            Assert.Equal(300, expected.Count);
            var vectors = found.Locators().ToDictionary(locator => found.Record(locator).Path, locator => locator);
            Assert.Equal(300, vectors.Count);
            foreach (var locator in expected.Locators())
            {
                var other = vectors[expected.Record(locator).Path];
                Assert.Equal(expected.Thumbnail(locator).ToArray(), found.Thumbnail(other).ToArray());
                var (one, two) = (expected.Vector(locator).ToArray(), found.Vector(other).ToArray());
                for (var d = 0; d < one.Length; d++)
                {
                    Assert.Equal((float)one[d], (float)two[d], 2e-3); // batches after a cut are others, and sums with them
                }
            }
            Assert.Empty(IndexUpkeep.Verify(_broken, TestContext.Current.CancellationToken));
            highest = 0;
        }
    }
}
