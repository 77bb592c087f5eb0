using TorchSharp;

namespace Llm2Clip.Tests.Engine;

/// <summary>Comparison of tensors with numbers.</summary>
internal static class TorchExpect
{
    /// <summary>The elements, in order, against the expected ones.</summary>
    public static void Values(torch.Tensor actual, double tolerance, params double[] expected)
    {
        using var wide = actual.detach().to(torch.float64);
        var values = wide.data<double>().ToArray();
        Assert.Equal(expected.Length, values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            Assert.True(Math.Abs(values[i] - expected[i]) <= tolerance, $"element {i}: {values[i]:R}, expected {expected[i]:R} within {tolerance}");
        }
    }

    /// <summary>Central differences of a scalar function, compared with backward's gradient of each float64 input.</summary>
    public static void Gradients(Func<torch.Tensor[], torch.Tensor> function, params torch.Tensor[] inputs)
    {
        using var scope = torch.NewDisposeScope();
        foreach (var input in inputs)
        {
            input.requires_grad_();
        }
        function(inputs).backward();
        using var quiet = torch.no_grad();
        const double Step = 1e-6;
        foreach (var input in inputs)
        {
            var gradient = input.grad;
            Assert.NotNull(gradient);
            var (elements, analytic) = (input.data<double>(), gradient.data<double>());
            for (var i = 0L; i < input.numel(); i++)
            {
                var kept = elements.ToArray()[i];
                double At(double value)
                {
                    elements.CopyFrom([value], 0, i);
                    return function(inputs).ToDouble();
                }
                var numeric = (At(kept + Step) - At(kept - Step)) / (2 * Step);
                elements.CopyFrom([kept], 0, i);
                Assert.True(Math.Abs(numeric - analytic.ToArray()[i]) < 1e-6 * (1 + Math.Abs(numeric)), $"element {i}: backward {analytic.ToArray()[i]}, differences {numeric}");
            }
        }
    }
}
