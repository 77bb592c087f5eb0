using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

public sealed class MimeticInitTests
{
    private const int Width = 64;

    [Fact]
    public void OutputTimesValueIsNoiseMinusTheIdentity()
    {
        using var scope = NewDisposeScope();
        var (output, value) = (zeros([Width, Width]), zeros([Width, Width]));
        MimeticInit.OutputValue(new WeightInit(5), output, value);
        var noise = GoldenTensors.Values(output.matmul(value) + eye(Width) * 0.4f);
        // 4,096 normal numbers of deviation 0.4 / 8: the deviation found is within 5 % (4.5 of its standard errors), the mean within 0.004
        // (5).
        Assert.InRange(noise.Average(), -0.004, 0.004);
        Assert.InRange(Math.Sqrt(noise.Average(x => (double)x * x)), 0.05 * 0.95, 0.05 * 1.05);
        // Both factors carry the same share of the product.
        Assert.Equal(output.norm().item<float>(), value.norm().item<float>(), 1e-3);
    }

    [Fact]
    public void AHeadsProductIsTheBestOfItsRank()
    {
        using var scope = NewDisposeScope();
        var (query, key) = (zeros([16, Width]), zeros([16, Width]));
        MimeticInit.QueryKey(new WeightInit(6), query, key);
        // The same noise again; by Eckart and Young the error of the best rank 16 is what the other singular values hold.
        var noise = zeros([Width, Width]);
        new WeightInit(6).Normal(noise, 0.7 / 8);
        var wanted = noise + eye(Width) * 0.7f;
        var rest = linalg.svdvals(wanted).narrow(0, 16, Width - 16).square().sum().item<float>();
        var error = (query.t().matmul(key) - wanted).square().sum().item<float>();
        Assert.Equal(rest, error, rest * 1e-3);
    }

    [Fact]
    public void PositionsAreSinesAndCosinesOfColumnAndRow()
    {
        using var scope = NewDisposeScope();
        var positions = ones([10, 10]); // 3 x 3 grid; a quarter is 2, two numbers are left over
        MimeticInit.Positions(positions, 3);
        var values = GoldenTensors.Values(positions);
        Assert.All(values.Take(10), x => Assert.Equal(0, x)); // class token
        double[] rowOneColumnTwo = [Math.Sin(2), Math.Sin(2e-4), Math.Cos(2), Math.Cos(2e-4), Math.Sin(1), Math.Sin(1e-4), Math.Cos(1),
            Math.Cos(1e-4), 0, 0];
        Assert.Equal(rowOneColumnTwo.Select(x => (float)x), values.Skip(10 * (1 + 5)).Take(10));
    }

    [Fact]
    public void AttentionOfANewEncoderPrefersNeighbours()
    {
        var config = new ClipVisionConfig
        {
            ImageSize = 64, PatchSize = 8, Width = Width, Layers = 1, Heads = 2, MlpWidth = 128, EmbedDim = 16,
            Activation = Activation.Gelu,
        };
        Assert.True(NeighbourGain(config, VisionStart.Mimetic) > 1.2); // near tokens over far ones
        Assert.InRange(NeighbourGain(config, VisionStart.Clip), 0.9, 1.1);
    }

    /// <summary>
    /// How much more patches look at their right neighbors than at any patch: e to the difference of mean logits; grey image.
    /// </summary>
    private static double NeighbourGain(ClipVisionConfig config, VisionStart start)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var model = new ClipVisionModel(config, CPU);
        model.Initialize(7, start);
        Tensor? first = null;
        model.Encode(zeros([1, 3, 64, 64]), (name, x) => first = name == "hidden.0" ? x.clone().DetachFromDisposeScope() : first);
        using var tokens = first!;
        var weights = model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        var patches = nn.functional.layer_norm(tokens[0].narrow(0, 1, 64), [Width]); // [64, W]
        var gain = 0.0;
        for (var head = 0; head < config.Heads; head++)
        {
            var size = Width / config.Heads;
            Tensor Part(string name) => patches.matmul(weights[$"vision_model.encoder.layers.0.self_attn.{name}.weight"]
                .narrow(0, head * size, size).t());
            var logits = Part("q_proj").matmul(Part("k_proj").t()) / MathF.Sqrt(size); // [64, 64]
            var neighbors = Enumerable.Range(0, 63).Where(i => i % 8 < 7).Average(i => logits[i, i + 1].item<float>());
            gain += (neighbors - logits.mean().item<float>()) / config.Heads;
        }
        return Math.Exp(gain);
    }
}
