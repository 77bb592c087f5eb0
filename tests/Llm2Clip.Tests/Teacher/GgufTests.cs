using System.Text.Json;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Tests.Teachers;

/// <summary>The GGUF reader and writer on their own.</summary>
public class GgufTests
{
    [Fact]
    public void WhatIsWrittenIsRead()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("small.gguf");
        float[] values = [.. Enumerable.Range(0, 64).Select(i => MathF.Sin(i))];
        new GgufWriter()
            .Add("general.architecture", "llama")
            .Add("llama.block_count", 3u)
            .Add("llama.epsilon", 1e-5f)
            .Add("flag", true)
            .Add("big", ulong.MaxValue)
            .Add("tokens", new[] { "", "雪", "dog" })
            .Add("scores", new[] { 0f, -1.5f })
            .AddTensor("a.weight", GgufType.F32, [32, 2], values)
            .AddTensor("odd", GgufType.F32, [3], [1, 2, 3])
            .AddTensor("half", GgufType.F16, [64], values)
            .AddTensor("eight", GgufType.Q8_0, [32, 2], values)
            .Write(path);

        var file = GgufFile.Open(path);

        Assert.Equal(["general.architecture", "llama.block_count", "llama.epsilon", "flag", "big", "tokens", "scores"], file.Keys);
        Assert.Equal("llama", file.Architecture);
        Assert.Equal(3, file.GetInteger("llama.block_count"));
        Assert.Equal(1e-5f, file.GetNumber("llama.epsilon"));
        Assert.Equal(true, file.Metadata["flag"].Value);
        Assert.Equal(ulong.MaxValue, file.Metadata["big"].Value);
        Assert.Equal(["", "雪", "dog"], file.GetStrings("tokens"));
        Assert.Equal([0f, -1.5f], (float[])file.Metadata["scores"].Value);
        Assert.Equal([32L, 2L], file.Tensor("a.weight").Shape);
        Assert.Equal(values, GgufCopy.Values(path, "a.weight"));
        Assert.Equal([1f, 2f, 3f], GgufCopy.Values(path, "odd"));
        Assert.Equal(values.Select(value => (float)(Half)value), GgufCopy.Values(path, "half"));
        Assert.All(values.Zip(GgufCopy.Values(path, "eight")), pair => Assert.InRange(pair.Second - pair.First, -1 / 254f, 1 / 254f));
        Assert.False(File.Exists(path + ".llm2clip-tmp"));
    }

    [Fact]
    public void KeysOfAnotherTypeAreNamed()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("small.gguf");
        new GgufWriter().Add("general.architecture", 7u).Write(path);

        var file = GgufFile.Open(path);

        Assert.Equal($"{path}: key 'general.architecture' is UInt32, not a string.",
            Assert.Throws<InputException>(() => file.Architecture).Message);
        Assert.Equal($"{path}: key 'missing' is missing.", Assert.Throws<InputException>(() => file.GetInteger("missing")).Message);
        Assert.Equal($"{path}: tensor 'missing' is missing.", Assert.Throws<InputException>(() => file.Tensor("missing")).Message);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void DamagedHeadersAreRefusedBeforeLibllamaSeesThem()
    {
        var folder = SharedData.RequireGolden("llm", "bad");
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        foreach (var entry in expected.RootElement.EnumerateObject())
        {
            var path = Path.Combine(folder, entry.Name);
            var where = entry.Value.GetProperty("where").GetString();
            if (where is "file" or "header" or "metadata")
            {
                var error = Assert.Throws<InputException>(() => GgufFile.Open(path));
                Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
            }
            else if (where == "none")
            {
                Assert.NotEmpty(GgufFile.Open(path).Tensors);
            }
        }
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void Q8BlocksAreTheBytesThatGgmlWrites()
    {
        var folder = SharedData.RequireGolden("llm", "quant");
        var source = new GoldenStates(Path.Combine(folder, "expectations.safetensors")).Floats("types.source");
        var theirs = GgufFile.Open(Path.Combine(folder, "types.gguf"));
        var reference = theirs.Tensors.Single(tensor => tensor.Type == GgufType.Q8_0);
        using var temporary = new TemporaryFolder();
        var path = temporary.File("ours.gguf");

        new GgufWriter().AddTensor(reference.Name, GgufType.Q8_0, [.. reference.Shape], source).Write(path);

        var ours = GgufFile.Open(path);
        Assert.Equal(Bytes(theirs.Path, reference), Bytes(path, ours.Tensor(reference.Name)));
    }

    private static byte[] Bytes(string path, GgufTensor tensor) =>
        File.ReadAllBytes(path).AsSpan((int)tensor.Offset, (int)tensor.ByteLength).ToArray();
}
