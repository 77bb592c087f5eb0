namespace TorchSharp;

/// <summary>The stack of dispose scopes of one thread.</summary>
public class DisposeScopeManager
{
    [ThreadStatic]
    private static DisposeScopeManager threadManager;

    /// <summary>What the calling thread has made and disposed.</summary>
    public static ThreadDisposeScopeStatistics Statistics => OfThread.StatisticsValue;

    internal static DisposeScopeManager OfThread => threadManager ??= new DisposeScopeManager();

    internal ThreadDisposeScopeStatistics StatisticsValue { get; } = new();

    internal DisposeScope Current { get; private set; }

    internal DisposeScope NewScope() => Current = new DisposeScope(this, Current);

    internal void Register(torch.Tensor tensor)
    {
        if (Current is { } scope)
        {
            StatisticsValue.TensorStatistics.CreatedIn++;
            scope.Add(tensor);
        }
        else
        {
            StatisticsValue.TensorStatistics.CreatedOutside++;
        }
    }

    /// <summary>Takes a scope out of the stack, also one that is not on top: the scopes inside it then lie in the one around it.</summary>
    internal void Remove(DisposeScope scope)
    {
        if (Current == scope)
        {
            Current = scope.OuterScope;
            return;
        }
        for (var inner = Current; inner is not null; inner = inner.OuterScope)
        {
            if (inner.OuterScope == scope)
            {
                inner.OuterScope = scope.OuterScope;
                return;
            }
        }
    }
}
