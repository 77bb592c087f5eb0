namespace Llm2Clip.Tests;

/// <summary>
/// Where the reference material lies that does not ship with the project: photos, the GGUF teacher, golden numbers.
/// A test that needs a part of it calls <see cref="Require"/> and is skipped, with the reason, where it is missing.
/// </summary>
public static class SharedData
{
    /// <summary>The folder <c>shared</c> beside the repository.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(RepositoryRoot(), "..", "shared"));

    /// <summary>The golden files: <c>LLM2CLIP_GOLDEN</c>, or <c>../shared/golden</c>.</summary>
    public static string Golden { get; } =
        Environment.GetEnvironmentVariable("LLM2CLIP_GOLDEN") is { Length: > 0 } named ? named : Path.Combine(Root, "golden");

    /// <summary>Path of a golden file or folder; skips the calling test where it is missing.</summary>
    public static string RequireGolden(params string[] parts) => Require(Path.Combine([Golden, .. parts]));

    /// <summary>Path below <see cref="Root"/>; skips the calling test where it is missing.</summary>
    public static string RequireShared(params string[] parts) => Require(Path.Combine([Root, .. parts]));

    /// <summary>The folder that holds <c>Llm2Clip.sln</c>.</summary>
    public static string RepositoryRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Llm2Clip.sln")))
            {
                return folder;
            }
        }
        throw new DirectoryNotFoundException("The tests must run from inside the repository (no Llm2Clip.sln above "
            + AppContext.BaseDirectory + ").");
    }

    private static string Require(string path)
    {
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"Reference material is not here: {path}");
        return path;
    }
}
