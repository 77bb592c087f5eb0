using System.Numerics.Tensors;
using Llm2Clip.Layers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Teachers;

/// <summary>
/// How near the vectors of an LLM with a LoRA file are through libllama, where any user of the file runs it, to those of the tensors that
/// the LoRA was trained in, which compute in fp32 here.
/// </summary>
/// <param name="Least">Lowest cosine over the texts.</param>
/// <param name="Formats">Number formats of the model's matrices.</param>
internal sealed record LoraAgreement(float Least, IReadOnlyList<GgufType> Formats)
{
    /// <summary>
    /// For matrices of F32 and F16 libllama rounds what they multiply to 11 bits at most; measured on the model of the shared folder as
    /// half-precision numbers: 0.99998 and more.
    /// </summary>
    private const float LeastExact = 0.9999f;

    /// <summary>
    /// For other formats libllama rounds what they multiply to 8 bits. The bare model of the shared folder, Q5_0, agrees to 0.997 at least,
    /// 0.9991 in the mean; a LoRA whose rows are in the wrong order, or that is not applied, to less than this.
    /// </summary>
    private const float LeastRounded = 0.99f;

    /// <summary>Whether libllama computes with the model's own numbers but for half-precision roundings.</summary>
    public bool IsExact => Formats.All(format => format is GgufType.F32 or GgufType.F16);

    /// <summary>What a log says of it.</summary>
    public string Text => FormattableString.Invariant($"the lowest cosine of libllama's vectors to the tensors' is {Least:0.00000}")
        + (IsExact ? "" : $"; for weights of {string.Join(", ", Formats)} libllama rounds states to 8 bits, with a LoRA and without");

    /// <summary>Runs texts through both. Each model is loaded and freed in turn.</summary>
    /// <param name="model">The model, and its LoRA as it was written.</param>
    /// <param name="trained">What was to be written.</param>
    /// <param name="settings">How texts are embedded; what runs them is of no meaning.</param>
    /// <param name="config">Threads and batches.</param>
    /// <param name="texts">A few texts.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="RunException">The file does not hold what was trained, or libllama computes something else with it.</exception>
    public static LoraAgreement Measure(
        TeacherModel model, LoraWeights trained, TeacherSettings settings, TeacherConfig config, IReadOnlyList<string> texts,
        CancellationToken cancellation)
    {
        var (header, path) = (GgufFile.Open(model.Path), model.Lora!.Path);
        using (var written = LoraFiles.Read(path, header))
        {
            if (!trained.IsSame(written))
            {
                throw new RunException($"{path} does not hold what was trained. Do not use it.");
            }
        }
        var tensors = Vectors(settings with { Runtime = TeacherRuntime.Tensors, Precision = Precision.Fp32 });
        var llama = Vectors(settings with { Runtime = TeacherRuntime.Llama, Precision = Precision.Bf16 });
        var width = tensors.Length / texts.Count;
        var least = Enumerable.Range(0, texts.Count).Min(text => TensorPrimitives.CosineSimilarity(
            tensors.AsSpan(text * width, width), llama.AsSpan(text * width, width)));
        var formats = GgufParts.Open(header).SelectMany(part => part.Tensors)
            .Where(tensor => tensor.Name.StartsWith("blk.", StringComparison.Ordinal) && tensor.Shape.Count > 1)
            .Select(tensor => tensor.Type).Distinct().Order().ToList();
        return new LoraAgreement(least, formats).Require(path);

        float[] Vectors(TeacherSettings used)
        {
            using var encoder = new LlmTextEncoder(model, used, config, SilentLog.Instance);
            return encoder.Encode(texts, SilentLog.Instance, cancellation).Vectors;
        }
    }

    /// <summary>This, unless the vectors differ by more than roundings.</summary>
    /// <param name="path">The file, for the message.</param>
    /// <exception cref="RunException">They do.</exception>
    public LoraAgreement Require(string path) => Least >= (IsExact ? LeastExact : LeastRounded)
        ? this
        : throw new RunException($"{path} does not give in libllama what was trained: {Text}. Do not use it.");
}
