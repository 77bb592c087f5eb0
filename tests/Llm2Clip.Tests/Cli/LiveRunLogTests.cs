using System.Text.RegularExpressions;
using Llm2Clip.Cli;
using Llm2Clip.Cli.Drawing;

namespace Llm2Clip.Tests.Cli;

/// <summary>What a terminal shows of a run.</summary>
public sealed class LiveRunLogTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly ScreenEmulator _terminal = new(80);
    private readonly Screen _screen;
    private readonly LiveRunLog _log;

    public LiveRunLogTests()
    {
        _screen = new Screen(_terminal, Terminal(_terminal));
        _log = new LiveRunLog(_screen, _screen.Terminal!, _clock);
    }

    public void Dispose() => _log.Dispose();

    [Fact]
    public void ALineIsRedrawnAndMakesWayForMessages()
    {
        _log.Info("device: cpu");
        using (var task = _log.Start("train", 40, "steps"))
        {
            _clock.Pass(1);
            Assert.Equal($"device: cpu\ntrain {new string('━', 30)} 0/40 steps (0 %), 0:01", _terminal.Shown);
            task.Advance(10, "loss 2.0");
            _clock.Pass(1);
            task.Advance(10, "loss 1.0");
            _clock.Pass(1);
            Assert.Equal($"device: cpu\ntrain {new string('━', 25)} 20/40 steps (50 %), 5.00/s, 0:04 left, loss 1.0", _terminal.Shown);
            _log.Info("saved\nto runs/x");
            _log.Warn("slow");
            Assert.Equal("device: cpu\nsaved\nto runs/x\nWarning: slow\ntrain ━━", _terminal.Shown[..50]);
        }
        Assert.Equal("device: cpu\nsaved\nto runs/x\nWarning: slow\ntrain: 20 of 40 steps in 0:03 (5.00/s), loss 1.0\n", _terminal.Shown);
    }

    [Fact]
    public void NestedTasksHaveALineEachAndTheOuterOneStays()
    {
        using (var outer = _log.Start("train", 0, "steps"))
        {
            outer.Advance(1);
            for (var round = 0; round < 3; round++)
            {
                using var inner = _log.Start("evaluate", 2, "batches");
                _clock.Pass(1);
                Assert.Equal(2, _terminal.Shown.Split('\n').Length);
                Assert.Contains("evaluate", _terminal.Shown, StringComparison.Ordinal);
            }
            _clock.Pass(1);
            Assert.DoesNotContain("evaluate", _terminal.Shown, StringComparison.Ordinal);
            Assert.StartsWith("train ", _terminal.Shown, StringComparison.Ordinal);
        }
        using (_log.Start("export", 1, "files"))
        {
        }
        Assert.Equal("train: 1 steps in 0:04\nexport: 0 of 1 files in 0:00\n", _terminal.Shown);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(79)]
    [InlineData(200)]
    public void ALineFitsIntoTheWindow(int width)
    {
        _terminal.Width = width;
        _log.Resize();
        using (var task = _log.Start("caption-contrastive training", 12345, "steps"))
        {
            for (var i = 0; i < 5; i++)
            {
                task.Advance(1000, "loss 1.234");
                _clock.Pass(1);
                Assert.DoesNotContain('\n', _terminal.Shown);
                Assert.InRange(_terminal.Shown.Length, 1, width - 1);
                var all = $"caption-contrastive training {(i + 1) * 1000:N0}/12,345 steps";
                Assert.Equal(all[..Math.Min(all.Length, width - 1)],
                    Regex.Replace(_terminal.Shown, "━+ ", "")[..Math.Min(all.Length, width - 1)]);
            }
        }
    }

    /// <summary>What Spectre does by itself in a window that became narrower is to clear all, also what was scrolled out of it.</summary>
    [Fact]
    public void ANarrowerWindowKeepsWhatWasSaid()
    {
        _log.Info("one");
        using var outer = _log.Start("train", 10, "steps");
        using var inner = _log.Start("evaluate", 10, "batches");
        inner.Advance(1);
        _clock.Pass(1);
        _terminal.Width = 50;
        _log.Resize();
        _clock.Pass(1);
        _log.Info("two");
        var lines = _terminal.Shown.Split('\n');
        Assert.Equal((4, "one", "two"), (lines.Length, lines[0], lines[1]));
        Assert.StartsWith("train ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("evaluate ", lines[3], StringComparison.Ordinal);
    }

    /// <summary>Names and captions are never read as Spectre's markup.</summary>
    [Theory]
    [InlineData("[red]dog[/].tar")]
    [InlineData("photo[1].jpg")]
    [InlineData("[[x]] [/] [bold")]
    [InlineData("]:dog:[")]
    public void BracketsAreText(string name)
    {
        using (var task = _log.Start(name, 2, name))
        {
            _log.Info(name);
            _log.Warn(name);
            task.Advance(1, name);
            _clock.Pass(1);
            Assert.Contains($"1/2 {name} (50 %), 0:01, {name}", _terminal.Shown, StringComparison.Ordinal);
        }
        Assert.Equal($"{name}\nWarning: {name}\n{name}: 1 of 2 {name} in 0:01, {name}\n", _terminal.Shown);
    }

    [Fact]
    public void AFailureIsSaidOnALineOfItsOwn()
    {
        var code = 0;
        try
        {
            using var log = _log;
            using var task = log.Start("train", 10, "steps");
            task.Advance(3);
            _clock.Pass(1);
            throw new RunException("the loss is not finite");
        }
        catch (RunException e)
        {
            code = Failure.Report(e, new CliHost(_screen, _screen, CancellationToken.None));
        }
        Assert.Equal(1, code);
        Assert.Equal("train: 3 of 10 steps in 0:01\nError: the loss is not finite\n", _terminal.Shown);
    }

    [Fact]
    public void TasksThatWereLeftOpenLeaveNothing()
    {
        _log.Start("train", 10, "steps");
        _log.Start("evaluate", 10, "steps");
        _clock.Pass(1);
        _log.Dispose();
        _clock.Pass(1);
        _screen.WriteLine("Error: x");
        Assert.Equal("Error: x\n", _terminal.Shown);
    }

    [Fact]
    public void WhatCtrlCSaysIsAboveTheDisplay()
    {
        using (var task = _log.Start("train", 10, "steps"))
        {
            task.Advance(3);
            _clock.Pass(1);
            _terminal.Write("^C"); // as the terminal echoes it
            _screen.WriteOnFreshLine("Stopping after this step.");
            _clock.Pass(1);
            var lines = _terminal.Shown.Split('\n');
            Assert.Equal("Stopping after this step.", lines[0]);
            Assert.StartsWith("train ━", lines[1], StringComparison.Ordinal);
            Assert.EndsWith("3/10 steps (30 %), 0:02", lines[1], StringComparison.Ordinal);
        }
        _log.Dispose();
        _screen.WriteLine("Stopped.");
        Assert.Equal("Stopping after this step.\ntrain: 3 of 10 steps in 0:02\nStopped.\n", _terminal.Shown);
    }

    /// <summary>A process that is killed cannot show the cursor again, so it is never hidden.</summary>
    [Fact]
    public void TheCursorIsNeverHidden()
    {
        using (_log.Start("train", 10, "steps"))
        {
            _clock.Pass(1);
        }
        Assert.DoesNotContain("?25", _terminal.Written, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutColorsThereAreNone()
    {
        var terminal = new ScreenEmulator(80);
        var screen = new Screen(terminal, Terminal(terminal) with { Color = false, Unicode = false });
        using (var log = new LiveRunLog(screen, screen.Terminal!, _clock))
        {
            using var task = log.Start("train", 2, "steps");
            log.Warn("slow");
            task.Advance(1);
            _clock.Pass(1);
            Assert.Contains("\ntrain --------", terminal.Shown, StringComparison.Ordinal);
        }
        Assert.DoesNotMatch("\u001b\\[[0-9;]*m", terminal.Written);
        Assert.True(terminal.Written.All(char.IsAscii));
    }

    [Fact]
    public void ATerminalThatIsGoneEndsNoRun()
    {
        var screen = new Screen(new GoneTerminal(), Terminal(_terminal));
        using var log = new LiveRunLog(screen, screen.Terminal!, _clock);
        using var task = log.Start("train", 2, "steps");
        log.Info("x");
        _clock.Pass(1);
        task.Advance(1);
    }

    [Fact]
    public void ManyThreadsMayTell()
    {
        const int Threads = 4, Rounds = 50;
        var terminal = new ScreenEmulator(120);
        var screen = new Screen(terminal, Terminal(terminal));
        using (var log = new LiveRunLog(screen, screen.Terminal!, TimeProvider.System))
        {
            using var outer = log.Start("outer", Threads * Rounds, "rounds");
            Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, thread =>
            {
                for (var round = 0; round < Rounds; round++)
                {
                    using var task = log.Start($"task {thread}", 1, "steps");
                    task.Advance(1);
                    outer.Advance(1);
                    log.Info($"{thread}-{round}");
                    if (thread == 0 && round % 10 == 0)
                    {
                        log.Resize();
                    }
                }
            });
        }
        var lines = terminal.Shown.Split('\n');
        Assert.Equal(Threads * Rounds + 2, lines.Length);
        Assert.Equal(
            Enumerable.Range(0, Threads).SelectMany(t => Enumerable.Range(0, Rounds).Select(r => $"{t}-{r}")).Order(StringComparer.Ordinal),
            lines.SkipLast(2).Order(StringComparer.Ordinal));
        Assert.StartsWith("outer: 200 rounds in ", lines[^2], StringComparison.Ordinal);
    }

    private static Terminal Terminal(ScreenEmulator screen) => new(() => screen.Width, Color: true, Unicode: true);

    private sealed class GoneTerminal : StringWriter
    {
        public override void Write(string? value) => throw new IOException("Input/output error");
    }
}
