namespace TorchSharp;

/// <summary>Counts of tensors made, moved and disposed by one thread.</summary>
public class LifetimeStatistics
{
    internal long CreatedOutside;
    internal long CreatedIn;
    internal long DisposedOutside;
    internal long DisposedIn;
    internal long Attached;
    internal long Detached;

    /// <summary>Made while no scope was open.</summary>
    public long CreatedOutsideScopeCount => CreatedOutside;

    /// <summary>Disposed by their users, not by a scope.</summary>
    public long DisposedOutsideScopeCount => DisposedOutside;

    /// <summary>Made while a scope was open.</summary>
    public long CreatedInScopeCount => CreatedIn;

    /// <summary>Disposed by a scope.</summary>
    public long DisposedInScopeCount => DisposedIn;

    /// <summary>Given to a scope later, having had none.</summary>
    public long AttachedToScopeCount => Attached;

    /// <summary>Taken out of every scope.</summary>
    public long DetachedFromScopeCount => Detached;

    /// <summary>Made minus disposed.</summary>
    public long ThreadTotalLiveCount => CreatedOutside + CreatedIn - DisposedOutside - DisposedIn;

    /// <summary>Sets every count to zero.</summary>
    public void Reset() => CreatedOutside = CreatedIn = DisposedOutside = DisposedIn = Attached = Detached = 0;

    /// <summary>The counts in one line.</summary>
    public override string ToString() =>
        $"ThreadTotalLiveCount: {ThreadTotalLiveCount}; CreatedOutsideScopeCount: {CreatedOutside}; CreatedInScopeCount: {CreatedIn}; "
        + $"DisposedOutsideScopeCount: {DisposedOutside}; DisposedInScopeCount: {DisposedIn}; AttachedToScopeCount: {Attached}; DetachedFromScopeCount: {Detached}";
}

/// <summary>The calling thread's <see cref="LifetimeStatistics"/>.</summary>
public class ThreadDisposeScopeStatistics
{
    /// <summary>The counts of tensors.</summary>
    public LifetimeStatistics TensorStatistics { get; } = new();

    /// <inheritdoc cref="LifetimeStatistics.CreatedOutsideScopeCount"/>
    public long CreatedOutsideScopeCount => TensorStatistics.CreatedOutside;

    /// <inheritdoc cref="LifetimeStatistics.DisposedOutsideScopeCount"/>
    public long DisposedOutsideScopeCount => TensorStatistics.DisposedOutside;

    /// <inheritdoc cref="LifetimeStatistics.CreatedInScopeCount"/>
    public long CreatedInScopeCount => TensorStatistics.CreatedIn;

    /// <inheritdoc cref="LifetimeStatistics.DisposedInScopeCount"/>
    public long DisposedInScopeCount => TensorStatistics.DisposedIn;

    /// <inheritdoc cref="LifetimeStatistics.AttachedToScopeCount"/>
    public long AttachedToScopeCount => TensorStatistics.Attached;

    /// <inheritdoc cref="LifetimeStatistics.DetachedFromScopeCount"/>
    public long DetachedFromScopeCount => TensorStatistics.Detached;

    /// <inheritdoc cref="LifetimeStatistics.ThreadTotalLiveCount"/>
    public long ThreadTotalLiveCount => TensorStatistics.ThreadTotalLiveCount;

    /// <inheritdoc cref="LifetimeStatistics.Reset"/>
    public void Reset() => TensorStatistics.Reset();

    /// <inheritdoc cref="LifetimeStatistics.ToString"/>
    public override string ToString() => TensorStatistics.ToString();
}
