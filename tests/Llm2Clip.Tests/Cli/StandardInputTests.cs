using System.Formats.Tar;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Data;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Training.Stage1;

namespace Llm2Clip.Tests.Cli;

/// <summary>
/// Standard input is there once: what reads its data again refuses it before anything is done, and runs a <c>pipe:</c> command again.
/// </summary>
public sealed class StandardInputTests : IDisposable
{
    private readonly DataFolder _folder = new();
    private readonly FakeEncoder _encoder = new(8);

    public void Dispose() => _folder.Dispose();

    private Teacher Teacher => new(_encoder, new TeacherSettings(), null) { Model = new TeacherModel(_folder["fake.gguf"], "00") };

    [Theory]
    [InlineData("eval captions --teacher missing.gguf --data -")]
    [InlineData("data inspect --data b.tar::- --out OUT")]
    public void ASecondPassOverStandardInputIsRefusedFirst(string command)
    {
        var (code, output, error) = CommandLineTests.Run(command.Replace("OUT", _folder["out"], StringComparison.Ordinal).Split(' '));
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("standard input can be read only once, and", error, StringComparison.Ordinal);
        Assert.Contains("pipe:COMMAND", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public void ExtractionReadsItsDataOnce()
    {
        _folder.Shard("a.tar", "a", 3);
        var data = Piped("a.tar");
        var result = Extract.Run(new RunConfig
        {
            Output = _folder["run"], Extract = new ExtractConfig { Store = _folder["store"] },
            Data = data
        }, Teacher, SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.Equal((3, 3), (result.Captions, result.Added));
        Assert.Single(File.ReadLines(_folder["runs"]));
    }

    [Fact]
    public void ExtractionThroughRawVectorsReadsItsDataTwice()
    {
        _folder.Shard("a.tar", "a", 3);
        using var adapter = CcAdapter.Create(new AdapterConfig { Dimension = 5 }, new LanguageMeans(new float[8], []), 1);
        var tuned = new Teacher(_encoder, new TeacherSettings(), adapter);
        var config = new ExtractConfig { Store = _folder["store"], RawStore = _folder["raw"] };
        ExtractResult Run(DataConfig data) =>
            Extract.Run(new RunConfig { Output = _folder["run"], Extract = config, Data = data }, tuned, SilentLog.Instance,
            TestContext.Current.CancellationToken);

        var error = Assert.Throws<ConfigException>(() => Run(new DataConfig { Train = "-" }));
        Assert.Contains("standard input can be read only once, and extract, with extract.raw_store", error.Message,
            StringComparison.Ordinal);
        Assert.Equal((3, 3), (Run(Piped("a.tar")).Captions, _encoder.Encoded.Count));
        Assert.Equal(2, File.ReadLines(_folder["runs"]).Count());
    }

    [Fact]
    public void CaptionContrastiveTrainingReadsItsDataTwice()
    {
        _folder.Tar("t.tar", TarEntryFormat.Ustar, [.. Enumerable.Range(0, 60).SelectMany(Members)]);
        var config = new CcFinetuneConfig
        {
            Output = _folder["teacher"],
            RawStore = _folder["raw"],
            Selection = CcSelection.HeldOut,
            HeldOutImages = 25,
            BatchSize = 10,
            Epochs = 1,
            Adapter = new AdapterConfig { Dimension = 8 },
        };
        var result = CcTrainer.Run(config, Piped("t.tar"), Teacher, NoMetrics.Instance, SilentLog.Instance,
            TestContext.Current.CancellationToken);
        Assert.Equal(60, result.HeldOut + result.Images);
        Assert.InRange(result.HeldOut, 10, 45);
        Assert.Equal(2, File.ReadLines(_folder["runs"]).Count());

        static IEnumerable<(string, byte[])> Members(int topic)
        {
            var texts = Enumerable.Range(0, 3).Select(wording => $"\"{FakeEncoder.Text("en", topic, (topic * 3) + wording)}\"");
            return [($"{topic}.jpg", [1]), ($"{topic}.json", DataFolder.Bytes($"{{\"captions\": [{string.Join(", ", texts)}]}}"))];
        }
    }

    private DataConfig Piped(string tar) => new() { Train = $"pipe:echo x >> {_folder["runs"]}; cat {_folder[tar]}" };

    [Fact]
    public void MeansThatWouldNeedASecondPassAreRefusedBeforeTheTeacherRuns()
    {
        var probed = FakeData.Write(_folder.Path, "val", 0, 5, 2, "en", "xx");
        File.WriteAllLines(_folder["en.txt"], ["en topic 1 wording 1", "en topic 2 wording 2"]);
        var config = new CaptionProbeConfig
        {
            Data = probed,
            LanguageText = [new TextSourceConfig { Path = _folder["en.txt"], Language = "en" }]
        };
        void Probe(CaptionProbeConfig probe) =>
            EvalCaptions.Run(new RunConfig { EvalCaptions = probe, Data = new DataConfig { Train = "-" } }, Teacher, SilentLog.Instance,
            TestContext.Current.CancellationToken);
        Assert.Contains("for the means of languages", Assert.Throws<ConfigException>(() => Probe(config)).Message,
            StringComparison.Ordinal);
        Assert.Empty(_encoder.Encoded);
        Probe(config with { Pairs = ["en->en"] }); // Every language that is needed has its text.
        Assert.NotEmpty(_encoder.Encoded);
    }

    [Fact]
    public void CaptionContrastiveTrainingRefusesIt()
    {
        var config = new CcFinetuneConfig { Output = _folder["teacher"], RawStore = _folder["raw"] };
        var error = Assert.Throws<ConfigException>(() =>
            CcTrainer.Run(config, new DataConfig { Train = "-" }, Teacher, NoMetrics.Instance, SilentLog.Instance,
            TestContext.Current.CancellationToken));
        Assert.Contains("standard input can be read only once", error.Message, StringComparison.Ordinal);
    }
}
