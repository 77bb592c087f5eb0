using Llm2Clip.Cli;

namespace Llm2Clip.Tests.Cli;

public class ConsoleRunLogTests
{
    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 2, 3, 4, 0, TimeSpan.Zero);

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    [Fact]
    public void PipedLinesAreRareAndHoldRateAndTimeLeft()
    {
        var clock = new Clock();
        var output = new StringWriter();
        var log = new ConsoleRunLog(output, terminal: false, clock);
        log.Info("device: cpu");
        using (var task = log.Start("extract", 4000, "captions"))
        {
            for (var second = 0; second < 40; second++)
            {
                clock.Now += TimeSpan.FromSeconds(1);
                task.Advance(50, $"batch {second}");
            }
        }
        log.Warn("2 bad samples");
        Assert.Equal(
            """
            03:04:00 device: cpu
            03:04:15 extract: 750/4,000 captions (19 %), 50.0/s, 1:05 left, batch 14
            03:04:30 extract: 1,500/4,000 captions (38 %), 50.0/s, 0:50 left, batch 29
            03:04:40 extract: 2,000 of 4,000 captions in 0:40 (50.0/s), batch 39
            03:04:40 Warning: 2 bad samples

            """, output.ToString());
    }

    [Fact]
    public void ATerminalLineIsRedrawnAndMakesWayForMessages()
    {
        var clock = new Clock();
        var output = new StringWriter();
        var log = new ConsoleRunLog(output, terminal: true, clock);
        using (var task = log.Start("train", 0, "steps"))
        {
            clock.Now += TimeSpan.FromSeconds(1);
            task.Advance(1);
            task.Advance(1);
            log.Info("saved");
        }
        Assert.Equal("\r\u001b[Ktrain: 1 steps, 1.00/s\r\u001b[Ksaved\n\r\u001b[Ktrain: 2 steps in 0:01 (2.00/s)\n", output.ToString());
    }

    [Fact]
    public void TheInnermostTaskIsShown()
    {
        var clock = new Clock();
        var output = new StringWriter();
        var log = new ConsoleRunLog(output, terminal: true, clock);
        using var outer = log.Start("train", 10, "steps");
        using (var inner = log.Start("evaluate", 2, "batches"))
        {
            clock.Now += TimeSpan.FromSeconds(1);
            outer.Advance(1);
            Assert.Equal("", output.ToString());
            inner.Advance(2);
        }
        clock.Now += TimeSpan.FromSeconds(1);
        outer.Advance(1);
        Assert.Contains("evaluate: 2 batches in 0:01", output.ToString());
        Assert.EndsWith("train: 2/10 steps (20 %), 1.00/s, 0:08 left", output.ToString());
    }
}
