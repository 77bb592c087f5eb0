using System.Formats.Tar;
using System.Text.Json;
using Llm2Clip.Cli;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.MakeQuickStart;

namespace Llm2Clip.Tests.MakeQuickStart;

/// <summary>The two commands of tools/MakeQuickStart.</summary>
public sealed class ToolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-make").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("data")]
    [InlineData("teacher")]
    public void HelpEndsWithAnExampleThatIsUnderstood(string command)
    {
        var (code, output, error) = Run(command, "--help");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($"{Tool.Call} {command} [options]", output);
        var example = output.Split($"Example:\n  {Tool.Call} ")[1].Trim();
        Assert.Empty(Tool.Root(new CliHost(new Screen(TextWriter.Null), new Screen(TextWriter.Null), default)).Parse(example).Errors);
    }

    [Fact]
    public void AnUnknownOptionIsNamedWithTheNearest()
    {
        var (code, _, error) = Run("teacher", "--ouy", "x");
        Assert.Equal(2, code);
        Assert.Contains($"Error: --ouy is not known to {Tool.Call} teacher; did you mean --out?", error);
    }

    /// <summary>
    /// What the command writes is what ships, but for the teacher and a file made by hand: texts byte by byte, images pixel by pixel,
    /// as another zlib may pack them otherwise.
    /// </summary>
    [Fact]
    public void DataWritesTheShippedFiles()
    {
        var (code, output, error) = Run("data", "--out", _folder);
        Assert.True(code == 0, error);
        var shipped = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart");
        var written = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var names = Directory.GetFiles(shipped).Select(Path.GetFileName).Where(name => name is not ("teacher.gguf" or "places.yaml"));
        Assert.Equal(names.Order(), written.Select(Path.GetFileName).Order());
        foreach (var path in written)
        {
            var expected = Path.Combine(shipped, Path.GetFileName(path));
            if (path.EndsWith(".tar", StringComparison.Ordinal))
            {
                var (whole, made) = (Members(expected), Members(path));
                Assert.Equal(whole.Count, made.Count);
                Assert.All(whole.Zip(made), AssertSame);
            }
            else
            {
                Assert.Equal(File.ReadAllBytes(expected), File.ReadAllBytes(path));
            }
        }
    }

    private static void AssertSame(((string Name, byte[] Content) Expected, (string Name, byte[] Content) Actual) pair)
    {
        var (expected, actual) = pair;
        Assert.Equal(expected.Name, actual.Name);
        if (!expected.Content.AsSpan().SequenceEqual(actual.Content))
        {
            Assert.EndsWith(".png", expected.Name);
            Assert.Equal(ImageCodec.Decode(expected.Content, expected.Name).Pixels, ImageCodec.Decode(actual.Content, actual.Name).Pixels);
        }
    }

    private static List<(string Name, byte[] Content)> Members(string path)
    {
        var members = new List<(string, byte[])>();
        using var tar = new TarReader(File.OpenRead(path));
        while (tar.GetNextEntry() is { } entry)
        {
            var content = new byte[entry.Length];
            entry.DataStream!.ReadExactly(content);
            members.Add((entry.Name, content));
        }
        return members;
    }

    [Fact]
    public void ASecondWriterOfTheDataIsRefused()
    {
        using (FolderLock.Take(_folder))
        {
            var (code, output, error) = Run("data", "--out", _folder);
            Assert.Equal((2, ""), (code, output));
            var writer = $"({Environment.ProcessId} on {Environment.MachineName})";
            Assert.Contains($"Error: {_folder} is being written to by another process {writer}.", error);
        }
    }

    [Fact]
    public void TeacherWritesItsLossesAsJson()
    {
        var (gguf, json) = (Path.Combine(_folder, "t.gguf"), Path.Combine(_folder, "t.json"));
        string[] small =
        [
            "merges=300", "vocabulary_documents=100", "model.width=64", "model.layers=1", "model.heads=4", "model.feed_forward=96",
            "rows=4", "row_tokens=32", "steps=2",
        ];
        var (code, _, error) = Run(["teacher", "--out", gguf, "--json", json, .. small.SelectMany(s => new[] { "--set", s })]);
        Assert.True(code == 0, error);
        using var result = JsonDocument.Parse(File.ReadAllText(json));
        Assert.Equal(gguf, result.RootElement.GetProperty("file").GetString());
        Assert.Equal(2, result.RootElement.GetProperty("losses").GetArrayLength());
        Assert.Contains("steps: 2", result.RootElement.GetProperty("config").GetString());
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var host = new CliHost(new Screen(output), new Screen(error), TestContext.Current.CancellationToken);
        var code = Tool.Run(arguments, host);
        return (code, output.ToString(), error.ToString());
    }
}
