using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Layers;

public class TrainingNoiseTests
{
    [Fact]
    public void DropPathZeroesWholeSamplesAndKeepsTheMean()
    {
        using var scope = NewDisposeScope();
        var noise = new TrainingNoise();
        noise.Begin(1);
        var values = GoldenTensors.Values(noise.DropPath(ones([4000, 2, 3]), 0.25));
        for (var sample = 0; sample < 4000; sample++)
        {
            var rows = values.AsSpan(sample * 6, 6).ToArray();
            Assert.True(rows.All(v => v == 0) || rows.All(v => v == 1f / 0.75f));
        }
        Assert.Equal(1, values.Average(), 0.03);
    }

    [Fact]
    public void TheSameSeedReplaysThePass()
    {
        using var scope = NewDisposeScope();
        var noise = new TrainingNoise();
        (long[], float[], float[]) Pass(ulong seed)
        {
            noise.Begin(seed);
            return (noise.KeptTokens(3, 10, 0.5)!, GoldenTensors.Values(noise.Dropout(ones([5, 7]), 0.5)),
                GoldenTensors.Values(noise.DropPath(ones([9, 1]), 0.5)));
        }
        var (kept, dropped, paths) = Pass(3);
        var (keptAgain, droppedAgain, pathsAgain) = Pass(3);
        Assert.Equal(kept, keptAgain);
        Assert.Equal(dropped, droppedAgain);
        Assert.Equal(paths, pathsAgain);
        Assert.NotEqual(kept, Pass(4).Item1);
    }

    [Fact]
    public void KeptTokensAreDistinctPlacesOfEachSample()
    {
        var noise = new TrainingNoise();
        Assert.Null(noise.KeptTokens(2, 8, 0.25));
        noise.Begin(5);
        Assert.Null(noise.KeptTokens(2, 8, 0));
        var rows = noise.KeptTokens(2, 8, 0.25)!;
        Assert.Equal(12, rows.Distinct().Count());
        Assert.All(rows[..6], row => Assert.InRange(row, 0, 7));
        Assert.All(rows[6..], row => Assert.InRange(row, 8, 15));
    }

    [Fact]
    public void NothingHappensOutsideAPass()
    {
        using var scope = NewDisposeScope();
        var (noise, x) = (new TrainingNoise(), ones([3, 2]));
        noise.Begin(1);
        noise.End();
        Assert.Same(x, noise.DropPath(x, 0.9));
        Assert.Same(x, noise.Dropout(x, 0.9));
    }
}
