using System.Text.Json;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Teachers;

/// <summary>Values of GGUF tensors, of one file or of several parts.</summary>
public sealed class GgufWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Category", "Golden")]
    public void EveryFormatIsReadToTheBit()
    {
        var folder = SharedData.RequireGolden("llm", "quant");
        var expected = new GoldenStates(Path.Combine(folder, "expectations.safetensors"));
        var file = GgufFile.Open(Path.Combine(folder, "types.gguf"));
        Assert.NotEmpty(file.Tensors);
        Assert.All(
            file.Tensors, tensor => Assert.Equal(expected.Floats($"types.{tensor.Name}"), GgufCopy.Values(file.Path, tensor.Name)));
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void TensorsOfModelsAreReadToTheBit()
    {
        var folder = SharedData.RequireGolden("llm", "quant");
        var expected = new GoldenStates(Path.Combine(folder, "expectations.safetensors"));
        using var files = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "files.json")));
        var compared = 0;
        foreach (var entry in files.RootElement.EnumerateObject().Where(entry => entry.Value.TryGetProperty("files", out _)))
        {
            using var weights = GgufWeights.Open(GgufFile.Open(Path.Combine(folder, entry.Value.GetProperty("files")[0].GetString()!)));
            foreach (var name in weights.Names.Where(name => expected.Names.Contains($"{entry.Name}.{name}.first256")))
            {
                var reference = expected.Floats($"{entry.Name}.{name}.first256");
                using var scope = NewDisposeScope();
                Assert.Equal(reference, weights.Load(name, ScalarType.Float32).data<float>().Take(reference.Length));
                compared++;
            }
        }
        Assert.NotEqual(0, compared);
    }

    /// <summary>A block of zeros; the call compares the sizes with ggml's.</summary>
    [Fact]
    public void SizesOfBlocksAreGgmls()
    {
        var decoded = 0;
        foreach (var type in Enum.GetValues<GgufType>())
        {
            var (values, bytes) = GgufTypes.Block(type)!.Value;
            decoded += GgmlFormats.TryDecode(type, new byte[bytes], new float[values]) ? 1 : 0;
        }
        Assert.InRange(decoded, 20, int.MaxValue);
    }

    [Fact]
    public void ShapesAreTorchsAndPlainFormatsStay()
    {
        var path = _folder.File("plain.gguf");
        float[] values = [1, 2, 3, 4, 5, 6];
        new GgufWriter().AddTensor("a", GgufType.F16, [3, 2], values).Write(path);
        using var weights = GgufWeights.Open(GgufFile.Open(path));
        using var scope = NewDisposeScope();
        var tensor = weights.Load("a");
        Assert.Equal([2L, 3L], tensor.shape);
        Assert.Equal(ScalarType.Float16, tensor.dtype);
        Assert.Equal(values, GoldenTensors.Values(tensor));
        Assert.Equal($"{path}: tensor 'b' is missing.", Assert.Throws<InputException>(() => weights.Load("b")).Message);
    }

    /// <summary>As the caches of models have them.</summary>
    [Fact]
    public void AModelMayBeASymbolicLink()
    {
        var (path, link) = (_folder.File("model.gguf"), _folder.File("link.gguf"));
        new GgufWriter().AddTensor("a", GgufType.F32, [3], [1, 2, 3]).Write(path);
        File.CreateSymbolicLink(link, path);
        Assert.Equal([1f, 2f, 3f], GgufCopy.Values(link, "a"));
    }

    [Fact]
    public void PartsAreOneModel()
    {
        var first = Split(2, ("a", 1), ("b", 2));
        using var weights = GgufWeights.Open(GgufFile.Open(first));
        Assert.Equal(["a", "b"], weights.Names);
        using var scope = NewDisposeScope();
        Assert.Equal(2f, weights.Load("b").data<float>()[0]);
    }

    [Fact]
    public void AMissingPartIsNamed()
    {
        var first = Split(2, ("a", 1), ("b", 2));
        File.Delete(Part(2));
        Assert.Equal(
            $"{first}: the model has 2 parts, and {Part(2)} is not there. Put it beside the first.",
            Assert.Throws<InputException>(() => GgufWeights.Open(GgufFile.Open(first))).Message);
    }

    [Fact]
    public void PartsOfAnotherPlaceOrModelAreNamed()
    {
        var first = Split(2, ("a", 1), ("b", 2));
        Write(Part(2), number: 0, ("b", 2), tensors: 2);
        Refused("says that it is part 1 of 2 (keys 'split.no' and 'split.count'), its name 2 of 2");
        Write(Part(2), number: 1, ("a", 2), tensors: 2);
        Refused("tensor 'a' is in another part of the model too");
        Write(first, number: 0, ("a", 1), tensors: 3);
        Write(Part(2), number: 1, ("b", 2), tensors: 3);
        Refused("its parts hold 2 tensors, key 'split.tensors.count' says 3");
        var renamed = _folder.File("renamed.gguf");
        File.Move(first, renamed);
        Assert.Contains(
            "its name must end with -00001-of-00002.gguf", Assert.Throws<InputException>(() => GgufParts.Paths(GgufFile.Open(renamed))).Message,
            StringComparison.Ordinal);

        void Refused(string says) => Assert.Contains(
            says, Assert.Throws<InputException>(() => GgufWeights.Open(GgufFile.Open(first))).Message, StringComparison.Ordinal);
    }

    private string Part(int number) => _folder.File($"model-{number:D5}-of-00002.gguf");

    private string Split(int tensors, params (string Name, float Value)[] parts)
    {
        for (var i = 0; i < parts.Length; i++)
        {
            Write(Part(i + 1), i, parts[i], tensors);
        }
        return Part(1);
    }

    private static void Write(string path, int number, (string Name, float Value) tensor, int tensors) =>
        new GgufWriter().Add("split.no", (ushort)number).Add("split.count", (ushort)2).Add("split.tensors.count", tensors)
            .AddTensor(tensor.Name, GgufType.F32, [1], [tensor.Value]).Write(path);
}
