namespace Llm2Clip.Data.Loading;

/// <summary>
/// A data set that is drawn from pass after pass, however long an epoch is. Each pass has the order of an epoch of
/// <see cref="SamplePlan"/>, so that no image comes twice before all came once.
/// </summary>
/// <param name="plan">The order of each pass.</param>
/// <param name="set">Its number.</param>
/// <param name="name">For messages.</param>
internal sealed class SetCursor(SamplePlan plan, int set, string name) : IDisposable
{
    private IEnumerator<Sample>? _pass; // at the sample that is drawn next; null where the pass has not begun

    /// <summary>How far it was drawn.</summary>
    public SetPosition At { get; private set; }

    /// <summary>Hears of records and shards from now on.</summary>
    public Action<PlanRecord> OnRecord { get; set; } = _ => { };

    /// <summary>Hears of shards.</summary>
    public Action<string?>? OnShard { get; set; }

    /// <summary>Goes to a position; the pass is read anew up to there when the next sample is drawn.</summary>
    public void MoveTo(SetPosition at)
    {
        Dispose();
        At = at;
    }

    /// <summary>Draws a sample. Throws <see cref="InputException"/> where the set has none, or fewer than it had.</summary>
    public PlannedSample Next(CancellationToken cancellation)
    {
        _pass ??= Begin(cancellation);
        var sample = new PlannedSample(_pass.Current, set, At.Pass);
        if (_pass.MoveNext())
        {
            At = At with { Drawn = At.Drawn + 1 };
        }
        else
        {
            OnRecord(new PlanRecord(set, PassMark.Ends));
            MoveTo(new SetPosition(At.Pass + 1, 0));
        }
        return sample;
    }

    /// <summary>Lets the pass go.</summary>
    public void Dispose()
    {
        _pass?.Dispose();
        _pass = null;
    }

    private IEnumerator<Sample> Begin(CancellationToken cancellation)
    {
        OnRecord(new PlanRecord(set, PassMark.Begins));
        var pass = plan.Epoch(
            At.Pass, record => OnRecord(new PlanRecord(set, record)), shard => OnShard?.Invoke(shard), cancellation).GetEnumerator();
        for (var sample = 0L; sample <= At.Drawn; sample++)
        {
            if (!pass.MoveNext())
            {
                pass.Dispose();
                throw sample == 0 ? MixedPlan.Empty(name) : new InputException(
                    $"{name} has {sample:N0} images with a caption that is drawn, and had more when the checkpoint was saved: the data "
                    + "changed. Restore it, or start a new run.");
            }
        }
        return pass;
    }
}
