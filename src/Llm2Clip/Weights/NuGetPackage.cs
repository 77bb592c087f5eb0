using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Llm2Clip.Weights;

/// <summary>
/// A NuGet package that brings weights. It is looked for in NuGet's folder of packages, and restored into it by the SDK's own client where
/// it is missing: through the registries that are configured, with its checks of signatures and hashes.
/// </summary>
/// <param name="Id">Name of the package.</param>
/// <param name="Version">The one version.</param>
/// <param name="Megabytes">Size of the download, for the user.</param>
internal sealed record NuGetPackage(string Id, string Version, int Megabytes)
{
    /// <summary>
    /// NuGet's folder of packages (https://learn.microsoft.com/nuget/consume-packages/managing-the-global-packages-and-cache-folders).
    /// </summary>
    public string Packages { get; init; } =
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>The command that restores.</summary>
    public string Dotnet { get; init; } =
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } named ? named : "dotnet";

    /// <summary>From where on, upwards, a <c>NuGet.config</c> is looked for.</summary>
    public string ConfigFolder { get; init; } = Directory.GetCurrentDirectory();

    /// <summary>Where the package is once it is restored.</summary>
    public string Folder => Path.Combine(Packages, Id.ToLowerInvariant(), Version);

    /// <summary>A file of the package, restored where it is missing, and checked.</summary>
    /// <param name="file">Path in the package.</param>
    /// <param name="sha256">What it must be, in lower-case hexadecimal.</param>
    /// <param name="log">Is told of a download.</param>
    /// <param name="cancellation">Ends the download.</param>
    /// <exception cref="RunException">It is not there and cannot be restored.</exception>
    /// <exception cref="InputException">It is another file.</exception>
    public string Find(string file, string sha256, IRunLog log, CancellationToken cancellation)
    {
        var path = Path.Combine(Folder, file.Replace('/', Path.DirectorySeparatorChar));
        if (!File.Exists(path))
        {
            log.Info($"{Id} {Version} is not in {Packages}: it is downloaded from the NuGet registry ({Megabytes} MB), once.");
            Restore(cancellation);
            if (!File.Exists(path))
            {
                throw new RunException($"{Id} {Version} was restored, but {path} is not there. Remove {Folder} and try again.");
            }
        }
        using var stream = File.OpenRead(path);
        var found = Convert.ToHexStringLower(SHA256.HashData(stream));
        return found == sha256
            ? path
            : throw new InputException(
                $"{path} is not the file that is expected: its SHA-256 is {found}, that one's {sha256}. Remove {Folder} to have it "
                + "restored.");
    }

    private void Restore(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("llm2clip-restore-").FullName;
        try
        {
            var project = Path.Combine(folder, "restore.csproj");
            // PackageDownload takes the package alone, without what it depends on.
            File.WriteAllText(project, $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
                    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
                  </PropertyGroup>
                  <ItemGroup>
                    <PackageDownload Include="{Id}" Version="[{Version}]" />
                  </ItemGroup>
                </Project>
                """);
            Run(project, cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Run(string project, CancellationToken cancellation)
    {
        string[] arguments =
        [
            "restore", project, "-nodeReuse:false", "-p:ImportDirectoryBuildProps=false", "-p:ImportDirectoryBuildTargets=false",
            "-p:ImportDirectoryPackagesProps=false", $"-p:RestorePackagesPath={Packages}", $"-p:RestoreRootConfigDirectory={ConfigFolder}",
        ];
        var start = new ProcessStartInfo(Dotnet, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["DOTNET_CLI_UI_LANGUAGE"], start.Environment["DOTNET_NOLOGO"]) = ("en", "1");
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            throw Unavailable("there is no `dotnet` command, which restores it. Install the .NET SDK, or");
        }
        using (process)
        {
            using var kill = cancellation.Register(() => process.Kill(entireProcessTree: true));
            var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            if (process.ExitCode != 0)
            {
                var error = ErrorIn(output + "\n" + errors.Result);
                throw Unavailable($"`dotnet restore` says: {error}. Check the network and NuGet.config, or");
            }
        }
    }

    private RunException Unavailable(string why) =>
        new($"{Id} {Version} is not in {Packages}, and {why} put the package there, or set model.init to a folder.");

    /// <summary>The first error of a build's output, without the place; else its last line.</summary>
    private static string ErrorIn(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        const string Mark = "error ";
        var error = lines.FirstOrDefault(line => line.Contains(Mark, StringComparison.Ordinal));
        var text = error is not null ? error[error.IndexOf(Mark, StringComparison.Ordinal)..] : lines.LastOrDefault() ?? "nothing";
        var project = text.LastIndexOf(" [", StringComparison.Ordinal);
        return (project > 0 ? text[..project] : text).TrimEnd('.');
    }
}
