using Llm2Clip.Weights;
using Llm2Clip.Weights.Gguf;
using TorchSharp;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>A LoRA where it is: a GGUF file (<see cref="LoraGguf"/>) or a folder of PEFT (<see cref="LoraPeft"/>).</summary>
internal static class LoraFiles
{
    /// <summary>Hash of what is in the file or folder, lower-case hex.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static string Hash(string path) => IsFolder(path)
        ? Fingerprints.Of([.. LoraPeft.Files(path).Select(WeightsHash.OfFile)])
        : WeightsHash.OfFile(path);

    /// <summary>Reads a LoRA for a model that tensors can run.</summary>
    /// <exception cref="InputException">It is missing or damaged, asks for something that is not supported, or is for another
    /// model.</exception>
    public static LoraWeights Read(string path, GgufFile model)
    {
        GgufModelCheck.Check(model);
        using var weights = GgufWeights.Open(model);
        return Read(path, model, weights, DecoderShapes.Read(model, weights));
    }

    /// <summary>The same for a model that is open.</summary>
    public static LoraWeights Read(string path, GgufFile model, GgufWeights weights, DecoderShape shape) => IsFolder(path)
        ? LoraPeft.Read(path, shape)
        : LoraGguf.Read(GgufFile.Open(path), model, weights, shape);

    /// <summary>
    /// Holds a LoRA against a model, for either runtime, by what their headers say. Throws as <see cref="Read(string, GgufFile)"/>.
    /// </summary>
    public static void Check(string path, GgufFile model)
    {
        if (IsFolder(path))
        {
            Read(path, model).Dispose();
            return;
        }
        GgufModelCheck.Check(model);
        var lora = GgufFile.Open(path);
        using var weights = GgufWeights.Open(lora);
        using var modelWeights = GgufWeights.Open(model);
        GgufLora.Check(lora, weights, model, modelWeights);
    }

    /// <summary>
    /// Calls <paramref name="use"/> with the LoRA as a GGUF file: its own, or a temporary one that is made of a folder.
    /// </summary>
    public static void WithGguf(string path, GgufFile model, Action<string> use)
    {
        if (!IsFolder(path))
        {
            use(path);
            return;
        }
        var folder = Directory.CreateTempSubdirectory("llm2clip-lora-").FullName;
        try
        {
            var file = Path.Combine(folder, "lora.gguf");
            using (var weights = GgufWeights.Open(model))
            {
                var shape = DecoderShapes.Read(model, weights);
                using var lora = LoraPeft.Read(path, shape);
                LoraGguf.Write(file, lora, shape);
            }
            use(file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsFolder(string path) => Directory.Exists(path);
}
