using Llm2Clip.Training.LongClip;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training.LongClip;

/// <summary>What primary component matching promises beside the golden numbers.</summary>
public sealed class PrimaryComponentsTests
{
    /// <summary>
    /// The gradient against central differences in fp64, where rows repeat and where not, by either Gram matrix and by blocks. Steps of
    /// 1e-5 leave errors of the order of 1e-10 times the third derivative, which is below 1e3 with the gaps of these batches.
    /// </summary>
    [Theory]
    [InlineData(9, 14, 3, 1, 9)]
    [InlineData(14, 9, 3, 1, 14)]
    [InlineData(12, 14, 3, 1, 7)]
    [InlineData(16, 6, 2, 2, 16)]
    public void TheGradientIsThatOfDifferences(int rows, int width, int components, int blocks, int different)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        var drawn = randn([different, width], ScalarType.Float64);
        var x = drawn.index_select(0, tensor(Enumerable.Range(0, rows).Select(row => (long)(row % different)).ToArray()));
        var upstream = randn([rows, width], ScalarType.Float64);
        var leaf = x.clone().requires_grad_();
        (PrimaryComponents.Reconstruct(leaf, components, blocks) * upstream).sum().backward();
        var gradient = leaf.grad!.data<double>().ToArray();
        using var off = no_grad();
        for (var i = 0; i < gradient.Length; i += 5)
        {
            var (above, below) = (At(i, 1e-5), At(i, -1e-5));
            var slope = (above - below) / 2e-5;
            Assert.True(Math.Abs(slope - gradient[i]) <= 1e-6 * (1 + Math.Abs(slope)), $"[{i}]: {gradient[i]}, differences give {slope}.");
        }

        double At(int place, double step)
        {
            using var inner = NewDisposeScope();
            var moved = x.clone();
            moved.view(-1)[place] += step;
            return (PrimaryComponents.Reconstruct(moved, components, blocks) * upstream).sum().item<double>();
        }
    }

    /// <summary>A tie at the cut, and many equal rows: the gradient is finite, where the original's is NaN.</summary>
    [Fact]
    public void TiesAndRepeatedRowsStayFinite()
    {
        using var scope = NewDisposeScope();
        // The rows +-e_i have the same variance in every direction.
        var tie = cat([eye(6, 8), -eye(6, 8)], 0).requires_grad_();
        random.manual_seed(1);
        var same = randn(1, 8).expand(12, 8).clone().requires_grad_();
        foreach (var x in new[] { tie, same })
        {
            (PrimaryComponents.Reconstruct(x, 3) * randn(12, 8)).sum().backward();
            Assert.All(GoldenTensors.Values(x.grad!), value => Assert.InRange(value, -100, 100));
        }
    }

    [Theory]
    [InlineData(33, 48, "32 primary components are all directions that 33 images with features of length 48 have")]
    [InlineData(64, 32, "34 images are the least, and features longer than 32. Take a larger batch or fewer components.")]
    public void ABatchOfWhichNothingWouldBeDroppedIsRefused(int rows, int width, string message)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ConfigException>(() =>
            new LongClipLoss().Of(randn(rows, width), randn(rows, width), randn(rows, width), tensor(1f))).Message;
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    /// <summary>Blocks count as the processes that they stand for: 68 images in two of them are 34 each.</summary>
    [Fact]
    public void BlocksAreCheckedOnTheirOwn()
    {
        using var scope = NewDisposeScope();
        var loss = new LongClipLoss { Blocks = 2 };
        var (few, enough) = (randn(66, 48), randn(68, 48));
        Assert.Throws<ConfigException>(() => loss.Of(few, few, few, tensor(1f)));
        Assert.True(float.IsFinite(loss.Of(enough, enough, enough, tensor(1f)).Total.item<float>()));
        Assert.Throws<ArgumentException>(() => PrimaryComponents.Reconstruct(few, 8, 67));
    }

    /// <summary>A batch that lost an image: 21 rows in two blocks are 10 and 11, each with its own directions.</summary>
    [Fact]
    public void BlocksNeedNotDivideTheRows()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var rows = randn(21, 12);
        var (first, second) = (rows.narrow(0, 0, 10), rows.narrow(0, 10, 11));
        Tensor[] parts = [PrimaryComponents.Reconstruct(first, 4), PrimaryComponents.Reconstruct(second, 4)];
        Assert.Equal(GoldenTensors.Values(cat(parts, 0)), GoldenTensors.Values(PrimaryComponents.Reconstruct(rows, 4, 2)));
    }

    [Fact]
    public void TheWeightIsThatOfTheShortCaptions()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        var (image, text, other) = (randn(20, 12), randn(20, 12), randn(20, 12));
        var loss = new LongClipLoss { Components = 4, ShortWeight = 0.25 }.Of(image, text, other, tensor(2f));
        Assert.Equal(loss.Long.item<float>() + 0.25f * loss.Short.item<float>(), loss.Total.item<float>(), 1e-5f);
    }
}
