using Llm2Clip.Layers;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>A decoder's output head: logits of the next token. Many models have none of their own: their token embeddings are it.</summary>
internal sealed class OutputHead : IDisposable
{
    private const string WeightName = "output.weight";

    private readonly Tensor? _weight; // [vocabulary, W]; null where the token embeddings are it
    private readonly double _cap; // 0 = none
    private readonly Precision _precision;

    private OutputHead(Tensor? weight, double cap, Precision precision) => (_weight, _cap, _precision) = (weight, cap, precision);

    /// <summary>The head of the model at <paramref name="path"/>, which can be run in tensors.</summary>
    public static OutputHead Load(string path, Precision precision, Device device)
    {
        var header = GgufFile.Open(path);
        using var weights = GgufWeights.Open(header);
        using var scope = NewDisposeScope();
        var own = weights.Contains(WeightName)
            ? weights.Load(WeightName, DecoderModel.WeightType(precision)).to(device).DetachFromDisposeScope()
            : null;
        var key = $"{header.Architecture}.final_logit_softcapping";
        // llama.cpp's value where a file of Gemma 2 states none (src/models/gemma2.cpp); other architectures have no cap then.
        var cap = header.Has(key) ? header.GetNumber(key) : header.Architecture == "gemma2" ? 30 : 0;
        return new OutputHead(own, cap, precision);
    }

    /// <summary>states: [n, W] behind the final norm to [n, vocabulary], fp32. Differentiable by the states.</summary>
    public Tensor Logits(Tensor states, DecoderModel model)
    {
        using var scope = NewDisposeScope();
        var logits = _precision.Product(states, _weight ?? model.Embeddings).InFp32();
        return (_cap > 0 ? logits.DividedBy(_cap).tanh().Times(_cap) : logits).MoveToOuterDisposeScope();
    }

    /// <summary>Frees its weight.</summary>
    public void Dispose() => _weight?.Dispose();
}
