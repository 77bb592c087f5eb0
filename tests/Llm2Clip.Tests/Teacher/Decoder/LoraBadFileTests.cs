using System.Text.Json.Nodes;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Weights;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Teachers.Decoder;

/// <summary>LoRA files that are refused: each message names the file and what in it is wrong.</summary>
[Trait("Category", "Golden")]
public sealed class LoraBadFileTests : IDisposable
{
    private const string Query = "base_model.model.model.layers.0.self_attn.q_proj";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Golden(string file, string name = "llama") => SharedData.RequireGolden("lora", name, file);

    private static GgufFile Model => GgufFile.Open(LlamaCases.GoldenModel("llama"));

    [Theory]
    [InlineData("use_dora", "true", "use_dora is true, which is not supported")]
    [InlineData("modules_to_save", "[\"lm_head\"]", "modules_to_save is [\"lm_head\"], which is not supported")]
    [InlineData("rank_pattern", "{\"q_proj\":8}", "rank_pattern is {\"q_proj\":8}, which is not supported")]
    [InlineData("alpha_pattern", "{\"q_proj\":8}", "alpha_pattern is {\"q_proj\":8}, which is not supported")]
    [InlineData("fan_in_fan_out", "true", "fan_in_fan_out is true, which is not supported")]
    [InlineData("invented_later", "1", "invented_later is 1, which is not supported")]
    [InlineData("bias", "\"all\"", "bias is 'all'; biases that were trained cannot be applied")]
    [InlineData("peft_type", "\"IA3\"", "peft_type is 'IA3'; only LORA can be applied")]
    [InlineData("init_lora_weights", "\"pissa_niter_4\"", "init_lora_weights is \"pissa_niter_4\", which changes the model's own weights")]
    [InlineData("r", "0", "r is 0; it must be a whole number from 1")]
    [InlineData("lora_alpha", "0", "lora_alpha is 0; it must be above 0")]
    [InlineData("use_rslora", "\"yes\"", "use_rslora is \"yes\"; it must be true or false")]
    public void SettingsThatCannotBeAppliedAreNamed(string key, string value, string problem)
    {
        CopyPeft(config => config[key] = JsonNode.Parse(value));
        Refused(_folder.Path, $"{_folder.File("adapter_config.json")} describes a LoRA that is not supported:", problem);
    }

    [Fact]
    public void TheRankOfTheTensorsIsHeldAgainstTheSettings()
    {
        CopyPeft(config => config["r"] = 8);
        Refused(
            _folder.Path, "does not hold a LoRA for this model:",
            $"shape: {Query}.lora_A.weight is [4, 64], expected [8, 64] with rank 8");
    }

    [Fact]
    public void RankStabilizedIsAnotherScale()
    {
        CopyPeft(config => config["use_rslora"] = true);
        using var lora = LoraFiles.Read(_folder.Path, Model);
        Assert.Equal(8 / Math.Sqrt(4), lora.Shape.Scale, 1e-12);
    }

    public static TheoryData<string, string> BadTensors => new()
    {
        { "half", $"missing: the B of {Query}.lora_A.weight" },
        { "stranger", "unexpected: base_model.model.lm_head.lora_A.weight [4, 64]" },
        { "block", "unknown: base_model.model.model.layers.99.mlp.up_proj.lora_A.weight changes layers.99.mlp.up_proj" },
        { "shape", $"shape: {Query}.lora_B.weight is [3, 4], expected [64, 4] with rank 4" },
        { "rank", $"shape: {Query}.lora_A.weight is [5, 64], expected [4, 64] with rank 4" },
        { "type", $"type: {Query}.lora_A.weight is Int32, expected a float type" },
        { "twice", $"twice: {Query}.lora_A.weight and base_model.model.layers.0.self_attn.q_proj.lora_A.weight" },
        { "empty", "empty: there is no tensor in it" },
    };

    [Theory]
    [MemberData(nameof(BadTensors))]
    public void TensorsThatDoNotFitAreNamed(string what, string problem)
    {
        using var scope = NewDisposeScope();
        CopyPeft(_ => { }, tensors =>
        {
            switch (what)
            {
                case "half": tensors.Remove($"{Query}.lora_B.weight"); break;
                case "stranger": tensors["base_model.model.lm_head.lora_A.weight"] = ones(4, 64); break;
                case "block": tensors["base_model.model.model.layers.99.mlp.up_proj.lora_A.weight"] = ones(4, 64); break;
                case "shape": tensors[$"{Query}.lora_B.weight"] = ones(3, 4); break;
                case "rank": tensors[$"{Query}.lora_A.weight"] = ones(5, 64); break;
                case "type": tensors[$"{Query}.lora_A.weight"] = ones([4, 64], ScalarType.Int32); break;
                case "twice": tensors["base_model.model.layers.0.self_attn.q_proj.lora_A.weight"] = ones(4, 64); break;
                default: tensors.Clear(); break;
            }
        });
        Refused(_folder.Path, $"{_folder.Path} does not hold a LoRA for this model:", problem);
    }

    [Theory]
    [InlineData("adapter_config.json", "holds no adapter_config.json, so it is no LoRA in PEFT's layout")]
    [InlineData("adapter_model.safetensors", "holds no adapter_model.safetensors. Save the LoRA again with safe_serialization")]
    public void FilesThatAreMissingAreNamed(string file, string problem)
    {
        CopyPeft(_ => { });
        File.Delete(_folder.File(file));
        Refused(_folder.Path, _folder.Path, problem);
    }

    public static TheoryData<string, string> BadGgufs => new()
    {
        { "model", "this GGUF holds a 'model', not a LoRA (key 'general.type' is not 'adapter')" },
        { "kind", "key 'adapter.type' is 'control_vector'; only 'lora' can be applied" },
        { "architecture", "this LoRA is for architecture 'gemma3' (key 'general.architecture')" },
        { "key", "key 'adapter.alora.invocation_tokens' is not known" },
        { "alpha", "key 'adapter.lora.alpha' is NaN; it must be a number" },
        { "half", "missing: the A of blk.0.attn_q.weight.lora_b" },
        { "shape", "shape: blk.0.attn_q.weight.lora_a is [4, 32], expected [4, 64] with rank 4" },
        { "rank", "shape: blk.1.attn_q.weight.lora_a is [8, 64], expected [4, 64] with rank 4" },
        { "embeddings", "unknown: token_embd.weight.lora_a changes token_embd.weight, which is no product in a block" },
        { "name", "unexpected: blk.0.attn_q.bias [64]" },
        { "empty", "empty: there is no tensor in it" },
    };

    /// <summary>Both runtimes refuse it before they load anything: libllama's own check may end the process.</summary>
    [Theory]
    [MemberData(nameof(BadGgufs))]
    public void GgufsThatDoNotFitAreNamed(string what, string problem)
    {
        var path = _folder.File("bad.gguf");
        GgufCopy.Write(Golden("lora.gguf"), path, copy =>
        {
            switch (what)
            {
                case "model": copy.Set("general.type", "model"); break;
                case "kind": copy.Set("adapter.type", "control_vector"); break;
                case "architecture": copy.Set("general.architecture", "gemma3"); break;
                case "key": copy.Set("adapter.alora.invocation_tokens", new[] { 1u }); break;
                case "alpha": copy.Set("adapter.lora.alpha", float.NaN); break;
                case "half": copy.Tensors.RemoveAll(tensor => tensor.Name == "blk.0.attn_q.weight.lora_a"); break;
                case "shape": Replace("blk.0.attn_q.weight.lora_a", 32, 4); break;
                case "rank": Replace("blk.1.attn_q.weight.lora_a", 64, 8); break;
                case "embeddings": Add("token_embd.weight.lora_a", 64, 4); break;
                case "name": Add("blk.0.attn_q.bias", 64); break;
                default: copy.Tensors.Clear(); break;
            }

            void Replace(string name, params long[] shape)
            {
                copy.Tensors.RemoveAll(tensor => tensor.Name == name);
                Add(name, shape);
            }

            void Add(string name, params long[] shape) =>
                copy.Tensors.Add((name, GgufType.F32, shape, new float[shape.Aggregate(1L, (all, side) => all * side)]));
        });
        Refused(path, path, problem);
        Assert.Contains(problem, Assert.Throws<InputException>(() => LoraFiles.Check(path, Model)).Message, StringComparison.Ordinal);
        Assert.Contains(
            problem,
            Assert.Throws<InputException>(() => new LlamaPasses(Model.Path, new TeacherSettings(), path)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>Of another model of the same architecture: its sizes differ.</summary>
    [Fact]
    public void ALoraOfAnotherModelIsRefused()
    {
        var other = LlamaCases.GoldenModel("llama-gqa-plain");
        var error = Assert.Throws<InputException>(() => LoraFiles.Check(Golden("lora.gguf"), GgufFile.Open(other)));
        Assert.StartsWith($"{Golden("lora.gguf")} does not hold a LoRA for this model:", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InputException>(() => LoraFiles.Check(Golden("peft"), GgufFile.Open(other)));
        Assert.StartsWith($"{Golden("peft")} does not hold a LoRA for this model:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AlphaOfNothingIsAScaleOfOne()
    {
        foreach (var alpha in new float?[] { null, 0 })
        {
            var path = _folder.File("plain.gguf");
            GgufCopy.Write(Golden("lora.gguf"), path, copy =>
            {
                copy.Metadata.RemoveAll(entry => entry.Key == "adapter.lora.alpha");
                if (alpha is { } value)
                {
                    copy.Set("adapter.lora.alpha", value);
                }
            });
            using var lora = LoraFiles.Read(path, Model);
            Assert.Equal(1, lora.Shape.Scale);
        }
    }

    /// <summary>What libllama refuses without an exception is refused here too, and never used.</summary>
    [Fact]
    public void WhatLibllamaRefusesIsToldOf()
    {
        using var model = LlamaModel.Load(Model.Path, fullWindow: true);
        var error = Assert.Throws<InputException>(() => model.LoadLora(Model.Path));
        Assert.StartsWith($"{Model.Path}: libllama refuses this LoRA. ", error.Message, StringComparison.Ordinal);
        Assert.Null(model.Lora);
    }

    /// <summary>A weight of the model that the metadata does not fit; without this the product would end the process.</summary>
    [Fact]
    public void AModelWhoseWeightDoesNotFitItsMetadataIsRefused()
    {
        var path = _folder.File("model.gguf");
        GgufCopy.Write(Model.Path, path, copy =>
        {
            var at = copy.Tensors.FindIndex(tensor => tensor.Name == "blk.0.attn_q.weight");
            copy.Tensors[at] = copy.Tensors[at] with { Shape = [64, 32], Values = new float[64 * 32] };
        });
        using var lora = LoraFiles.Read(Golden("peft"), Model);
        var error = Assert.Throws<InputException>(() => MergedGguf.Write(
            _folder.File("merged.gguf"), GgufFile.Open(path), lora, GgufType.F16));
        Assert.Equal($"{path}: tensor 'blk.0.attn_q.weight' is [32, 64], expected [64, 64] by the model's metadata.", error.Message);
        Assert.False(File.Exists(_folder.File("merged.gguf")));
    }

    private static void Refused(string path, params string[] parts)
    {
        var error = Assert.Throws<InputException>(() => LoraFiles.Read(path, Model));
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    private void CopyPeft(Action<JsonObject> edit, Action<Dictionary<string, Tensor>>? change = null)
    {
        var peft = Golden("peft");
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(peft, "adapter_config.json")))!.AsObject();
        edit(config);
        File.WriteAllText(_folder.File("adapter_config.json"), config.ToJsonString());
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(peft, "adapter_model.safetensors"));
        var tensors = file.Names.ToDictionary(name => name, name => file.Load(name));
        change?.Invoke(tensors);
        Safetensors.Save(_folder.File("adapter_model.safetensors"), tensors);
    }
}
