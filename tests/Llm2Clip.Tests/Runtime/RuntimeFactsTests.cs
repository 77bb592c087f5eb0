using System.Diagnostics;
using System.Text.Json;
using Llm2Clip.Runtime;
using TorchSharp;

namespace Llm2Clip.Tests.Runtime;

public class RuntimeFactsTests
{
    [Fact]
    public void TheLibrariesAreNamedWithVersionAndFile()
    {
        var facts = RuntimeFacts.Examine();
        Assert.True(facts.IsHealthy, JsonSerializer.Serialize(facts.Components));
        var components = facts.Components.ToDictionary(component => component.Name);
        Assert.Equal("2.10.0", components["libtorch"].Version);
        Assert.Matches("^0\\.107\\.\\d+$", components["TorchSharp"].Version!);
        Assert.Matches("^0\\.30\\.\\d+$", components["LLamaSharp"].Version!);
        Assert.Matches("^6\\.\\d+\\.\\d+$", components["Parquet.Net"].Version!);
        Assert.Matches("^ggml \\d+\\.\\d+\\.\\d+", components["llama.cpp"].Version!);
        Assert.All(["TorchSharp", "libtorch", "llama.cpp"], name => Assert.True(File.Exists(components[name].Path), name));
        Assert.NotEmpty(facts.LlmDevices);
    }

    [Fact]
    public void TensorsComputeOnWhatIsSaid()
    {
        var tensors = RuntimeFacts.Examine().Tensors;
        Assert.NotNull(tensors);
        Assert.Equal(torch.get_num_threads(), tensors.Threads);
        Assert.Contains(tensors.Processor.Instructions, new[] { "AVX512", "AVX2", "DEFAULT" });
        Assert.Equal(System.Runtime.Intrinsics.X86.Avx512BW.IsSupported, tensors.Processor.Instructions == "AVX512");
        Assert.NotEmpty(tensors.Patch.Reason);
        Assert.NotEmpty(tensors.Allocator.Reason);
        Assert.NotEmpty(tensors.Products.Reason);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("fpu avx512f avx512_bf16 sha_ni", true)]
    [InlineData("fpu amx_bf16 amx_tile", true)]
    [InlineData("fpu avx2 avx512f", false)]
    public void Bf16IsReadFromTheKernelsList(string? flags, bool? expected) => Assert.Equal(expected, Processor.HasBf16(flags));

    /// <summary>The loader itself says which libraries a process loads (glibc's LD_DEBUG).</summary>
    [Fact]
    public void HelpLoadsNoTensorsAndNoLlm()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "LD_DEBUG is glibc's.");
        var loaded = LoadedBy("--help");
        Assert.Contains("libcoreclr.so", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libtorch", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libLibTorchSharp", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libllama", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libgomp", loaded, StringComparison.Ordinal);
    }

    private static string LoadedBy(string argument)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Cli.dll"), argument])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["LD_DEBUG"] = "files" },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var log = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Contains("llm2clip", output.Result, StringComparison.Ordinal);
        return log;
    }
}
