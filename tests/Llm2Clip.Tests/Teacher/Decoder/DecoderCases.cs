using LLama.Native;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Teachers.Decoder;

/// <summary>What the tests of the LLM in tensors share.</summary>
internal static class DecoderCases
{
    public static readonly TeacherSettings Tensors = new() { Runtime = TeacherRuntime.Tensors, Precision = Precision.Fp32 };

    public static DecoderModel Load(string path, Precision precision = Precision.Fp32) =>
        DecoderWeights.Load(path, precision, GoldenTensors.Device);

    /// <summary>All states [tokens, width] of each sequence at a place, run as one batch with padding.</summary>
    public static List<float[]> States(
        DecoderModel model, IReadOnlyList<LLamaToken[]> sequences, TeacherAttention attention, bool fullWindow,
        int place = TeacherLayer.Final)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of(sequences, GoldenTensors.Device);
        var states = model.Run(batch, attention, fullWindow, [place])[0];
        return [.. sequences.Select((sequence, i) => GoldenTensors.Values(states.select(0, i).narrow(0, 0, sequence.Length)))];
    }

    /// <summary>How a mode of golden/llm is asked for.</summary>
    public static (TeacherAttention Attention, bool FullWindow) Of(string mode) => mode switch
    {
        "causal" => (TeacherAttention.Causal, false),
        "bidir" => (TeacherAttention.Bidirectional, true),
        _ => (TeacherAttention.Bidirectional, false),
    };
}
