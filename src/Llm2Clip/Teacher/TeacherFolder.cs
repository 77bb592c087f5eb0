using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Teachers;

/// <summary>Content of a teacher folder's <c>teacher.json</c>.</summary>
public sealed record TeacherManifest
{
    /// <summary>Version of this file's layout.</summary>
    public int Format { get; init; } = 1;

    /// <summary>The GGUF model: absolute, or relative to the folder.</summary>
    public required string Gguf { get; init; }

    /// <summary>Hash of the model (<see cref="WeightsHash"/>).</summary>
    public required string GgufSha256 { get; init; }

    /// <summary>
    /// The LoRA of the model, a GGUF file or a folder in PEFT's layout: absolute, or relative to the folder; null for none.
    /// </summary>
    public string? Lora { get; init; }

    /// <summary>Hash of the LoRA; null where there is none.</summary>
    public string? LoraSha256 { get; init; }

    /// <summary>What determines the raw vectors.</summary>
    public required TeacherSettings Settings { get; init; }

    /// <summary>Length of the vectors that come out, adapter included.</summary>
    public required int Dimension { get; init; }

    /// <summary>File name of the adapter's weights in the folder, or null.</summary>
    public string? Adapter { get; init; }

    /// <summary>
    /// The store of the LLM's raw vectors that the teacher was made with, relative to the folder; null where none is known. It saves the
    /// LLM work, and nothing depends on it: the store may be gone.
    /// </summary>
    public string? RawStore { get; init; }
}

/// <summary>Reads and writes teacher folders.</summary>
public static class TeacherFolder
{
    /// <summary>Name of the manifest in the folder.</summary>
    public const string ManifestName = "teacher.json";

    /// <summary>Name of the checkpoint in a folder that cc-finetune writes.</summary>
    public const string CheckpointName = "checkpoint";

    /// <summary>Name of the LoRA that cc-finetune trains, in the teacher folder.</summary>
    public const string LoraName = "lora.gguf";

    /// <summary>Name of cc-finetune's folder in the folder of the run.</summary>
    internal const string StageName = "teacher";

    private const int Format = 1;

    /// <summary>Whether a folder holds a teacher, sound or not.</summary>
    public static bool IsTeacher(string folder) => File.Exists(Path.Combine(folder, ManifestName));

    /// <summary>
    /// The folder with <c>teacher.json</c>: the named one, or, where its training is not over, the checkpoint in it; or the same in the
    /// folder <c>teacher</c> of the run that is named. The named one where there is none of these.
    /// </summary>
    public static string Find(string folder) => In(folder) ?? In(Path.Combine(folder, StageName)) ?? folder;

    private static string? In(string folder) =>
        IsTeacher(folder) ? folder
        : AtomicFolder.Find(Path.Combine(folder, CheckpointName)) is { } checkpoint && IsTeacher(checkpoint) ? checkpoint
        : null;

    /// <summary>
    /// Reads the manifest of <paramref name="folder"/>. Throws <see cref="InputException"/>, naming the file, where it is missing or not of
    /// this layout.
    /// </summary>
    public static TeacherManifest Read(string folder)
    {
        var path = Path.Combine(folder, ManifestName);
        try
        {
            var manifest = JsonSerializer.Deserialize<TeacherManifest>(File.ReadAllBytes(path), Json.File)
                ?? throw new JsonException("it holds null");
            if (new[] { manifest.Gguf, manifest.Lora, manifest.Adapter, manifest.RawStore }.Any(name => name?.Contains('\0') == true))
            {
                throw new JsonException("no file's name can hold a zero character, as `gguf`, `lora`, `adapter` or `raw_store` does");
            }
            if (manifest.Lora is null != manifest.LoraSha256 is null)
            {
                throw new JsonException("`lora` and `lora_sha256` come together, or neither does");
            }
            return manifest.Format == Format
                ? manifest
                : throw new InputException(
                    $"{path}: layout {manifest.Format}; this version reads layout {Format}. Make the teacher anew with cc-finetune.");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException(
                $"{folder}: no teacher here ({ManifestName} is missing). Run `llm2clip cc-finetune` first, or give a folder that it wrote, "
                + "or a GGUF file.", error);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            // InvalidOperationException: a text that is not Unicode
            throw new InputException($"{path}: cannot be read as a teacher: {error.Message}", error);
        }
    }

    /// <summary>Writes the manifest, last of the folder's files: with it the folder is a teacher.</summary>
    public static void Write(string folder, TeacherManifest manifest)
    {
        var path = Path.Combine(folder, ManifestName);
        try
        {
            DurableFolder.Create(folder);
            PendingFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(manifest, Json.File));
        }
        catch (WriteException error)
        {
            throw new RunException(error.Message, error);
        }
    }

    /// <summary>
    /// Path of the manifest's model, checked against its hash. Throws <see cref="InputException"/> where it is missing or another one.
    /// </summary>
    public static string ResolveGguf(string folder, TeacherManifest manifest)
    {
        var path = Path.GetFullPath(Path.Combine(folder, manifest.Gguf));
        if (!File.Exists(path))
        {
            throw new InputException(
                $"{Path.Combine(folder, ManifestName)}: the model '{manifest.Gguf}' is not at {path}. Put the GGUF file with SHA-256 "
                + $"{manifest.GgufSha256} there.");
        }
        var found = WeightsHash.Of(GgufFile.Open(path));
        return found == manifest.GgufSha256
            ? path
            : throw new InputException(
                $"{path}: SHA-256 {found}, but {Path.Combine(folder, ManifestName)} was made with {manifest.GgufSha256}. Put that model "
                + "there, or make the teacher anew.");
    }

    /// <summary>
    /// The manifest's LoRA, held against its hash and its model; null where there is none. Throws <see cref="InputException"/> where it is
    /// missing or another one.
    /// </summary>
    /// <param name="folder">The teacher folder.</param>
    /// <param name="manifest">What its manifest says.</param>
    /// <param name="gguf">The model.</param>
    internal static TeacherLora? ResolveLora(string folder, TeacherManifest manifest, string gguf)
    {
        if (manifest.Lora is null)
        {
            return null;
        }
        var path = Path.GetFullPath(Path.Combine(folder, manifest.Lora));
        if (!Path.Exists(path))
        {
            throw new InputException(
                $"{Path.Combine(folder, ManifestName)}: the LoRA '{manifest.Lora}' is not at {path}. Put it there, or make the teacher "
                + "anew.");
        }
        var lora = TeacherLora.Of(path, GgufFile.Open(gguf));
        return lora.Sha256 == manifest.LoraSha256
            ? lora
            : throw new InputException(
                $"{path}: SHA-256 {lora.Sha256}, but {Path.Combine(folder, ManifestName)} was made with {manifest.LoraSha256}. Put that "
                + "LoRA there, or make the teacher anew.");
    }
}
