using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>A low-rank change of one product.</summary>
/// <param name="Down">A [r, in].</param>
/// <param name="Up">B [out, r]; of q and k, rows are in the order of halves (<see cref="HeadOrder"/>).</param>
internal sealed record LoraChange(Tensor Down, Tensor Up);

/// <summary>
/// A LoRA of a decoder, apart from it: what is read from files and written to them. fp32, on the CPU. It owns its tensors.
/// </summary>
internal sealed class LoraWeights : IDisposable
{
    /// <summary>A LoRA of changes that leave their dispose scope.</summary>
    public LoraWeights(LoraShape shape, IReadOnlyDictionary<string, LoraChange> changes)
    {
        (Shape, Changes) = (shape, changes);
        foreach (var (down, up) in changes.Values)
        {
            down.DetachFromDisposeScope();
            up.DetachFromDisposeScope();
        }
    }

    /// <summary>Rank and scale of all changes.</summary>
    public LoraShape Shape { get; }

    /// <summary>Changes by the name of the layer (<see cref="LoraTarget.Name"/>).</summary>
    public IReadOnlyDictionary<string, LoraChange> Changes { get; }

    /// <summary>A copy of what a model has been adapted with (<see cref="LoraLayers.Adapt"/>).</summary>
    /// <exception cref="ArgumentException">The model is not adapted, or with changes of several shapes.</exception>
    public static LoraWeights Of(DecoderModel model)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var adapted = LoraLayers.Of(model).ToList();
        if (adapted.Select(layer => layer.Change.Shape).Distinct().ToList() is not [var shape])
        {
            throw new ArgumentException("The model has no LoRA, or changes of several shapes.", nameof(model));
        }
        return new LoraWeights(shape, adapted.ToDictionary(
            layer => layer.Name, layer => new LoraChange(Copy(layer.Change.Down.Weight), Copy(layer.Change.Up.Weight))));
    }

    /// <summary>
    /// Adapts a model with these changes, beside its weights, which are frozen; the changes are trainable.
    /// </summary>
    /// <param name="model">A model that is not adapted.</param>
    /// <param name="noise">Dropout of the changes' inputs.</param>
    public void AddTo(DecoderModel model, TrainingNoise noise)
    {
        var adapted = LoraLayers.Adapt(model, [.. Changes.Keys], Shape, noise, seed: 0); // what is drawn is overwritten
        if (adapted != Changes.Count)
        {
            throw new ArgumentException($"The model has {adapted} of the {Changes.Count} layers that are changed.", nameof(model));
        }
        using var off = no_grad();
        foreach (var (name, change) in LoraLayers.Of(model))
        {
            change.Down.Weight.copy_(Changes[name].Down);
            change.Up.Weight.copy_(Changes[name].Up);
        }
    }

    /// <summary>Whether another LoRA computes the same: equal to the bit, rank and scale too.</summary>
    public bool IsSame(LoraWeights other)
    {
        using var scope = NewDisposeScope();
        return (Shape.Rank, Shape.Scale) == (other.Shape.Rank, other.Shape.Scale) && Changes.Count == other.Changes.Count
            && Changes.All(change => other.Changes.TryGetValue(change.Key, out var found)
                && AreSame(change.Value.Down, found.Down) && AreSame(change.Value.Up, found.Up));
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (var (down, up) in Changes.Values)
        {
            down.Dispose();
            up.Dispose();
        }
    }

    private static bool AreSame(Tensor a, Tensor b) =>
        a.shape.SequenceEqual(b.shape) && a.contiguous().bytes.SequenceEqual(b.contiguous().bytes);

    private static Tensor Copy(Tensor weight) => weight.detach().cpu().clone();
}
