namespace Llm2Clip.Tests.Cli;

/// <summary>A clock that is set by hand; what timers do they do in the call that sets it.</summary>
internal sealed class TestClock : TimeProvider
{
    private readonly List<Timer> _timers = [];
    private DateTimeOffset _now = new(2026, 1, 2, 3, 4, 0, TimeSpan.Zero);

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Timers that are not disposed.</summary>
    public int Timers => _timers.Count;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Lets seconds pass; each timer fires once at their end.</summary>
    public void Pass(double seconds)
    {
        _now += TimeSpan.FromSeconds(seconds);
        foreach (var timer in _timers.ToList())
        {
            timer.Fire();
        }
    }

    private sealed class Timer(TestClock clock, Action fire) : ITimer
    {
        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();

        public void Dispose() => clock._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
