using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Tests.Cli;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Model files that a clone made without Git LFS: the message says so, and how they are fetched.</summary>
public sealed class LfsModelTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4076480\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("lfs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryModelFileIsCalledAPointer()
    {
        var gguf = Write("model.gguf");
        Expect(gguf, () => Teacher.Open(gguf).Dispose());
        Expect(Write("config.json"), () => ImageEncoders.Load(_folder, CPU).Dispose());
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"model_type": "clip_vision_model"}""");
        Expect(Write("model.safetensors"), () => ImageEncoders.Load(_folder, CPU).Dispose());

        static void Expect(string path, Action open) => Assert.Equal(
            $"{path}: this is a Git LFS pointer, a text that stands for the file, not the file itself. Fetch it: git lfs pull.",
            Assert.Throws<InputException>(open).Message);
    }

    [Fact]
    public void TheCaseEndsWithExitCode3()
    {
        var shared = SharedData.RequireShared("cases", "lfs-pointer-as-model");
        var (code, _, error) = CommandLineTests.Run(
            "extract", "--teacher", Path.Combine(shared, "model.gguf"), "--data", "x.tar", "--store", Path.Combine(_folder, "store"));
        Assert.Equal(3, code);
        Assert.Contains("git lfs pull", error, StringComparison.Ordinal);
        Assert.Contains(
            "git lfs pull",
            Assert.Throws<InputException>(() => ImageEncoders.Load(Path.Combine(shared, "start"), CPU)).Message, StringComparison.Ordinal);
    }

    private string Write(string name)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, Pointer);
        return path;
    }
}
