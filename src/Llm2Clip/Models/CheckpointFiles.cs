using System.IO.Compression;
using Llm2Clip.Files;

namespace Llm2Clip.Models;

/// <summary>Whose layout a checkpoint has.</summary>
internal enum CheckpointKind
{
    /// <summary><c>config.json</c> and <c>model.safetensors</c>, or shards.</summary>
    HuggingFace,

    /// <summary><c>open_clip_config.json</c> and one file of weights.</summary>
    OpenClip,

    /// <summary><c>model_config.json</c>, as eva_clip's <c>model_configs</c> has it, and one file of weights.</summary>
    EvaClip,

    /// <summary>A file of weights alone.</summary>
    Bare,
}

/// <summary>The files of a checkpoint that a user names.</summary>
/// <param name="Source">What the user named.</param>
/// <param name="Kind">Whose layout it is.</param>
/// <param name="Config">The configuration; null where there is none.</param>
/// <param name="Weights">The file of weights; in Hugging Face's layout the folder.</param>
internal sealed record CheckpointFiles(string Source, CheckpointKind Kind, string? Config, string Weights)
{
    /// <summary>Name of open_clip's configuration.</summary>
    public const string OpenClipName = "open_clip_config.json";

    /// <summary>Name of eva_clip's configuration.</summary>
    public const string EvaClipName = "model_config.json";

    private static readonly string[] PickleNames = ["*.bin", "*.pt", "*.pth"];

    /// <summary>Finds out what a folder or a file is, by the names of files.</summary>
    /// <exception cref="InputException">It is nothing of the kind, or in a format that is not read.</exception>
    public static CheckpointFiles Find(string source)
    {
        if (File.Exists(source))
        {
            return source.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)
                ? new CheckpointFiles(source, CheckpointKind.Bare, null, source)
                : throw new InputException(IsPickle(source) ? PickleMessage(source) : $"{source} is no .safetensors file, and no folder.");
        }
        if (!Directory.Exists(source))
        {
            throw new InputException($"{source} is not there: there is no folder and no file of that name.");
        }
        var (hugging, open, eva) = (ModelFolder.ConfigPath(source), Path.Combine(source, OpenClipName), Path.Combine(source, EvaClipName));
        var hasOwn = Directory.GetFiles(source, "model.safetensors*").Length > 0;
        if (File.Exists(hugging) && (hasOwn || !File.Exists(open)))
        {
            return hasOwn || FindPickle(source) is not { } pickle
                ? new CheckpointFiles(source, CheckpointKind.HuggingFace, hugging, source)
                : throw new InputException(PickleMessage(pickle));
        }
        if (File.Exists(open))
        {
            return new CheckpointFiles(source, CheckpointKind.OpenClip, open, OnlyWeights(source));
        }
        if (File.Exists(eva))
        {
            return new CheckpointFiles(source, CheckpointKind.EvaClip, eva, OnlyWeights(source));
        }
        if (FindPickle(source) is null && Directory.GetFiles(source, "*.safetensors").Length == 0)
        {
            throw new InputException(
                $"{source} holds no config.json, so it is not a model folder in Hugging Face's layout, and neither {OpenClipName} nor "
                + "a file of weights.");
        }
        return new CheckpointFiles(source, CheckpointKind.Bare, null, OnlyWeights(source));
    }

    /// <summary>The one file of weights in a folder.</summary>
    private static string OnlyWeights(string folder)
    {
        var files = Directory.GetFiles(folder, "*.safetensors");
        return files.Length == 1 ? files[0]
            : files.Length > 1 ? throw new InputException(
                $"{folder} holds {files.Length} files of weights ({string.Join(", ", files.Select(Path.GetFileName).Order())}); leave "
                + "one, or name the file.")
            : throw new InputException(
                FindPickle(folder) is { } pickle ? PickleMessage(pickle) : $"{folder} holds no .safetensors file.");
    }

    private static string? FindPickle(string folder) =>
        PickleNames.SelectMany(name => Directory.GetFiles(folder, name)).Order(StringComparer.Ordinal).FirstOrDefault();

    private static bool IsPickle(string path) => PickleNames.Any(name => path.EndsWith(name[1..], StringComparison.OrdinalIgnoreCase));

    private static string PickleMessage(string path)
    {
        var load = IsScript(path) ? $"torch.jit.load('{path}', map_location='cpu').state_dict()"
            : $"torch.load('{path}', map_location='cpu', weights_only=True)";
        var target = Path.Combine(Path.GetDirectoryName(path) ?? "", ModelFolder.WeightsName);
        return $"{path} is in PyTorch's pickle format, which can run any code when it is opened, so it is not read here. Convert it once, "
            + "where PyTorch is:\n  python -c \"import torch, safetensors.torch as s; "
            + $"s.save_file({{k: v.clone() for k, v in {load}.items()}}, '{target}')\"";
    }

    /// <summary>Whether a file is a TorchScript archive, as OpenAI released its models: those hold code.</summary>
    private static bool IsScript(string path)
    {
        try
        {
            using var archive = ZipFile.OpenRead(path);
            return archive.Entries.Any(entry => entry.FullName.Contains("/code/", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
