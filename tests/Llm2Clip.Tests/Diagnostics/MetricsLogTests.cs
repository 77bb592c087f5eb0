using System.Buffers.Binary;
using System.Text;
using Llm2Clip.Reporting;

namespace Llm2Clip.Tests.Diagnostics;

public sealed class MetricsLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-metrics").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ValuesComeBackByTagInOrderOfSteps()
    {
        using (var log = new MetricsLog(_folder))
        {
            log.Scalar("train/loss", 2, 0.25);
            log.Scalar("train/loss", 1, 1.0 / 3);
            log.Scalar("eval/\"en\"", 2, double.NaN);
        }
        var series = MetricsLog.Read(_folder);
        Assert.Equal([new MetricPoint(1, 1.0 / 3), new MetricPoint(2, 0.25)], series["train/loss"]);
        Assert.True(double.IsNaN(series["eval/\"en\""][0].Value));
    }

    [Fact]
    public void ALineCutOffByAKilledRunIsLeftOut()
    {
        using (var log = new MetricsLog(_folder))
        {
            log.Scalar("a", 1, 1);
        }
        File.AppendAllText(Path.Combine(_folder, MetricsLog.FileName), "{\"tag\":\"a\",\"st");
        Assert.Single(MetricsLog.Read(_folder)["a"]);
    }

    [Fact]
    public void AResumedRunDropsWhatItWillWriteAgain()
    {
        using (var log = new MetricsLog(_folder))
        {
            for (var step = 1; step <= 5; step++)
            {
                log.Scalar("a", step, step);
            }
        }
        MetricsLog.DropAfter(_folder, 3);
        Assert.Equal([1L, 2, 3], MetricsLog.Read(_folder)["a"].Select(point => point.Step));
    }

    [Fact]
    public void EventFileIsTFRecordsWithTheirChecksums()
    {
        using (var log = new MetricsLog(_folder))
        {
            log.Scalar("train/loss", 300, 1.5);
        }
        var data = File.ReadAllBytes(Directory.GetFiles(_folder, "events.out.tfevents.*").Single()).AsSpan();
        var messages = new List<byte[]>();
        while (data.Length > 0)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(data);
            Assert.Equal(TensorBoardEvent.MaskedCrc(data[..8]), BinaryPrimitives.ReadUInt32LittleEndian(data[8..]));
            messages.Add(data.Slice(12, length).ToArray());
            Assert.Equal(TensorBoardEvent.MaskedCrc(messages[^1]), BinaryPrimitives.ReadUInt32LittleEndian(data[(12 + length)..]));
            data = data[(16 + length)..];
        }
        Assert.Equal(2, messages.Count);
        Assert.Contains("brain.Event:2", Encoding.UTF8.GetString(messages[0]), StringComparison.Ordinal);
        // Event: double wall_time (9 bytes), step 300 as varint AC 02, summary { value { tag "train/loss", simple_value 1.5 } }.
        byte[] expected = [0x10, 0xAC, 0x02, 0x2A, 0x13, 0x0A, 0x11, 0x0A, 0x0A, .. "train/loss"u8, 0x15, 0x00, 0x00, 0xC0, 0x3F];
        Assert.Equal(expected, messages[1][9..]);
    }

    [Fact]
    public void SettingsAreALineAndATextThatTensorBoardDraws()
    {
        using (var log = new MetricsLog(_folder))
        {
            log.Settings(2, new Dictionary<string, string> { ["b.rate"] = "1e-3", ["a.pattern"] = "x|y\n中" });
            log.Scalar("train/loss", 3, 0.5);
            log.Settings(7, new Dictionary<string, string> { ["b.rate"] = "2e-3" });
        }
        var events = EventFile.Read(Directory.GetFiles(_folder, "events.out.tfevents.*").Single());
        var table = "| setting | value |\n| --- | --- |\n| a.pattern | x\\|y 中 |\n| b.rate | 1e-3 |\n";
        Assert.Equal(
            [
                new("settings", 2, null, table, "text"), new("train/loss", 3, 0.5f, null, null),
                new("settings", 7, null, "| setting | value |\n| --- | --- |\n| b.rate | 2e-3 |\n", "text"),
            ],
            events);

        Assert.Equal(["train/loss"], MetricsLog.Read(_folder).Keys);
        MetricsLog.DropAfter(_folder, 3);
        var lines = File.ReadAllLines(Path.Combine(_folder, MetricsLog.FileName));
        Assert.Equal(2, lines.Length);
        using var settings = System.Text.Json.JsonDocument.Parse(lines[0]);
        Assert.Equal("x|y\n中", settings.RootElement.GetProperty("settings").GetProperty("a.pattern").GetString());
    }

    [Fact]
    public void ChecksumIsCrc32cMasked()
    {
        // CRC-32C of "123456789" is E3069283 (RFC 3720, B.4); TFRecord rotates right by 15 and adds A282EAD8.
        var expected = unchecked(((0xE3069283u >> 15) | (0xE3069283u << 17)) + 0xA282EAD8u);
        Assert.Equal(expected, TensorBoardEvent.MaskedCrc("123456789"u8));
    }
}
