using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Engine;

/// <summary>Moments and bounds of fresh weights. Samples are large enough that the ranges are more than six standard errors wide.</summary>
public class InitTests
{
    private const int Rows = 500;
    private const int Columns = 400;

    [Fact]
    public void UniformFillsItsRange() => Check(each => nn.init.uniform_(each, -1, 3), mean: 1, deviation: 4 / Math.Sqrt(12), low: -1, high: 3);

    [Fact]
    public void NormalHasItsMoments() => Check(each => nn.init.normal_(each, 0.5, 0.2), mean: 0.5, deviation: 0.2, low: -1, high: 2);

    /// <summary>Deviation of a standard normal cut at ±2: sqrt(1 - 4 φ(2) / (2Φ(2) - 1)) = 0.8796.</summary>
    [Fact]
    public void TruncatedNormalKeepsItsBounds()
    {
        RequireTruncatedNormal();
        Check(each => nn.init.trunc_normal_(each, 0, 0.02, -0.04, 0.04), mean: 0, deviation: 0.02 * 0.879626, low: -0.04, high: 0.04);
    }

    /// <summary>Cut on one side only, at the mean: the half normal, mean sqrt(2/π), deviation sqrt(1 - 2/π).</summary>
    [Fact]
    public void TruncatedNormalCanBeCutOnOneSide()
    {
        RequireTruncatedNormal();
        Check(each => nn.init.trunc_normal_(each, 0, 1, 0, 100), mean: Math.Sqrt(2 / Math.PI), deviation: Math.Sqrt(1 - 2 / Math.PI), low: 0, high: 7);
    }

    [Fact]
    public void XavierUniformHasItsBound()
    {
        var bound = 2 * Math.Sqrt(6.0 / (Rows + Columns));
        Check(each => nn.init.xavier_uniform_(each, 2), mean: 0, deviation: bound / Math.Sqrt(3), low: -bound, high: bound);
    }

    [Fact]
    public void KaimingUniformHasItsBound()
    {
        var bound = Math.Sqrt(6.0 / Columns);
        Check(
            each => nn.init.kaiming_uniform_(each, nonlinearity: nn.init.NonlinearityType.ReLU), mean: 0, deviation: bound / Math.Sqrt(3), low: -bound, high: bound);
    }

    [Fact]
    public void FreshLinearIsUniformByFanIn()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(Columns, Rows);
        var bound = 1 / Math.Sqrt(Columns);
        CheckValues(layer.weight, 0, bound / Math.Sqrt(3), -bound, bound);
        Assert.InRange(layer.bias!.abs().max().ToDouble(), bound * 0.9, bound);
    }

    [Fact]
    public void ConstantsAreExact()
    {
        using var scope = NewDisposeScope();
        var weight = nn.Parameter(empty(3, 4));
        Assert.Equal(12, nn.init.ones_(weight).sum().ToDouble());
        Assert.Equal(0, nn.init.zeros_(weight).abs().sum().ToDouble());
        Assert.Equal(30, nn.init.constant_(weight, 2.5).sum().ToDouble());
        Assert.True(weight.is_leaf && weight.requires_grad);
    }

    [Fact]
    public void TheSameGeneratorGivesTheSameWeights()
    {
        using var scope = NewDisposeScope();
        using var one = new Generator(7);
        using var other = new Generator(7);
        Assert.True(nn.init.trunc_normal_(empty(50), generator: one).Equals(nn.init.trunc_normal_(empty(50), generator: other)));
    }

    private static void RequireTruncatedNormal() =>
        OwnBinding.Require("TorchSharp's trunc_normal_ fills with the deviation; weights are drawn by WeightInit.");

    private static void Check(Func<Tensor, Tensor> fill, double mean, double deviation, double low, double high)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        CheckValues(fill(nn.Parameter(empty(Rows, Columns))), mean, deviation, low, high);
    }

    private static void CheckValues(Tensor values, double mean, double deviation, double low, double high)
    {
        var standardError = deviation / Math.Sqrt(values.numel());
        Assert.InRange(values.mean().ToDouble(), mean - 6 * standardError, mean + 6 * standardError);
        Assert.InRange(values.std().ToDouble(), deviation - 6 * standardError, deviation + 6 * standardError);
        Assert.InRange(values.min().ToDouble(), low - 1e-6, high);
        Assert.InRange(values.max().ToDouble(), low, high + 1e-6);
    }
}
