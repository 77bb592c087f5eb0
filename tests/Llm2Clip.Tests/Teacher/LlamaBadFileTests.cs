using System.Text;
using System.Text.Json;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Tests.Fuzzing;
using Llm2Clip.Tests.PowerCuts;

namespace Llm2Clip.Tests.Teachers;

/// <summary>Files that are damaged, missing or something else are refused with a message that names them.</summary>
public class LlamaBadFileTests
{
    public static TheoryData<string, string> DamagedFiles()
    {
        var expected = Path.Combine(SharedData.Golden, "llm", "bad", "expected.json");
        var data = new TheoryData<string, string>();
        if (!File.Exists(expected))
        {
            data.Add("", "");
            return data;
        }
        using var document = JsonDocument.Parse(File.ReadAllBytes(expected));
        foreach (var entry in document.RootElement.EnumerateObject())
        {
            data.Add(entry.Name, entry.Value.GetProperty("reader_must").GetString()!);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(DamagedFiles))]
    [Trait("Category", "Golden")]
    public void DamagedModelsAreRefusedByName(string name, string must)
    {
        var path = SharedData.RequireGolden("llm", "bad", name);
        if (must == "load")
        {
            using var model = LlamaModel.Load(path, fullWindow: true);
            Assert.True(model.Width > 0);
            return;
        }
        var error = Assert.Throws<InputException>(() => LlamaModel.Load(path, fullWindow: true));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    /// <summary>libllama gives the reason in its log only, which is many lines on standard error where nobody takes it.</summary>
    [Fact]
    public void WhatLibllamaSaysIsToldAndItsLogIsNot()
    {
        using var folder = new TemporaryFolder();
        FuzzFormats.ByName("gguf-llama").Plant(folder.Path);
        var path = folder.File("f16.gguf");
        var key = "tokenizer.ggml.model\x08\0\0\0\x05\0\0\0\0\0\0\0l"u8;
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.AsSpan().IndexOf(key) + key.Length] = (byte)'x';
        File.WriteAllBytes(path, bytes);

        var output = new StringBuilder();
        var data = FakeData.Write(folder.Path, "train", 0, 2, 1, "en");
        using var process = CutRun.Start(["extract", "--teacher", path, "--data", data, "--store", folder.File("store")], output);
        process.WaitForExit();

        Assert.Equal(3, process.ExitCode);
        Assert.Contains($"{path}: libllama refuses this model. ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("'lxama'", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("- kv ", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFileIsNamed()
    {
        var path = Path.Combine(Path.GetTempPath(), "there-is-no-such-model.gguf");
        var error = Assert.Throws<InputException>(() => Teacher.Open(path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextFileIsNoModel()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("notes.gguf");
        File.WriteAllText(path, "These are notes and not a model, long enough for a header.");

        var error = Assert.Throws<InputException>(() => Teacher.Open(path, log: SilentLog.Instance));

        Assert.Contains($"{path}: not a GGUF file (it starts with 'Thes' instead of GGUF)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FolderWithoutManifestIsNoTeacher()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<InputException>(() => Teacher.Open(folder.Path));
        Assert.Contains("teacher.json is missing", error.Message, StringComparison.Ordinal);
    }
}
