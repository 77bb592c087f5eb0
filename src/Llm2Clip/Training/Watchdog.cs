using System.Globalization;

namespace Llm2Clip.Training;

/// <summary>
/// Says in the log what a run hangs in where it makes no progress: a share that does not answer, a shard from a command that is silent, a
/// deadlock. It only speaks: a run that is slow goes on, and where there is progress again, a line says that too. Once every few
/// seconds a timer's thread looks at a number; the run itself does nothing for it.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    /// <summary>Longest time between two looks.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly TimeSpan _limit;
    private readonly TimeSpan _every;
    private readonly Func<Activity> _look;
    private readonly IRunLog _log;
    private readonly TimeProvider _time;
    private readonly ITimer? _timer;
    private long _lookedAt;
    private long _done;
    private TimeSpan _still;
    private bool _told;
    private bool _ended;

    /// <param name="limit">Time without progress after which it speaks; zero = never.</param>
    /// <param name="look">What the run is at; called on another thread.</param>
    /// <param name="log">Takes the lines.</param>
    /// <param name="time">Measures, and calls.</param>
    public Watchdog(TimeSpan limit, Func<Activity> look, IRunLog log, TimeProvider time)
    {
        (_limit, _look, _log, _time) = (limit, look, log, time);
        if (limit <= TimeSpan.Zero)
        {
            return;
        }
        _every = TimeSpan.FromMilliseconds(Math.Clamp(limit.TotalMilliseconds / 10, 1, Longest.TotalMilliseconds));
        (_lookedAt, _done) = (time.GetTimestamp(), look().Done);
        _timer = time.CreateTimer(_ => Look(), null, _every, _every);
    }

    /// <summary>Ends it; no line comes after.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _timer?.Dispose();
            _ended = true;
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }
            var (now, activity) = (_time.GetTimestamp(), _look());
            var passed = _time.GetElapsedTime(_lookedAt, now);
            _lookedAt = now;
            // Of a longer gap the whole process was stopped, or the machine asleep: that is no fault of the run.
            _still += passed < 2 * _every ? passed : 2 * _every;
            if (activity.Done != _done)
            {
                Moved(activity.Done);
            }
            else if (!_told && _still >= _limit)
            {
                _told = true;
                Say(() => _log.Warn($"No progress for {Text(_still)}: {activity.Doing ?? "it is not known what the run waits for"}."));
            }
        }
    }

    private void Moved(long done)
    {
        if (_told)
        {
            Say(() => _log.Info($"Progress again, after {Text(_still)}."));
        }
        (_done, _still, _told) = (done, TimeSpan.Zero, false);
    }

    /// <summary>On a timer's thread an exception would end the process; that standard error is gone is for others to find.</summary>
    private static void Say(Action line)
    {
        try
        {
            line();
        }
        catch (IOException)
        {
        }
    }

    private static string Text(TimeSpan time) => time.TotalMinutes < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} seconds")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.0} minutes");
}
