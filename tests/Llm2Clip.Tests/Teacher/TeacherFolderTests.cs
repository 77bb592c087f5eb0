using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Tests.Teachers;

/// <summary>Teacher folders: what is written is opened, what does not belong together is refused.</summary>
public class TeacherFolderTests
{
    [Fact]
    [Trait("Category", "Golden")]
    public void FolderGivesTheVectorsOfItsSettings()
    {
        using var folder = new TemporaryFolder();
        var settings = new TeacherSettings { Template = "Caption: {text}", Attention = TeacherAttention.Causal, MaxLength = 32 };
        Write(folder, settings);
        using var direct = LlamaCases.Encoder(LlamaCases.AnyModel(), settings);

        using var teacher = Teacher.Open(folder.Path, LlamaCases.OneThread);

        Assert.Equal(settings, teacher.Settings);
        Assert.Equal(direct.Fingerprint, teacher.Fingerprint);
        Assert.Equal(direct.Dimension, teacher.Dimension);
        Assert.Equal(direct.Vectors("a dog"),
            teacher.Embed(["a dog"], "en", CenteringMode.Training, SilentLog.Instance, TestContext.Current.CancellationToken).Vectors);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void SettingsCanBeOverriddenWhereThereIsNoAdapter()
    {
        using var folder = new TemporaryFolder();
        Write(folder, new TeacherSettings());
        using var teacher = Teacher.Open(folder.Path, LlamaCases.OneThread with { Pooling = TeacherPooling.Last });
        Assert.Equal(TeacherPooling.Last, teacher.Settings.Pooling);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void AnotherModelIsRefusedNamingBothHashes()
    {
        using var folder = new TemporaryFolder();
        var manifest = Write(folder, new TeacherSettings());
        TeacherFolder.Write(folder.Path, manifest with { GgufSha256 = new string('0', 64) });

        var message = Assert.Throws<InputException>(() => Teacher.Open(folder.Path)).Message;

        Assert.Contains(manifest.GgufSha256, message, StringComparison.Ordinal);
        Assert.Contains(new string('0', 64), message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void MissingModelAndUnknownKeysAreNamed()
    {
        using var folder = new TemporaryFolder();
        var manifest = Write(folder, new TeacherSettings());
        TeacherFolder.Write(folder.Path, manifest with { Gguf = "gone.gguf" });
        Assert.Contains("gone.gguf", Assert.Throws<InputException>(() => Teacher.Open(folder.Path)).Message, StringComparison.Ordinal);

        var path = folder.File(TeacherFolder.ManifestName);
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"format\"", "\"fromat\"", StringComparison.Ordinal));
        var message = Assert.Throws<InputException>(() => Teacher.Open(folder.Path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains("fromat", message, StringComparison.Ordinal);
    }

    private static TeacherManifest Write(TemporaryFolder folder, TeacherSettings settings)
    {
        var model = GgufFile.Open(LlamaCases.AnyModel());
        var manifest = new TeacherManifest
        {
            Gguf = model.Path,
            GgufSha256 = WeightsHash.Of(model),
            Settings = settings,
            Dimension = (int)model.GetInteger($"{model.Architecture}.embedding_length"),
        };
        TeacherFolder.Write(folder.Path, manifest);
        return manifest;
    }
}
