using System.Text.Json;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Tests.Cli;

/// <summary><c>export lora</c> and <c>export gguf</c>.</summary>
[Trait("Category", "Golden")]
public sealed class ExportCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Model => LlamaCases.GoldenModel("llama");

    private static string Lora(string file) => SharedData.RequireGolden("lora", "llama", file);

    private static string[] Call(string what, string to, params string[] more) =>
        ["export", what, "--teacher", Model, "--set", $"teacher.lora={Lora("peft")}", "--to", to, .. more];

    [Fact]
    public void ALoraIsWrittenAsGgufAndAsPeft()
    {
        var (gguf, peft) = (_folder.File("lora.gguf"), _folder.File("peft"));
        var (code, output, error) = CommandLineTests.Run(Call("lora", gguf, "--json", _folder.File("r.json")));
        Assert.True(code == 0, error);
        Assert.Equal($"{gguf}: f32; LoRA of rank 4 with scale 2 of 14 products\n", output);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder.File("r.json")));
        Assert.Equal(14, json.RootElement.GetProperty("result").GetProperty("products").GetInt32());
        Assert.Equal("adapter", GgufFile.Open(gguf).GetString("general.type"));
        Assert.All(GgufFile.Open(gguf).Tensors, tensor => Assert.Equal(GgufType.F32, tensor.Type));

        (code, output, error) = CommandLineTests.Run(Call("lora", gguf, "--type", "f16"));
        Assert.True(code == 0, error);
        Assert.All(GgufFile.Open(gguf).Tensors, tensor => Assert.Equal(GgufType.F16, tensor.Type));

        (code, output, error) = CommandLineTests.Run(Call("lora", peft, "--set", "export.has_head=false"));
        Assert.True(code == 0, error);
        Assert.Equal($"{peft}: peft; LoRA of rank 4 with scale 2 of 14 products\n", output);
        using var file = Llm2Clip.Weights.SafetensorsFile.Open(Path.Combine(peft, "adapter_model.safetensors"));
        Assert.Contains("base_model.model.layers.0.self_attn.q_proj.lora_A.weight", file.Names);
    }

    [Fact]
    public void TheModelIsWrittenWithTheLoraInIt()
    {
        var path = _folder.File("merged.gguf");
        var (code, output, error) = CommandLineTests.Run(Call("gguf", path));
        Assert.True(code == 0, error);
        Assert.Equal($"{path}: f16; LoRA of rank 4 with scale 2 of 14 products\n", output);
        Assert.Equal(GgufType.F16, GgufFile.Open(path).Tensor("blk.0.attn_q.weight").Type);

        (code, output, error) = CommandLineTests.Run(Call("gguf", path, "--type", "q8_0"));
        Assert.True(code == 0, error);
        Assert.Equal(GgufType.Q8_0, GgufFile.Open(path).Tensor("blk.0.attn_q.weight").Type);
    }

    [Fact]
    public void MistakesHaveTheirExitCodes()
    {
        var copy = _folder.File("model.gguf");
        File.Copy(Model, copy);
        Failure(2, "export.to is empty", "export", "lora", "--teacher", Model);
        Failure(3, $"The teacher {Model} has no LoRA, so there is nothing to export.",
            "export", "lora", "--teacher", Model, "--to", "x.gguf");
        Failure(2, "export.type is q8_0, and a LoRA is written as f32 or f16.", Call("lora", _folder.File("l.gguf"), "--type", "q8_0"));
        Failure(2, $"export.to is {_folder.Path}/m; a model is written to a file ending in .gguf.", Call("gguf", _folder.Path + "/m"));
        Failure(2, $"export.to is {copy}, which is read for it.",
            "export", "gguf", "--teacher", copy, "--set", $"teacher.lora={Lora("peft")}", "--to", copy);
        Failure(3, $"{Model}: this GGUF holds a 'model', not a LoRA",
            "export", "lora", "--teacher", Model, "--set", $"teacher.lora={Model}", "--to", _folder.File("l.gguf"));
        Failure(3, "absent.gguf",
            "export", "lora", "--teacher", Model, "--set", "teacher.lora=absent.gguf", "--to", _folder.File("l.gguf"));
        Failure(1, "", Call("gguf", copy + "/below.gguf"));
        Assert.Equal(File.ReadAllBytes(Model), File.ReadAllBytes(copy));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));

        static void Failure(int expected, string part, params string[] call)
        {
            var (code, _, error) = CommandLineTests.Run(call);
            Assert.True(code == expected, $"{code}: {error}");
            Assert.Contains(part, error, StringComparison.Ordinal);
        }
    }
}
