using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// Captions per second of the LLM with a LoRA of rank 16 on all seven products of each block, against the same without: through libllama,
/// which keeps the LoRA beside the weights, and in tensors, where it is in them. What its weights are changes no time.
/// </summary>
internal static class LoraFigure
{
    private const int Captions = 120;
    private const int Rounds = 5;
    private const int Rank = 16;

    public static IEnumerable<Figure> Measure(string model, string pattern)
    {
        var texts = TeacherFigure.Texts(pattern, Captions);
        var folder = Directory.CreateTempSubdirectory("llm2clip-bench-").FullName;
        try
        {
            var lora = Path.Combine(folder, "lora.gguf");
            Write(model, lora);
            foreach (var (runtime, words) in new[] { (TeacherRuntime.Llama, "libllama"), (TeacherRuntime.Tensors, "tensors, bf16") })
            {
                using var with = Encoder(TeacherModel.Of(model, lora), runtime);
                using var without = Encoder(TeacherModel.Of(model), runtime);
                var times = Turns.Medians(Rounds, Whole(with, texts), Whole(without, texts));
                var (rate, other) = (Captions / times[0], Captions / times[1]);
                var work = $"{Path.GetFileNameWithoutExtension(model)} with a LoRA of rank {Rank} of all products, {words}, {Captions} "
                    + $"captions of Flickr8k, {Environment.ProcessorCount} threads";
                yield return Figure.AtLeast(
                    "lora", work, $"{rate:0.0} captions/s", $"without the LoRA {other:0.0}/s", rate / other, 0.85);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string model, string path)
    {
        var header = GgufFile.Open(model);
        using var weights = GgufWeights.Open(header);
        var shape = DecoderShapes.Read(header, weights);
        using var scope = NewDisposeScope();
        using var lora = new LoraWeights(new LoraShape(Rank, 2 * Rank, Dropout: 0), LoraTarget.Of(shape).ToDictionary(
            target => target.Name,
            target => new LoraChange(
                randn([Rank, target.Inputs]).Times(0.01), randn([target.Outputs, Rank]).Times(0.01))));
        LoraGguf.Write(path, lora, shape);
    }

    private static Func<double> Whole(LlmTextEncoder encoder, List<string> texts) =>
        Turns.Time(() => encoder.Encode(texts, SilentLog.Instance));

    private static LlmTextEncoder Encoder(TeacherModel model, TeacherRuntime runtime) => new(
        model, new TeacherSettings { Runtime = runtime }, new TeacherConfig { Device = "cpu" }, SilentLog.Instance);
}
