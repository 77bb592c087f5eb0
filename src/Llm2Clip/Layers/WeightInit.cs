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

    /// <summary>Normal numbers with standard deviation s cut off at 2 s and scaled so that their deviation is the given one.</summary>
    public void TruncatedNormal(Tensor weight, double deviation)
    {
        const double CutDeviation = 0.87962566103423978; // of a standard normal number within [-2, 2]
        var values = new float[weight.numel()];
        foreach (ref var value in values.AsSpan())
        {
            double drawn;
            do
            {
                drawn = _random.NextGaussian();
            }
            while (Math.Abs(drawn) > 2);
            value = (float)(drawn * deviation / CutDeviation);
        }
        Set(weight, values);
    }

    /// <summary>
    /// Uniform numbers as <c>xavier_uniform_</c> draws them (Glorot and Bengio 2010), within sqrt(6 / (inputs + outputs)) of a matrix
    /// [out, in], or of a row [1, 1, W] seen as W inputs and W outputs.
    /// </summary>
    public void Xavier(Tensor weight)
    {
        var (outputs, inputs) = weight.shape is [1, 1, var width] ? (width, width) : (weight.shape[0], weight.shape[1]);
        Uniform(weight, Math.Sqrt(6.0 / (inputs + outputs)));
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

    /// <summary>The same number everywhere.</summary>
    public void Constant(Tensor weight, double value)
    {
        var values = new float[weight.numel()];
        Array.Fill(values, (float)value);
        Set(weight, values);
    }

    private static void Set(Tensor weight, float[] values)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        weight.copy_(tensor(values, weight.shape));
    }
}
