using System.Globalization;

namespace Llm2Clip.Tests.Nets;

/// <summary>
/// A short run as numbers: loss and gradient norm per step, then some weights. Stored as text, one number per line, and compared with what
/// a later version computes.
/// </summary>
internal sealed class Curve : IMetricsSink
{
    private readonly List<(string Name, double Value)> _numbers = [];

    /// <inheritdoc/>
    public void Scalar(string tag, long step, double value)
    {
        if (tag is "cc/loss" or "cc/gradient_norm" or "train/loss" or "train/grad_norm")
        {
            _numbers.Add(($"step {step} {tag[(tag.IndexOf('/') + 1)..].Replace("gradient_norm", "grad_norm")}", value));
        }
    }

    /// <summary>Adds three elements of a weight, spread evenly over it.</summary>
    public void Weight(string name, ReadOnlySpan<float> values)
    {
        var count = Math.Min(3, values.Length);
        for (var i = 0; i < count; i++)
        {
            var at = (int)((long)i * values.Length / count);
            _numbers.Add(($"{name}[{at}]", values[at]));
        }
    }

    /// <summary>
    /// Compares with the stored curve. Losses and norms must agree to <paramref name="relative"/>, weights to <paramref name="weights"/>.
    /// <c>LLM2CLIP_STORE_NETS=1</c> writes the curve instead, for a change that is meant to move numbers; its commit says by how much.
    /// </summary>
    public void MustEqualStored(string name, double relative, double weights)
    {
        var path = Path.Combine(SharedData.RepositoryRoot(), "tests", "Llm2Clip.Tests", "Nets", name);
        if (Environment.GetEnvironmentVariable("LLM2CLIP_STORE_NETS") == "1")
        {
            File.WriteAllLines(path, _numbers.Select(number =>
                string.Create(CultureInfo.InvariantCulture, $"{number.Name}\t{number.Value:R}")));
        }
        var stored = File.ReadAllLines(path).Select(line => line.Split('\t')).ToList();
        Assert.Equal(stored.Select(line => line[0]), _numbers.Select(number => number.Name));
        var apart = new List<string>();
        foreach (var (line, (what, value)) in stored.Zip(_numbers))
        {
            var expected = double.Parse(line[1], CultureInfo.InvariantCulture);
            var allowed = what.StartsWith("step ", StringComparison.Ordinal) ? relative * Math.Abs(expected) : weights;
            if (!(Math.Abs(value - expected) <= allowed))
            {
                apart.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{what}: {value:R}, stored {expected:R} (difference {Math.Abs(value - expected):g3}, allowed {allowed:g3})"));
            }
        }
        Assert.True(apart.Count == 0, $"{name}: {apart.Count} of {stored.Count} numbers differ:\n{string.Join("\n", apart.Take(20))}");
    }
}
