using System.Globalization;

namespace Llm2Clip.Cli;

/// <summary>How far a task is, how fast it goes, and how long it will take. Safe to call from several threads.</summary>
/// <param name="total">Units to do; 0 = not known.</param>
internal sealed class Pace(string title, long total, string unit, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly DateTimeOffset _started = clock.GetUtcNow();
    private long _done;
    private string? _detail;
    private (long Done, DateTimeOffset At)? _first;

    public string Title => title;

    /// <summary>Units to do; 0 = not known.</summary>
    public long Total => total;

    public long Done
    {
        get
        {
            lock (_lock)
            {
                return _done;
            }
        }
    }

    public void Advance(long units, string? detail)
    {
        lock (_lock)
        {
            _done += units;
            _detail = detail ?? _detail;
            _first ??= (_done, clock.GetUtcNow());
        }
    }

    /// <summary>Where it is now, such as <c>750/4,000 captions (19 %), 50.0/s, 1:05 left, batch 14</c>.</summary>
    public string Numbers()
    {
        lock (_lock)
        {
            var share = total > 0
                ? string.Create(CultureInfo.InvariantCulture, $"/{total:N0} {unit} ({100.0 * _done / total:0} %)")
                : $" {unit}";
            var pace = Rate() is { } rate ? $"{Text(rate)}{Left(rate)}" : Text(Elapsed);
            return string.Create(CultureInfo.InvariantCulture, $"{_done:N0}{share}, {pace}{Detail}");
        }
    }

    /// <summary>What came of it, such as <c>extract: 2,000 of 4,000 captions in 0:40 (50.0/s), batch 39</c>.</summary>
    public string Summary()
    {
        lock (_lock)
        {
            var share = total > 0 && _done != total ? string.Create(CultureInfo.InvariantCulture, $" of {total:N0}") : "";
            var pace = Rate() is { } rate ? $" ({Text(rate)})" : "";
            return string.Create(CultureInfo.InvariantCulture, $"{title}: {_done:N0}{share} {unit} in {Text(Elapsed)}{pace}{Detail}");
        }
    }

    private TimeSpan Elapsed => clock.GetUtcNow() - _started;

    private string Detail => string.IsNullOrEmpty(_detail) ? "" : $", {_detail}";

    /// <summary>
    /// Units per second since the first report; null before there is a second one. The first does not count: a resumed run reports all of
    /// its earlier steps at once, and the first batch of a new run pays for warming up.
    /// </summary>
    private double? Rate() => _first is { } first && _done > first.Done && clock.GetUtcNow() - first.At is var time && time > TimeSpan.Zero
        ? (_done - first.Done) / time.TotalSeconds
        : null;

    private string Left(double rate)
    {
        var seconds = Math.Min((total - _done) / rate, TimeSpan.MaxValue.TotalSeconds / 2);
        return total > _done ? $", {Text(TimeSpan.FromSeconds(seconds))} left" : "";
    }

    private static string Text(double rate) =>
        rate.ToString(rate < 10 ? "0.00" : rate < 100 ? "0.0" : "N0", CultureInfo.InvariantCulture) + "/s";

    private static string Text(TimeSpan time) => time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");
}
