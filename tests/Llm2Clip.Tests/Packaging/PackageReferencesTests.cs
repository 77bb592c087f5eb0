using System.Diagnostics;
using System.Text.Json;

namespace Llm2Clip.Tests.Packaging;

/// <summary>What the library takes from the registry, asked of MSBuild itself.</summary>
public sealed class PackageReferencesTests
{
    private static readonly string[] Always = ["TorchSharp", "LLamaSharp", "Parquet.Net"];
    private static readonly string[] Cpu = ["TorchSharp-cpu", "LLamaSharp.Backend.Cpu"];
    private static readonly string[] Cuda = ["TorchSharp-cuda-linux", "LLamaSharp.Backend.Cuda12"];

    [Fact]
    public void TheCpuPackagesAreTheDefault() => Check(References([], null), Cpu, Cuda);

    [Fact]
    public void CudaAsAPropertyTakesTheGpuPackagesInstead() => Check(References(["-p:Cuda=true"], null), Cuda, Cpu);

    [Fact]
    public void CudaInTheEnvironmentDoesTheSame() => Check(References([], "true"), Cuda, Cpu);

    private static void Check(IReadOnlyList<string> references, string[] wanted, string[] unwanted)
    {
        Assert.Empty(Always.Concat(wanted).Except(references));
        Assert.Empty(unwanted.Intersect(references));
    }

    private static List<string> References(string[] properties, string? cuda)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        string[] arguments =
        [
            "msbuild", Path.Combine(SharedData.RepositoryRoot(), "src", "Llm2Clip", "Llm2Clip.csproj"), "-nologo", "-nodeReuse:false",
            "-getItem:PackageReference", .. properties,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment.Remove("Cuda");
        if (cuda is not null)
        {
            start.Environment["Cuda"] = cuda;
        }
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
        using var json = JsonDocument.Parse(output);
        return [.. json.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)];
    }
}
