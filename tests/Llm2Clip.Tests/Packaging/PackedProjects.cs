using System.Diagnostics;
using Llm2Clip.Tests.Teachers;

namespace Llm2Clip.Tests.Packaging;

/// <summary>
/// The packages of the library and of the tool, in a folder that is gone after the tests. They are built apart from the repository's own
/// output; the
/// packages that they depend on come out of NuGet's cache.
/// </summary>
public sealed class PackedProjects : IDisposable
{
    public PackedProjects()
    {
        foreach (var project in new[] { "Llm2Clip", "Llm2Clip.Cli" })
        {
            Run("dotnet", "pack", Path.Combine(SharedData.RepositoryRoot(), "src", project), "-c", "Release", "-v", "q", "-nodeReuse:false",
                "--artifacts-path", Folder.File("build"), "-o", Packages, $"-p:Version={Version}", "-p:RunAnalyzers=false");
        }
    }

    internal TemporaryFolder Folder { get; } = new();

    public string Packages => Folder.File("packages");

    /// <summary>One of its own for each run, as NuGet keeps for ever what it once unpacked of a version.</summary>
    public string Version { get; } = $"0.0.1-test.{Guid.NewGuid():n}";

    public void Dispose()
    {
        Folder.Dispose();
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (var unpacked in Directory.EnumerateDirectories(cache, "llm2clip*").Select(package => Path.Combine(package, Version)))
        {
            if (Directory.Exists(unpacked))
            {
                Directory.Delete(unpacked, recursive: true);
            }
        }
    }

    /// <summary>What a program printed to standard output; it must end with 0.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("Cuda");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0,
            $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}\n{error.Result}");
        return output;
    }
}
