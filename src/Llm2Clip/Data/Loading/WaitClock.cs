using System.Diagnostics;

namespace Llm2Clip.Data.Loading;

/// <summary>Measures which share of its loop a consumer spends waiting for the next batch; time between epochs does not count.</summary>
internal sealed class WaitClock
{
    private long _loop;
    private long _waited;
    private long _entered;

    public double Share => _loop == 0 ? 0 : Math.Min(1, (double)_waited / _loop);

    public void Reset() => (_loop, _waited) = (0, 0);

    /// <summary>The consumer asks for a batch: the time since it took the last one was its own work.</summary>
    public void Enter()
    {
        var now = Stopwatch.GetTimestamp();
        _loop += _entered == 0 ? 0 : now - _entered;
        _entered = now;
    }

    /// <summary>Times <paramref name="wait"/> as waiting.</summary>
    public T Waiting<T>(Func<T> wait)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            return wait();
        }
        finally
        {
            _waited += Stopwatch.GetTimestamp() - start;
        }
    }

    /// <summary>The consumer gets its batch, or the epoch ends.</summary>
    public void Leave(bool endOfEpoch = false)
    {
        Enter();
        _entered = endOfEpoch ? 0 : _entered;
    }
}
