using Llm2Clip.Cli;

namespace Llm2Clip.Tests.Cli;

public class PlainRunLogTests
{
    private readonly TestClock _clock = new();
    private readonly StringWriter _output = new();

    [Fact]
    public void LinesAreRareAndHoldRateAndTimeLeft()
    {
        using var log = new PlainRunLog(_output, _clock);
        log.Info("device: cpu");
        using (var task = log.Start("extract", 4000, "captions"))
        {
            for (var second = 0; second < 40; second++)
            {
                _clock.Pass(1);
                task.Advance(50, $"batch {second}");
            }
        }
        log.Warn("2 bad samples in [a].tar");
        Assert.Equal(
            """
            03:04:00 device: cpu
            03:04:15 extract: 750/4,000 captions (19 %), 50.0/s, 1:05 left, batch 14
            03:04:30 extract: 1,500/4,000 captions (38 %), 50.0/s, 0:50 left, batch 29
            03:04:40 extract: 2,000 of 4,000 captions in 0:40 (50.0/s), batch 39
            03:04:40 Warning: 2 bad samples in [a].tar

            """, _output.ToString());
    }

    [Theory]
    [InlineData(false, "03:04:00 found\n")]
    [InlineData(true, "03:04:00 why\n03:04:00 found\n")]
    public void DetailsAreShownWhereTheyAreAskedFor(bool verbose, string expected)
    {
        using var log = new PlainRunLog(_output, _clock, verbose);
        log.Detail("why");
        log.Info("found");
        Assert.Equal(expected, _output.ToString());
    }

    [Fact]
    public void OfNestedTasksTheInnermostIsShown()
    {
        using var log = new PlainRunLog(_output, _clock);
        using var outer = log.Start("train", 10, "steps");
        using (var inner = log.Start("evaluate", 2, "batches"))
        {
            _clock.Pass(20);
            outer.Advance(1);
            Assert.Equal("", _output.ToString());
            inner.Advance(1);
            _clock.Pass(1);
            inner.Advance(1);
        }
        _clock.Pass(20);
        outer.Advance(1);
        Assert.Equal(
            """
            03:04:20 evaluate: 1/2 batches (50 %), 0:20
            03:04:21 evaluate: 2 batches in 0:21 (1.00/s)
            03:04:41 train: 2/10 steps (20 %), 0.05/s, 2:48 left

            """, _output.ToString());
    }

    /// <summary>Steps of the run that is resumed are reported at once and took no time of this one.</summary>
    [Fact]
    public void AResumedRunDoesNotCountItsEarlierSteps()
    {
        using var log = new PlainRunLog(_output, _clock);
        using (var task = log.Start("clip-train", 1100, "steps"))
        {
            task.Advance(1000);
            for (var second = 0; second < 20; second++)
            {
                _clock.Pass(1);
                task.Advance(2);
            }
        }
        Assert.Equal(
            """
            03:04:15 clip-train: 1,030/1,100 steps (94 %), 2.00/s, 0:35 left
            03:04:20 clip-train: 1,040 of 1,100 steps in 0:20 (2.00/s)

            """, _output.ToString());
    }
}
