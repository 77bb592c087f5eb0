using LLama.Exceptions;
using Llm2Clip.Engine.Llama;
using LLama.Native;

namespace Llm2Clip.Tests.Engine;

/// <summary>The binding of libllama refuses what its struct layouts do not belong to.</summary>
public class LlamaLibraryTests
{
    [Fact]
    public void DefaultsReadBackPlausibly()
    {
        var context = LLamaContextParams.Default();
        Assert.Equal((512u, 2048u, 512u, 1u), (context.n_ctx, context.n_batch, context.n_ubatch, context.n_seq_max));
        Assert.Equal(RopeScalingType.Unspecified, context.rope_scaling_type);
        Assert.False(context.embeddings);
        Assert.True(LLamaModelParams.Default().use_mmap);
        Assert.NotEmpty(LlamaLibrary.Devices);
    }

    [Fact]
    public void AnotherPackageIsRefusedNamingBoth()
    {
        var folder = Directory.CreateTempSubdirectory("llm2clip-").FullName;
        try
        {
            var package = Path.Combine(folder, "node_modules/@node-llama-cpp/linux-x64");
            Directory.CreateDirectory(Path.Combine(package, "bins/linux-x64"));
            File.WriteAllText(Path.Combine(package, "package.json"), """{"name": "@node-llama-cpp/linux-x64", "version": "3.99.0"}""");
            File.WriteAllText(
                Path.Combine(package, "bins/linux-x64/_nlcBuildMetadata.json"), """{"buildOptions": {"llamaCpp": {"repo": "ggml-org/llama.cpp", "release": "v0.9.0"}}}""");

            var message = Assert.Throws<RuntimeError>(() => LlamaLibrary.CheckPackage(folder)).Message;

            Assert.Contains(LlamaLibrary.RequiredPackage, message, StringComparison.Ordinal);
            Assert.Contains("3.99.0 (llama.cpp v0.9.0)", message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void MissingPackageSaysHowToInstallIt() =>
        Assert.Contains("./llm2clip setup", Assert.Throws<RuntimeError>(() => LlamaLibrary.CheckPackage(Path.GetTempPath())).Message, StringComparison.Ordinal);
}
