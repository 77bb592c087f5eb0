namespace TorchSharp;

/// <summary>
/// Owns what is made while it is the thread's current scope, and disposes it with itself. A thread's scopes form a stack;
/// a tensor leaves with <c>MoveToOuterDisposeScope</c> or <c>DetachFromDisposeScope</c>.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    // Slots of what has left are null, so that a tensor finds its own by index and order is kept.
    private List<IDisposable> slots = [];
    private int count;
    private bool disposed;

    internal DisposeScope(DisposeScopeManager manager, DisposeScope outer)
    {
        Manager = manager;
        OuterScope = outer;
    }

    internal DisposeScopeManager Manager { get; }

    internal DisposeScope OuterScope { get; set; }

    /// <summary>How many disposables the scope holds.</summary>
    public int DisposablesCount => count;

    /// <summary>A snapshot of what the scope holds, oldest first.</summary>
    public IReadOnlyList<IDisposable> DisposablesView => [.. slots.Where(slot => slot is not null)];

    /// <summary>Whether the scope holds it.</summary>
    public bool Contains(IDisposable disposable) => disposable is torch.Tensor tensor ? tensor.OwningScope == this : IndexOf(disposable) >= 0;

    /// <summary>Lets the scope own it; an owner that it had before loses it.</summary>
    public void Attach(IDisposable disposable)
    {
        if (disposable is torch.Tensor tensor)
        {
            if (tensor.OwningScope == this)
            {
                return;
            }
            if (tensor.OwningScope is { } owner)
            {
                owner.Remove(tensor);
            }
            else
            {
                Manager.StatisticsValue.TensorStatistics.Attached++;
            }
            Add(tensor);
        }
        else if (disposable is not null && IndexOf(disposable) < 0)
        {
            slots.Add(disposable);
            count++;
        }
    }

    /// <inheritdoc cref="Attach(IDisposable)"/>
    public void Attach(params IDisposable[] disposables) => Attach((IEnumerable<IDisposable>)disposables);

    /// <summary>Lets the scope own all of them, and returns them as a list.</summary>
    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        IReadOnlyList<IDisposable> list = disposables as IReadOnlyList<IDisposable> ?? [.. disposables];
        foreach (var disposable in list)
        {
            Attach(disposable);
        }
        return list;
    }

    /// <summary>Takes it out of the scope without disposing it: from now on nobody owns it.</summary>
    public T Detach<T>(T disposable)
        where T : IDisposable
    {
        if (disposable is not null && Contains(disposable))
        {
            Release(disposable);
            if (disposable is torch.Tensor)
            {
                Manager.StatisticsValue.TensorStatistics.Detached++;
            }
        }
        return disposable;
    }

    /// <inheritdoc cref="Detach{T}(T)"/>
    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (Detach(first), Detach(second));

    /// <inheritdoc cref="Detach{T}(T)"/>
    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (Detach(first), Detach(second), Detach(third));

    /// <inheritdoc cref="Detach{T}(T)"/>
    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);

    /// <inheritdoc cref="Detach{T}(T)"/>
    public void Detach(IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables)
        {
            Detach(disposable);
        }
    }

    /// <summary>Hands it to the scope around this one, or to nobody where there is none.</summary>
    public T MoveToOuter<T>(T disposable)
        where T : IDisposable => MoveToOther(OuterScope, disposable);

    /// <inheritdoc cref="MoveToOuter{T}(T)"/>
    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (MoveToOuter(first), MoveToOuter(second));

    /// <inheritdoc cref="MoveToOuter{T}(T)"/>
    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    /// <inheritdoc cref="MoveToOuter{T}(T)"/>
    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(OuterScope, (IEnumerable<IDisposable>)disposables);

    /// <inheritdoc cref="MoveToOuter{T}(T)"/>
    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(OuterScope, disposables);

    /// <summary>Hands it to another scope; null detaches it.</summary>
    public T MoveToOther<T>(DisposeScope scope, T disposable)
        where T : IDisposable
    {
        if (disposable is null || !Contains(disposable))
        {
            return disposable;
        }
        if (scope is null)
        {
            return Detach(disposable);
        }
        if (scope != this)
        {
            Release(disposable);
            scope.Add(disposable);
        }
        return disposable;
    }

    /// <inheritdoc cref="MoveToOther{T}(DisposeScope, T)"/>
    public (T1 first, T2 second) MoveToOther<T1, T2>(DisposeScope scope, T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (MoveToOther(scope, first), MoveToOther(scope, second));

    /// <inheritdoc cref="MoveToOther{T}(DisposeScope, T)"/>
    public (T1 first, T2 second, T3 third) MoveToOther<T1, T2, T3>(DisposeScope scope, T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (MoveToOther(scope, first), MoveToOther(scope, second), MoveToOther(scope, third));

    /// <inheritdoc cref="MoveToOther{T}(DisposeScope, T)"/>
    public void MoveToOther(DisposeScope scope, params IDisposable[] disposables) => MoveToOther(scope, (IEnumerable<IDisposable>)disposables);

    /// <inheritdoc cref="MoveToOther{T}(DisposeScope, T)"/>
    public void MoveToOther(DisposeScope scope, IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables)
        {
            MoveToOther(scope, disposable);
        }
    }

    /// <summary>Disposes what the scope holds now; the scope stays in use.</summary>
    public void DisposeEverything()
    {
        var held = slots;
        slots = [];
        count = 0;
        // All are let go first: a module among them disposes tensors that the scope held too.
        foreach (var disposable in held)
        {
            if (disposable is torch.Tensor tensor)
            {
                tensor.OwningScope = null;
                Manager.StatisticsValue.TensorStatistics.DisposedIn++;
            }
        }
        foreach (var disposable in held)
        {
            if (disposable is torch.Tensor tensor)
            {
                tensor.DisposeFromScope();
            }
            else
            {
                disposable?.Dispose();
            }
        }
    }

    /// <summary>Disposes all but one, which the scope goes on holding.</summary>
    public T DisposeEverythingBut<T>(T keep)
        where T : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[keep]);
        return keep;
    }

    /// <inheritdoc cref="DisposeEverythingBut{T}(T)"/>
    public (T1 first, T2 second) DisposeEverythingBut<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }

    /// <inheritdoc cref="DisposeEverythingBut{T}(T)"/>
    public (T1 first, T2 second, T3 third) DisposeEverythingBut<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }

    /// <inheritdoc cref="DisposeEverythingBut{T}(T)"/>
    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);

    /// <inheritdoc cref="DisposeEverythingBut{T}(T)"/>
    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        var kept = inKeep.Where(disposable => disposable is not null && Contains(disposable)).ToList();
        kept.ForEach(Release);
        DisposeEverything();
        kept.ForEach(Add);
    }

    /// <summary>Forgets it, because it has been disposed elsewhere.</summary>
    public void MarkAsDisposed(IDisposable disposable)
    {
        if (disposable is not null && Contains(disposable))
        {
            Release(disposable);
        }
    }

    /// <summary>Disposes what the scope holds and takes it off the thread's stack.</summary>
    public void Dispose()
    {
        if (disposed)
        {
            return;
        }
        disposed = true;
        DisposeEverything();
        Manager.Remove(this);
    }

    internal void Add(torch.Tensor tensor)
    {
        if (slots.Count >= 256 && count < slots.Count / 4)
        {
            Compact();
        }
        tensor.OwningScope = this;
        tensor.ScopeIndex = slots.Count;
        slots.Add(tensor);
        count++;
    }

    internal void Remove(torch.Tensor tensor)
    {
        tensor.OwningScope = null;
        count--;
        if (tensor.ScopeIndex == slots.Count - 1)
        {
            slots.RemoveAt(tensor.ScopeIndex);
        }
        else
        {
            slots[tensor.ScopeIndex] = null;
        }
    }

    // A scope around a long loop must not grow with what has long left it.
    private void Compact()
    {
        slots.RemoveAll(slot => slot is null);
        for (var i = 0; i < slots.Count; i++)
        {
            if (slots[i] is torch.Tensor tensor)
            {
                tensor.ScopeIndex = i;
            }
        }
    }

    private void Add(IDisposable disposable)
    {
        if (disposable is torch.Tensor tensor)
        {
            Add(tensor);
        }
        else
        {
            slots.Add(disposable);
            count++;
        }
    }

    private void Release(IDisposable disposable)
    {
        if (disposable is torch.Tensor tensor)
        {
            Remove(tensor);
        }
        else
        {
            slots[IndexOf(disposable)] = null;
            count--;
        }
    }

    private int IndexOf(IDisposable disposable) => slots.FindLastIndex(slot => ReferenceEquals(slot, disposable));
}
