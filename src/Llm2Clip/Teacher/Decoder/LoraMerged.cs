using Llm2Clip.Layers;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// The tensors of a GGUF model with a LoRA's changes added, W + alpha / r B A: what is changed is added in fp32, before the weight is
/// rounded to any other format. Names, order of rows and shapes are the file's.
/// </summary>
internal sealed class LoraMerged : ISafetensors
{
    private readonly ISafetensors _model;
    private readonly LoraWeights _lora;
    private readonly Dictionary<string, LoraTarget> _targets; // by the name in the file

    /// <param name="model">The model's tensors; stays the caller's.</param>
    /// <param name="source">The model's file, for messages.</param>
    /// <param name="lora">The changes; stay the caller's.</param>
    /// <param name="shape">The model.</param>
    /// <exception cref="InputException">A weight that is changed is missing or has another shape than the metadata tells of.</exception>
    public LoraMerged(ISafetensors model, string source, LoraWeights lora, DecoderShape shape)
    {
        (_model, _lora) = (model, lora);
        _targets = LoraTarget.Of(shape).Where(target => lora.Changes.ContainsKey(target.Name)).ToDictionary(target => target.Stored);
        foreach (var (name, target) in _targets)
        {
            if (!model.Contains(name) || !model.Info(name).Shape.SequenceEqual([target.Outputs, target.Inputs]))
            {
                var found = model.Contains(name) ? model.Info(name).ShapeText : "missing";
                throw new InputException(
                    $"{source}: tensor '{name}' is {found}, expected [{target.Outputs}, {target.Inputs}] by the model's metadata.");
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => _model.Names;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata => _model.Metadata;

    /// <inheritdoc/>
    public bool Contains(string name) => _model.Contains(name);

    /// <inheritdoc/>
    public SafetensorsInfo Info(string name) => _model.Info(name);

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType? dtype = null)
    {
        if (!_targets.TryGetValue(name, out var target))
        {
            return _model.Load(name, dtype);
        }
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var change = _lora.Changes[target.Name];
        var weight = _model.Load(name, ScalarType.Float32)
            .Plus(LoraGguf.StoredUp(target, change).matmul(change.Down).Times(_lora.Shape.Scale));
        return (dtype is { } wanted && wanted != ScalarType.Float32 ? weight.to_type(wanted) : weight).MoveToOuterDisposeScope();
    }

    /// <summary>Frees nothing: model and changes are the caller's.</summary>
    public void Dispose()
    {
    }
}
