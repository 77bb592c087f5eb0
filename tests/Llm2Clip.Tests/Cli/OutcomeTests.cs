using System.Text.Json;
using Llm2Clip.Cli;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Cli;

/// <summary>What <c>--json</c> gets, however a call ends.</summary>
public sealed class OutcomeTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("-")]
    [InlineData("/dev/stdout")]
    public void StandardOutputGetsJsonAloneAndTheTableGoesToStandardError(string place)
    {
        _folder.Shard("a.tar", "a", 3);
        var (code, output, error) = CommandLineTests.Run(
            "data", "convert", "--data", _folder["a.tar"], "--to", _folder["out"], "--format", "csv", "--json", place);
        Assert.Equal(0, code);
        Assert.Contains("3 images", error);
        var json = JsonDocument.Parse(output).RootElement;
        Assert.Equal("data convert", json.GetProperty("command").GetString());
        Assert.Equal(Product.Version, json.GetProperty("version").GetString());
        Assert.InRange(json.GetProperty("date").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5),
            DateTimeOffset.UtcNow.AddMinutes(5));
        Assert.Equal(("done", 0), (json.GetProperty("state").GetString(), json.GetProperty("exit_code").GetInt32()));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("error").ValueKind);
        Assert.Equal(3, json.GetProperty("result").GetProperty("parts")[0].GetProperty("images").GetInt64());
        Assert.Equal(_folder["a.tar"], json.GetProperty("config").GetProperty("convert").GetProperty("data").GetString());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("config").GetProperty("teacher").GetProperty("pooling").ValueKind);
        Assert.Equal("bf16", json.GetProperty("config").GetProperty("clip_train").GetProperty("precision").GetString());
        Assert.Equal(1.0, json.GetProperty("config").GetProperty("data").GetProperty("augment").GetProperty("crop_scale_max").GetDouble());
    }

    [Theory]
    [InlineData("data inspect --data nothere.tar", "data inspect", 3, "nothere.tar")]
    [InlineData("eval retrieval", "eval retrieval", 2, "teacher.tuned")]
    [InlineData("extract --set extract.stor=x", "extract", 2, "extract.store")]
    [InlineData("extract --nonsense x", "extract", 2, "--nonsense")]
    public void ErrorsGiveJsonToo(string call, string command, int code, string named)
    {
        var file = _folder["out.json"];
        foreach (var place in new[] { file, "-" })
        {
            var (ended, output, error) = CommandLineTests.Run([.. call.Split(' '), "--json", place]);
            Assert.Equal(code, ended);
            Assert.StartsWith("Error: ", error);
            var json = JsonDocument.Parse(place == "-" ? output : File.ReadAllText(file)).RootElement;
            Assert.Equal(command, json.GetProperty("command").GetString());
            Assert.Equal(("failed", code), (json.GetProperty("state").GetString(), json.GetProperty("exit_code").GetInt32()));
            Assert.Contains(named, json.GetProperty("error").GetString());
            Assert.Equal(JsonValueKind.Null, json.GetProperty("result").ValueKind);
        }
    }

    [Fact]
    public void AnInterruptIsAStateOfItsOwn()
    {
        _folder.Shard("a.tar", "a", 3);
        using var interrupted = new CancellationTokenSource();
        interrupted.Cancel();
        var (code, output, _) = CommandLineTests.Run(
            interrupted.Token, "data", "convert", "--data", _folder["a.tar"], "--to", _folder["out"], "--format", "csv", "--json", "-");
        Assert.Equal(130, code);
        Assert.Equal("interrupted", JsonDocument.Parse(output).RootElement.GetProperty("state").GetString());
    }

    /// <summary>SIGTERM is done with where the command resumes; elsewhere the code is the shells', 128 + 15.</summary>
    [Theory]
    [InlineData(0, "data convert", "--to", "out", "--format", "csv")]
    [InlineData(143, "data inspect")]
    public void SigtermEndsACommandThatResumesWithZero(int expected, string command, params string[] more)
    {
        _folder.Shard("a.tar", "a", 3);
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        var (output, error) = (new StringWriter(), new StringWriter());
        var host = new CliHost(new Screen(output), new Screen(error), stopped.Token) { IsTerminated = () => true };
        string[] rest = [.. more.Select(word => word == "out" ? _folder["out"] : word)];
        Assert.Equal(expected, CommandLine.Run([.. command.Split(' '), "--data", _folder["a.tar"], .. rest, "--json", "-"], host));
        Assert.EndsWith("Stopped by SIGTERM. The same command resumes from what was saved.\n", error.ToString(), StringComparison.Ordinal);
        var json = JsonDocument.Parse(output.ToString()).RootElement;
        Assert.Equal(("interrupted", expected), (json.GetProperty("state").GetString(), json.GetProperty("exit_code").GetInt32()));
    }
}
