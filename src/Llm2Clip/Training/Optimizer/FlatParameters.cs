using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>Where a parameter lies in the flat buffers.</summary>
internal sealed record FlatSlot(string Name, long Offset, long[] Shape)
{
    /// <summary>Number of elements.</summary>
    public long Length { get; } = Shape.Aggregate(1L, (product, side) => product * side);
}

/// <summary>A range of the flat buffers whose parameters share rate and decay.</summary>
internal sealed record FlatRange(ParameterGroup Group, long Offset, long Length);

/// <summary>
/// All parameters and all gradients of a model, each in one fp32 buffer, group after group: an optimizer step is a few large
/// operations and an all-reduce one call. The model's parameters and their gradients become views of the buffers.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    /// <summary>Moves the parameters into the buffers. Every parameter must be named by exactly one group.</summary>
    public FlatParameters(IReadOnlyList<(string Name, Parameter Parameter)> parameters, IReadOnlyList<ParameterGroup> groups)
    {
        var byName = parameters.ToDictionary(p => p.Name, p => p.Parameter);
        RequireComplete(byName.Keys, groups);
        Device = parameters[0].Parameter.device;
        var total = parameters.Sum(p => p.Parameter.numel());
        ValueBuffer = new FlatBuffer(total, Device);
        GradientBuffer = new FlatBuffer(total, Device);
        var offset = 0L;
        using var off = no_grad();
        foreach (var group in groups)
        {
            var start = offset;
            foreach (var name in group.Parameters)
            {
                using var scope = NewDisposeScope();
                var parameter = byName[name];
                var slot = new FlatSlot(name, offset, parameter.shape);
                var view = Values.narrow(0, offset, slot.Length).view(slot.Shape);
                view.copy_(parameter);
                parameter.set_(view);
                parameter.grad = Gradients.narrow(0, offset, slot.Length).view(slot.Shape);
                Slots.Add(slot);
                offset += slot.Length;
            }
            Ranges.Add(new FlatRange(group, start, offset - start));
        }
    }

    /// <summary>Where all of it is.</summary>
    public Device Device { get; }

    /// <summary>All parameters, [n] fp32.</summary>
    public Tensor Values => ValueBuffer.Tensor;

    /// <summary>All gradients, [n] fp32; backward passes add to them.</summary>
    public Tensor Gradients => GradientBuffer.Tensor;

    internal FlatBuffer ValueBuffer { get; }

    internal FlatBuffer GradientBuffer { get; }

    /// <summary>The parameters in buffer order.</summary>
    public List<FlatSlot> Slots { get; } = [];

    /// <summary>The groups in buffer order.</summary>
    public List<FlatRange> Ranges { get; } = [];

    /// <summary>Sets all gradients to zero, in place.</summary>
    public void ZeroGradients()
    {
        using var scope = NewDisposeScope();
        Gradients.zero_();
    }

    /// <summary>Global L2 norm of the gradients.</summary>
    public double GradientNorm() => Math.Sqrt(GradientBuffer.SquaredNorm());

    /// <summary>The named parts of a flat buffer of the same layout, as views; dispose them, or their scope.</summary>
    public IReadOnlyDictionary<string, Tensor> Named(Tensor flat) =>
        Slots.ToDictionary(slot => slot.Name, slot => flat.narrow(0, slot.Offset, slot.Length).view(slot.Shape));

    /// <summary>Frees the buffers; the model must not be used after.</summary>
    public void Dispose()
    {
        ValueBuffer.Dispose();
        GradientBuffer.Dispose();
    }

    private static void RequireComplete(IReadOnlyCollection<string> names, IReadOnlyList<ParameterGroup> groups)
    {
        var grouped = groups.SelectMany(group => group.Parameters).ToList();
        var missing = names.Except(grouped).Concat(grouped.Except(names)).ToList();
        if (missing.Count > 0 || grouped.Count != names.Count)
        {
            throw new ArgumentException(
                $"Every parameter must be in exactly one group. Not so: {string.Join(", ", missing)}", nameof(groups));
        }
    }
}
