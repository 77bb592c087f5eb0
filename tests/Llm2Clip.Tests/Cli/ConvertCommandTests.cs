using System.Diagnostics;
using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Tests.Conversion;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Cli;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ConvertReportsOnScreenAndAsJson()
    {
        _folder.Shard("a.tar", "k", 5);
        var (code, output, error) = CommandLineTests.Run(
            "data", "convert", "--data", _folder["a.tar"], "--to", _folder["out"], "--format", "csv", "--samples-per-shard", "2",
                "--languages", "en,zh", "--json", _folder["r.json"]);
        Assert.True(code == 0, error);
        Assert.StartsWith($"{_folder["out"]}: 5 images with 5 captions in 3 shards (csv)\n5 records read, 0 bad and 0 without a chosen caption left out;", output);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["r.json"]));
        Assert.Equal(5, json.RootElement.GetProperty("result").GetProperty("parts")[0].GetProperty("images").GetInt32());
        var languages = json.RootElement.GetProperty("config").GetProperty("convert").GetProperty("languages");
        Assert.Equal(["en", "zh"], languages.EnumerateArray().Select(language => language.GetString()));
        Assert.Equal(6, File.ReadAllLines(_folder["out/captions.csv"]).Length);
    }

    [Fact]
    public void ALanguageThatIsNotThereIsAnsweredWithThoseThatAre()
    {
        _folder.Shard("a.tar", "k", 2);
        var (code, _, error) = CommandLineTests.Run("data", "convert", "--data", _folder["a.tar"], "--to", _folder["none"], "--languages",
            "fr");
        Assert.Equal(3, code);
        Assert.Contains("2 have no caption in the chosen languages and kinds. Languages of their captions: en (convert.languages", error);
    }

    [Fact]
    public void SplitAndSampleTakeTheirOptionsOrTheRunFile()
    {
        _folder.Shard("a.tar", "k", 60);
        var (code, output, error) = CommandLineTests.Run(
            "data", "split", "--data", _folder["a.tar"], "--to", _folder["parts"], "--parts", "train=0.5, test=0.5", "--seed", "3",
                "--format", "folder");
        Assert.True(code == 0, error);
        Assert.Equal(60, _folder.ReadAll("parts/train").Count + _folder.ReadAll("parts/test").Count);
        Assert.Contains($"{_folder["parts"]}/test: ", output);

        File.WriteAllText(_folder["run.yaml"],
            $"data: {{train: \"{_folder["a.tar"]}\"}}\nconvert: {{to: \"{_folder["drawn"]}\", count: 7, seed: 1}}\n");
        (code, output, error) = CommandLineTests.Run("data", "sample", "--config", _folder["run.yaml"]);
        Assert.True(code == 0, error);
        Assert.StartsWith($"{_folder["drawn"]}: 7 images with 7 captions in 1 shard (webdataset)\n", output);
    }

    [Fact]
    public void MistakesHaveTheirExitCodes()
    {
        _folder.Shard("a.tar", "k", 3);
        string[] call = ["data", "convert", "--data", _folder["a.tar"], "--to", _folder["out"]];
        Assert.Equal((2, "Error: convert.to is empty: name the folder to write, for example --to data/converted.\n"), Failure(call[..4]));
        Assert.Contains("convert.format is 'zip'; it must be one of auto, webdataset, parquet, folder",
            Failure([.. call, "--format", "zip"]).Error);
        Assert.Equal(2, Failure([.. call, "--kinds", "loud"]).Code);
        Assert.Equal(2, Failure(["data", "split", .. call[2..], "--parts", "train"]).Code);
        Assert.Equal(3, Failure(["data", "convert", "--data", _folder["absent.tar"], "--to", _folder["out"]]).Code);
        Assert.False(Directory.Exists(_folder["out"]));
        File.WriteAllText(Directory.CreateDirectory(_folder["out"]) + "/x", "");
        Assert.Equal(3, Failure(call).Code);
        Assert.Equal(1, Failure([.. call[..5], _folder["a.tar"] + "/below"]).Code);
    }

    /// <summary>SIGKILL at any moment, several times in a row; then the same command ends with the bytes of an unbroken run.</summary>
    [Theory]
    [InlineData("webdataset")]
    [InlineData("tsv")]
    public void KilledAnywhereItGoesOnToTheSameBytes(string form)
    {
        ConversionCase.Convert(_folder, ListedSource.Make(8, 300), "source", DatasetFormat.Webdataset, 100);
        using (var straight = Start("straight", form))
        {
            straight.StandardError.ReadToEnd();
            straight.WaitForExit();
            Assert.Equal(0, straight.ExitCode);
        }
        var random = new Random(4);
        var interrupted = 0;
        for (var round = 0; round < 3; round++)
        {
            using var killed = Start("killed", form);
            var shard = _folder[form == "tsv" ? $"killed/images/{round * 5:D5}" : $"killed/data-{round * 5:D5}.tar"];
            while (!Path.Exists(shard) && !killed.HasExited)
            {
                Thread.Yield();
            }
            Thread.Sleep(random.Next(0, 8));
            killed.Kill();
            killed.WaitForExit();
            interrupted += killed.ExitCode == 0 ? 0 : 1;
        }
        Assert.True(interrupted > 0, "Every run was over before it could be killed.");
        using (var last = Start("killed", form))
        {
            var error = last.StandardError.ReadToEnd();
            last.WaitForExit();
            Assert.True(last.ExitCode == 0, error);
        }
        Assert.Equal(ConversionCase.Files(_folder["straight"]), ConversionCase.Files(_folder["killed"]));
    }

    private static (int Code, string Error) Failure(string[] arguments)
    {
        var (code, output, error) = CommandLineTests.Run(arguments);
        Assert.Equal("", output);
        return (code, error);
    }

    private Process Start(string to, string form)
    {
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Cli.dll"), "data", "convert",
            "--data", _folder["source"], "--to", _folder[to], "--format", form, "--samples-per-shard", "100",
        ];
        return Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
    }
}
