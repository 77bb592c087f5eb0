using Llm2Clip.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Fills weights in place from a seeded generator, the same on every engine and device.</summary>
internal sealed class WeightInit(ulong seed)
{
    private SeededRandom _random = new(seed);

    /// <summary>Normal numbers with the given standard deviation.</summary>
    public void Normal(Tensor weight, double deviation)
    {
        var values = new float[weight.numel()];
        foreach (ref var value in values.AsSpan())
        {
            value = (float)(_random.NextGaussian() * deviation);
        }
        Set(weight, values);
    }

    /// <summary>Uniform numbers in [-bound, bound].</summary>
    public void Uniform(Tensor weight, double bound)
    {
        var values = new float[weight.numel()];
        foreach (ref var value in values.AsSpan())
        {
            value = (float)((2 * _random.NextSingle() - 1) * bound);
        }
        Set(weight, values);
    }

    /// <summary>torch's default for linear and convolution layers: weights and biases uniform within 1 / sqrt(inputs of a unit).</summary>
    public void TorchDefault(Tensor weight, Tensor? bias)
    {
        var bound = 1 / Math.Sqrt(weight.numel() / (double)weight.shape[0]);
        Uniform(weight, bound);
        if (bias is not null)
        {
            Uniform(bias, bound);
        }
    }

    private static void Set(Tensor weight, float[] values)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        weight.copy_(tensor(values, weight.shape));
    }
}
