using Llm2Clip.Weights.Gguf;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>A GGUF model with a LoRA in its weights, and other number formats for them if wanted.</summary>
internal static class MergedGguf
{
    private const string FileTypeKey = "general.file_type";
    private const string VersionKey = "general.quantization_version";

    /// <summary>Formats that can be written, with llama.cpp's number of a file of them (llama.h, enum llama_ftype).</summary>
    private static readonly Dictionary<GgufType, uint> FileTypes = new()
    {
        [GgufType.F32] = 0, [GgufType.F16] = 1, [GgufType.Q8_0] = 7, [GgufType.BF16] = 32,
    };

    /// <summary>
    /// Writes one file, whole or not at all, with the model's metadata; the parts of a split model become one. Matrices get the format,
    /// vectors stay fp32; a matrix whose rows are no whole blocks of a quantized format becomes F16, as in llama.cpp.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model, the first part of a split one.</param>
    /// <param name="lora">The LoRA.</param>
    /// <param name="type">Format of the matrices: F32, F16, BF16 or Q8_0.</param>
    /// <exception cref="InputException">The model is damaged.</exception>
    public static void Write(string path, GgufFile model, LoraWeights lora, GgufType type)
    {
        GgufModelCheck.Check(model);
        using var weights = GgufWeights.Open(model);
        var shape = DecoderShapes.Read(model, weights);
        using var merged = new LoraMerged(weights, model.Path, lora, shape);
        var writer = new GgufWriter();
        foreach (var key in model.Keys.Where(IsKept))
        {
            writer.Add(key, model.Metadata[key].Value);
        }
        writer.Add(FileTypeKey, FileTypes[type]).Add(VersionKey, 2u); // GGML_QNT_VERSION of ggml.h
        foreach (var tensor in GgufParts.Open(model).SelectMany(part => part.Tensors))
        {
            long[] sides = [.. tensor.Shape];
            var block = GgufTypes.Block(type)!.Value;
            var format = sides.Length == 1 ? GgufType.F32 : sides[0] % block.Values == 0 ? type : GgufType.F16;
            writer.AddTensor(tensor.Name, format, sides, () => merged.Load(tensor.Name, ScalarType.Float32));
        }
        writer.Write(path);
    }

    private static bool IsKept(string key) =>
        key is not (FileTypeKey or VersionKey) && !key.StartsWith("split.", StringComparison.Ordinal);
}
