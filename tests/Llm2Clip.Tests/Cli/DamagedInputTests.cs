using Llm2Clip.Tests.Data;
using Llm2Clip.Tests.Fuzzing;

namespace Llm2Clip.Tests.Cli;

/// <summary>Commands on damaged files: exit code, a message with file and place, and nothing left that looks like a result.</summary>
public sealed class DamagedInputTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tar", "ustar.tar", 700, "damaged tar at byte")]
    [InlineData("tar-gz", "ustar.tar.gz", 40, "damaged tar at byte")]
    [InlineData("karpathy", "set/dataset.json", 60, "broken JSON at line ")]
    [InlineData("coco", "set/captions.json", 60, "broken JSON at line ")]
    [InlineData("parquet", "Snappy.parquet", 100, "cannot be read as Parquet")]
    public void ConvertRefusesWhatIsCutShort(string format, string name, int length, string place)
    {
        FuzzFormats.ByName(format).Plant(_folder.Path);
        Cut(name, length);
        var (code, output, error) = CommandLineTests.Run("data", "convert", "--data", _folder[name], "--to", _folder["out"], "--format",
            "csv");
        Assert.Equal((3, ""), (code, output));
        Assert.Contains(_folder[name], error, StringComparison.Ordinal);
        Assert.Contains(place, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"])
            && Directory.EnumerateFiles(_folder["out"], "*.csv", SearchOption.AllDirectories).Any());
    }

    [Fact]
    public void StoresAndImportsThatAreDamagedAreRefused()
    {
        FuzzFormats.ByName("store").Plant(_folder.Path);
        Cut("vectors-00000.bin", 10);
        Refused("vectors-00000.bin: missing or shorter than", "data", "store", "verify", _folder.Path);

        FuzzFormats.ByName("store-parquet").Plant(_folder.Path);
        Cut("a.parquet", 200);
        Refused(_folder["a.parquet"], "data", "store", "import", _folder["new"], "--from", _folder["a.parquet"]);
        Assert.False(Directory.Exists(_folder["new"]));

        FuzzFormats.ByName("text-embeddings").Plant(_folder.Path);
        Cut("x_text_embeddings.tar", 1300);
        Refused("damaged tar at byte 1024", "data", "store", "import", _folder["new"], "--from", _folder["x_text_embeddings.tar"],
            "--fingerprint", "t");
    }

    [Fact]
    public void ModelsThatAreDamagedAreRefused()
    {
        FuzzFormats.ByName("teacher-folder").Plant(_folder.Path);
        File.WriteAllText(_folder["a.jsonl"], "{\"captions\": {\"en\": [\"a\"]}}\n");
        Cut("f16.gguf", 300);
        Refused("f16.gguf: the header claims", "extract", "--teacher", _folder["f16.gguf"], "--data", _folder["a.jsonl"], "--store",
            _folder["new"]);
        Assert.False(Directory.Exists(_folder["new"]));
        Cut("teacher.json", 30);
        Refused("teacher.json", "extract", "--teacher", _folder.Path, "--data", _folder["a.jsonl"], "--store", _folder["new"]);
        Assert.False(Directory.Exists(_folder["new"]));
    }

    [Fact]
    public void ARunFileThatIsNoYamlIsBadUsage()
    {
        File.WriteAllText(_folder["run.yaml"], "data:\n  train: [a\n");
        var (code, output, error) = CommandLineTests.Run("extract", "--config", _folder["run.yaml"]);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(_folder["run.yaml"] + ":", error, StringComparison.Ordinal);
    }

    private void Refused(string place, params string[] arguments)
    {
        var (code, output, error) = CommandLineTests.Run(arguments);
        Assert.True(code == 3, $"{code}: {error}");
        Assert.Equal("", output);
        Assert.Contains(place, error, StringComparison.Ordinal);
    }

    private void Cut(string name, int length) => File.WriteAllBytes(_folder[name], File.ReadAllBytes(_folder[name])[..length]);
}
