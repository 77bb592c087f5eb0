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
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void GradientEqualsThatOfTheWholeBatch(int micro)
    {
        var (loss, gradients) = Run(8);
        var (partLoss, partGradients) = Run(micro);
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

    private static (double Loss, float[] Gradients) Run(int micro, double dropPath = 0)
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
                    student.ImageEncoder.Noise.Begin((ulong)part);
                    return student.ImageEncoder.Encode(Part(pixels, part));
                }),
                new EncoderPass(parts, part => student.TextAdapter.call(Part(vectors, part))),
            ],
            features => InfoNceLoss.Between(features[0], features[1], student.LogitScale));
        return (loss, [.. student.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter.grad!))]);
    }
}
