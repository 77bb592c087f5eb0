using System.Diagnostics;
using System.Text.RegularExpressions;
using Llm2Clip.MakeQuickStart;

namespace Llm2Clip.Tests.Docs;

/// <summary>
/// A folder that looks like a fresh clone to the commands: the shipped run files with smaller numbers, and data of the quick start's names
/// and
/// kind, but little of it. The quick start has been run there, as the README tells.
/// </summary>
public sealed partial class FreshClone : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-clone").FullName;

    public FreshClone()
    {
        var root = SharedData.RepositoryRoot();
        var data = Path.Combine(_folder, "data", "quickstart");
        var scenes = new SceneData(seed: 11, validationCount: 12);
        SceneShards.Write(data, "train", 40, 20, scenes.Training);
        SceneShards.Write(data, "val", 12, 20, scenes.Validation);
        SceneShards.WritePlaces(data, "places-train", 48, 48, index => QuickStartData.LabeledTraining(scenes, index));
        SceneShards.WritePlaces(data, "places-val", 24, 24, index => QuickStartData.LabeledValidation(scenes, index));
        File.Copy(Path.Combine(root, "data", "quickstart", "places.yaml"), Path.Combine(data, "places.yaml"));
        foreach (var grammar in new IGrammar[] { Grammars.German, Grammars.Chinese })
        {
            File.WriteAllLines(
                Path.Combine(data, $"sentences-{grammar.Language}.txt"), QuickStartData.Sentences(grammar, scenes).Take(30));
        }
        File.CreateSymbolicLink(Path.Combine(data, "teacher.gguf"), Path.Combine(root, "data", "quickstart", "teacher.gguf"));
        Directory.CreateDirectory(Path.Combine(_folder, "configs"));
        foreach (var file in Directory.GetFiles(Path.Combine(root, "configs"), "*.yaml"))
        {
            var name = Path.GetFileName(file);
            var text = File.ReadAllText(file);
            // Those of Long-CLIP are looked at and not run, and a small batch has no 32 directions to match.
            var small = name.StartsWith("longclip", StringComparison.Ordinal)
                ? text
                : Epochs().Replace(Batches().Replace(text, "${1}20"), "${1}2");
            File.WriteAllText(Path.Combine(_folder, "configs", name), small);
        }
        Directory.CreateDirectory(Path.Combine(_folder, "bin"));
        var program = Path.Combine(_folder, "bin", "llm2clip");
        File.WriteAllText(program, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Cli.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Runs a line as a shell would, in the folder of the clone.</summary>
    public (int Code, string Text) Run(string line)
    {
        var start = new ProcessStartInfo("bash")
        {
            WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true, ArgumentList = { "-c", line },
        };
        start.Environment["PATH"] = Path.Combine(_folder, "bin") + ":" + Environment.GetEnvironmentVariable("PATH");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [GeneratedRegex(@"(\bbatch_size: )\d+")]
    private static partial Regex Batches();

    [GeneratedRegex(@"(\b(?:epochs|evaluate_every|warmup_steps): )\d+")]
    private static partial Regex Epochs();
}
