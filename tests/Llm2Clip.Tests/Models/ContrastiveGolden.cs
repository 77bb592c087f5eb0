using System.Text.Json;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>
/// What the gradient and training cases of golden/vision share: loss between embeddings and targets with a learned logit_scale, and
/// 20 steps of AdamW by the README's recipe.
/// </summary>
internal static class ContrastiveGolden
{
    public const double LossTolerance = 1e-5;
    public const double GradientTolerance = 1e-5;
    private const double TrainingTolerance = 2e-5;
    private const double ParameterTolerance = 1e-5;
    private const double InertTolerance = 1e-3;

    /// <summary>ln(1 / 0.07), the README's logit_scale.</summary>
    public static Parameter NewLogitScale() => new(tensor((float)Math.Log(1 / 0.07), device: GoldenTensors.Device));

    /// <summary>
    /// Trains and compares loss, gradient norm and logit_scale of every step, and all parameters after the last.
    /// </summary>
    public static void Train(
        IReadOnlyList<(string Name, Parameter Parameter)> weights, Func<int, (Tensor Embeddings, Tensor Targets)> batch, int batches,
        JsonElement expected, Func<string, Tensor> trained)
    {
        var scale = NewLogitScale();
        IReadOnlyList<(string Name, Parameter Parameter)> all = [.. weights, ("logit_scale", scale)];
        var groups = all.GroupBy(p => p.Parameter.shape.Length >= 2).Select(g =>
            new ParameterGroup(g.Key ? "decay" : "no decay", 1, g.Key ? 0.05 : 0, [.. g.Select(p => p.Name)])).ToList();
        using var flat = new FlatParameters(all, groups);
        using var optimizer = new FlatAdamW(flat, new AdamWOptions(0.9, 0.98, 1e-6));
        var steps = expected.GetProperty("training");
        double At(string key, int step) => steps.GetProperty(key)[step].GetDouble();
        for (var step = 0; step < steps.GetProperty("steps").GetInt32(); step++)
        {
            flat.ZeroGradients();
            double value;
            using (NewDisposeScope())
            {
                var (embeddings, targets) = batch(step % batches);
                var loss = InfoNceLoss.Between(embeddings, targets, scale);
                loss.backward();
                value = loss.item<float>();
            }
            var norm = flat.GradientNorm();
            GoldenTensors.Close(At("loss", step), value, TrainingTolerance, $"loss of step {step}");
            GoldenTensors.Close(1, norm / At("grad_norm_before_clipping", step), TrainingTolerance,
                $"gradient norm of step {step}, relative");
            optimizer.Step(At("lr", step), FlatAdamW.ClipScale(norm, 1));
            GoldenTensors.Close(At("logit_scale_after_step", step), scale.item<float>(), ParameterTolerance,
                $"logit_scale after step {step}");
        }
        var inert = expected.GetProperty("parameters_without_effect").EnumerateArray().Select(name => name.GetString()).ToHashSet();
        foreach (var (name, parameter) in all)
        {
            using var reference = trained(name);
            GoldenTensors.Close(reference, parameter, inert.Contains(name) ? InertTolerance : ParameterTolerance, $"{name} after training");
        }
    }

    /// <summary>Compares a gradient with its norm, sum and first values.</summary>
    public static void Summary(string name, JsonElement expected, float[] gradient)
    {
        var norm = Math.Sqrt(gradient.Sum(value => (double)value * value));
        var length = expected.GetProperty("l2").GetDouble();
        var bound = GradientTolerance * (1 + length);
        GoldenTensors.Close(length, norm, bound, $"norm of the gradient of {name}");
        GoldenTensors.Close(expected.GetProperty("sum").GetDouble(), gradient.Sum(value => (double)value),
            bound * Math.Sqrt(gradient.Length), $"sum of the gradient of {name}");
        foreach (var (value, i) in expected.GetProperty("first").EnumerateArray().Select((v, i) => (v.GetDouble(), i)))
        {
            GoldenTensors.Close(value, gradient[i], bound, $"gradient of {name}[{i}]");
        }
    }
}
