using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>Sizes of a low-rank change.</summary>
/// <param name="Rank">Rank, r.</param>
/// <param name="Alpha">The change is scaled by alpha / r.</param>
/// <param name="Dropout">Share of its input's elements left out in a training pass.</param>
internal sealed record LoraShape(int Rank, double Alpha, double Dropout)
{
    /// <summary>What the change is multiplied by.</summary>
    public double Scale => Alpha / Rank;
}

/// <summary>
/// A trained low-rank change of a frozen <see cref="Linear"/> (LoRA, https://arxiv.org/abs/2106.09685): y + alpha / r B A dropout(x) with
/// A [r, in] and B [out, r]. A starts uniform within 1 / sqrt(in), as PEFT's, and B at zero, so that the layer starts unchanged. The
/// parameters are named as PEFT names them: <c>lora_A.weight</c> and <c>lora_B.weight</c> below the layer's own name.
/// </summary>
internal sealed class Lora
{
    public const string DownName = "lora_A";
    public const string UpName = "lora_B";

    private readonly TrainingNoise _noise;

    public Lora(long inputs, long outputs, LoraShape shape, WeightInit init, TrainingNoise noise, Device device)
    {
        (Shape, _noise) = (shape, noise);
        Down = new Linear(inputs, shape.Rank, bias: false, device);
        Up = new Linear(shape.Rank, outputs, bias: false, device);
        init.TorchDefault(Down.Weight, null);
    }

    /// <summary>Sizes.</summary>
    public LoraShape Shape { get; }

    /// <summary>A.</summary>
    public Linear Down { get; }

    /// <summary>B.</summary>
    public Linear Up { get; }

    /// <summary>x [..., in] to what the layer's output changes by, [..., out] in the product's format.</summary>
    public Tensor Delta(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (low, up) = Factors(x);
        return low.matmul(up.t()).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same, added to the layer's own output [..., out] in place: it is summed in the product itself, so that no tensor of the
    /// output's size is made for it.
    /// </summary>
    public Tensor AddTo(Tensor output, Tensor x)
    {
        using var scope = NewDisposeScope();
        var (low, up) = Factors(x);
        var rows = output.view(-1, output.size(-1));
        rows.addmm_(low.view(-1, low.size(-1)), up.t(), 1, 1);
        return rows.view(output.shape).MoveToOuterDisposeScope();
    }

    /// <summary>What the weight [out, in] changes by, fp32.</summary>
    public Tensor WeightDelta()
    {
        using var scope = NewDisposeScope();
        return Up.Weight.matmul(Down.Weight).Times(Shape.Scale).MoveToOuterDisposeScope();
    }

    /// <summary>A dropout(x), [..., r], and B scaled, [out, r], both in the product's format.</summary>
    private (Tensor Low, Tensor Up) Factors(Tensor x)
    {
        var (kept, rate) = _noise.Kept(x.ForProduct(Down.Precision), Shape.Dropout);
        // Scaled where it is smallest, and before it is rounded to the product's format.
        return (Down.call(kept), Up.Weight.Times(Shape.Scale / (1 - rate)).ForProduct(Up.Precision));
    }
}

/// <summary>Low-rank changes of many layers at once.</summary>
internal static class LoraLayers
{
    /// <summary>
    /// Adapts every <see cref="Linear"/> whose name is listed or ends with a dot and a listed name, as PEFT chooses them
    /// (<c>q_proj</c>, <c>layers.3.self_attn.q_proj</c>), and freezes all other parameters of the module.
    /// </summary>
    /// <param name="module">The model; its parameters no longer need gradients, but for the new ones.</param>
    /// <param name="layers">Names of layers, or ends of them.</param>
    /// <param name="shape">Sizes of the changes.</param>
    /// <param name="noise">Dropout of the changes' inputs.</param>
    /// <param name="seed">Seed of the new weights.</param>
    /// <returns>How many layers were adapted.</returns>
    public static int Adapt(nn.Module module, IReadOnlyCollection<string> layers, LoraShape shape, TrainingNoise noise, ulong seed)
    {
        foreach (var parameter in module.parameters())
        {
            parameter.requires_grad = false;
        }
        var init = new WeightInit(seed);
        var adapted = Named(module).Where(layer => layers.Any(listed => IsNamed(layer.Name, listed))).ToList();
        foreach (var (_, layer) in adapted)
        {
            layer.Adapt(shape, init, noise);
        }
        return adapted.Count;
    }

    /// <summary>The layers that are adapted, by their names in the module.</summary>
    public static IEnumerable<(string Name, Lora Change)> Of(nn.Module module) =>
        Named(module).Where(layer => layer.Layer.Lora is not null).Select(layer => (layer.Name, layer.Layer.Lora!));

    /// <summary>Whether a parameter belongs to a low-rank change, by its name.</summary>
    public static bool IsChange(string parameter) =>
        parameter.EndsWith($".{Lora.DownName}.weight", StringComparison.Ordinal)
        || parameter.EndsWith($".{Lora.UpName}.weight", StringComparison.Ordinal);

    /// <summary>
    /// The module's parameters without the changes, but with them added to the weights that they change: what a plain layer of the same
    /// function holds. New tensors, in the current dispose scope, where a layer is adapted; the parameters themselves elsewhere.
    /// </summary>
    public static IReadOnlyList<(string Name, Tensor Weight)> Merged(nn.Module module)
    {
        using var off = no_grad();
        var changes = Named(module).Where(layer => layer.Layer.Lora is not null)
            .ToDictionary(layer => layer.Name + ".weight", layer => layer.Layer);
        return [.. module.named_parameters().Where(p => !IsChange(p.name)).Select(p =>
            (p.name, changes.TryGetValue(p.name, out var layer) ? layer.Weight.Plus(layer.Lora!.WeightDelta()) : p.parameter))];
    }

    private static bool IsNamed(string name, string listed) =>
        name == listed || (name.EndsWith(listed, StringComparison.Ordinal) && name[^(listed.Length + 1)] == '.');

    /// <summary>Each layer once: a module that names its own layers has them by the names of its fields too, behind those.</summary>
    private static IEnumerable<(string Name, Linear Layer)> Named(nn.Module module) =>
        module.named_modules().Where(part => part.module is Linear).Select(part => (part.name, (Linear)part.module))
            .DistinctBy(part => part.Item2);
}
