using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Text;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

public class GradCacheTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 3)]
    [InlineData(2, 9)]
    [InlineData(8, 1)]
    public void GradientEqualsThatOfTheWholeBatch(int micro, int kept)
    {
        var (loss, gradients) = Run(8);
        var (partLoss, partGradients) = Run(micro, kept: kept);
        Assert.Equal(loss, partLoss, 1e-5);
        for (var i = 0; i < gradients.Length; i++)
        {
            Assert.True(Math.Abs(gradients[i] - partGradients[i]) < 1e-5, $"gradient {i}: {partGradients[i]}, whole batch {gradients[i]}");
        }
    }

    [Fact]
    public void NoiseIsReplayed()
    {
        // With drop path the gradient belongs to the noise of the first pass only if the second has the same.
        Assert.Equal(Run(4, dropPath: 0.5).Gradients, Run(4, dropPath: 0.5).Gradients);
        Assert.NotEqual(Run(4, dropPath: 0.5).Gradients, Run(4, dropPath: 0).Gradients);
    }

    [Fact]
    public void NonFiniteLossLeavesGradientsAlone()
    {
        using var scope = NewDisposeScope();
        var weight = randn([3]).requires_grad_(true);
        var loss = GradCache.Backward([new EncoderPass(2, _ => weight.unsqueeze(0))], parts => parts[0].sum() * float.PositiveInfinity);
        Assert.False(double.IsFinite(loss));
        Assert.True(weight.grad is null);
    }

    /// <summary>What is kept is encoded once, all else twice; no noise changes by that.</summary>
    [Theory]
    [InlineData(0, new[] { 0, 1, 2, 3, 0, 1, 2, 3 })]
    [InlineData(1, new[] { 0, 1, 2, 3, 0, 1, 2 })]
    [InlineData(3, new[] { 0, 1, 2, 3, 0 })]
    [InlineData(4, new[] { 0, 1, 2, 3 })]
    public void KeptMicroBatchesAreEncodedOnce(int kept, int[] encoded)
    {
        var order = new List<int>();
        var (loss, gradients) = Run(2, dropPath: 0.5, kept, order);
        Assert.Equal(encoded, order);
        var (otherLoss, others) = Run(2, dropPath: 0.5, kept: 0);
        Assert.Equal(otherLoss, loss);
        Assert.All(gradients.Zip(others), pair => Assert.Equal(pair.Second, pair.First, 1e-6f)); // summed in another order
    }

    [Fact]
    public void WhatHasItsOwnWayBackIsEncodedWithoutGraph()
    {
        using var scope = NewDisposeScope();
        var weight = ones([1, 2]).requires_grad_(true);
        var replayed = new List<int>();
        var pass = new EncoderPass(2, part =>
        {
            Assert.False(is_grad_enabled());
            return weight * weight;
        })
        { Replay = (part, gradient) => replayed.Add(part), Kept = 2 };
        GradCache.Backward([pass], parts => parts[0].sum());
        Assert.Equal([0, 1], replayed);
    }

    private static (double Loss, float[] Gradients) Run(int micro, double dropPath = 0, int kept = 1, List<int>? encoded = null)
    {
        const int Batch = 8;
        using var scope = NewDisposeScope();
        using var student = Student.Create(TinyTraining.Model, TinyTraining.VectorLength, 2, 7, GoldenTensors.Device);
        student.ImageEncoder.SetDropPath(dropPath);
        var init = new WeightInit(3);
        var (pixels, vectors) = (zeros([Batch, 3, 16, 16], device: GoldenTensors.Device),
            zeros([Batch, TinyTraining.VectorLength], device: GoldenTensors.Device));
        init.Normal(pixels, 1);
        init.Normal(vectors, 1);
        Tensor Part(Tensor all, int part) => all.narrow(0, part * micro, Math.Min(micro, Batch - part * micro));
        var parts = (Batch + micro - 1) / micro;
        var loss = GradCache.Backward(
            [
                new EncoderPass(parts, part =>
                {
                    encoded?.Add(part);
                    student.ImageEncoder.Noise.Begin((ulong)part);
                    return student.ImageEncoder.Encode(Part(pixels, part));
                })
                { Kept = kept },
                new EncoderPass(parts, part => student.TextAdapter.call(Part(vectors, part))) { Kept = kept },
            ],
            features => InfoNceLoss.Between(features[0], features[1], student.LogitScale));
        return (loss, [.. student.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter.grad!))]);
    }
}
