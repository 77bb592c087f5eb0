using Llm2Clip.MakeQuickStart;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.Search;

/// <summary>
/// A teacher that knows a mean of German sentences, a student of two epochs, a folder of photos, and an index of it: made once, and only
/// read by tests.
/// </summary>
public sealed class SearchedRun : IDisposable
{
    public const int Photos = 12;

    private readonly SceneData _scenes = new(seed: 11, validationCount: 30);

    public SearchedRun()
    {
        SceneShards.Write(Folder, "train", 30, 30, _scenes.Validation);
        var sentences = Path.Combine(Folder, "sentences-de.txt");
        File.WriteAllLines(sentences, QuickStartData.Sentences(Grammars.German, _scenes).Take(20));
        Train("run", $"cc_finetune.language_text=[{{path: {sentences}, language: de}}]");
        for (var i = 0; i < Photos; i++)
        {
            Photo($"{(i % 2 == 0 ? "summer" : "winter")}/p{i:d2}.png", i);
        }
        Done("index", PhotoFolder, "--model", Run, "--out", Index);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("llm2clip-search").FullName;

    /// <summary>Folder of the run: teacher and student.</summary>
    public string Run => Path.Combine(Folder, "run");

    public string PhotoFolder => Path.Combine(Folder, "photos");

    public string Index => Path.Combine(Folder, "index");

    public string Captioned => Path.Combine(Folder, "train-*.tar");

    public string Of(string photo) => Path.Combine(PhotoFolder, photo);

    /// <summary>Writes scene number <paramref name="scene"/> below <see cref="PhotoFolder"/>.</summary>
    public void Photo(string name, int scene) => Photo(PhotoFolder, name, scene);

    public void Photo(string folder, string name, int scene)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, PngWriter.Encode(_scenes.Validation(scene).Pixels, SceneRenderer.ImageSize, SceneRenderer.ImageSize));
    }

    /// <summary>Trains teacher and student in a folder of their own.</summary>
    public string Train(string name, params string[] more)
    {
        var output = Path.Combine(Folder, name);
        string[] settings =
        [
            $"output={output}", $"data.train={Captioned}", $"teacher.path={SharedData.RepositoryRoot()}/data/quickstart/teacher.gguf",
            "teacher.threads=1", "data.workers=1", "cc_finetune.adapter.kind=none", "cc_finetune.languages=[en]", "clip_train.epochs=2",
            "clip_train.device=cpu", "model.image_size=64", "model.patch_size=16", "model.width=32", "model.layers=1", "model.heads=2",
            "model.embed_dim=16", "model.adapter_blocks=1", .. more,
        ];
        foreach (var command in new[] { "cc-finetune", "extract", "clip-train" })
        {
            Done([command, .. settings.SelectMany(setting => new[] { "--set", setting })]);
        }
        return output;
    }

    /// <summary>Output and log of a call that ends well.</summary>
    public static string Done(params string[] words) => Failed(0, words);

    /// <summary>The same of one that ends with another code.</summary>
    public static string Failed(int code, params string[] words)
    {
        var (found, output, error) = CommandLineTests.Run(words);
        Assert.True(code == found, $"{string.Join(' ', words)} ended with {found}:\n{output}{error}");
        return output + error;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
