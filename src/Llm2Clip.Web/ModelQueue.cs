using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>
/// One thread that runs the LLM and libtorch for all requests, one piece of work after the other: both keep all cores busy by themselves,
/// and the LLM's context is one. So many pieces may wait; more are refused at once, so that a crowd is told and not kept.
/// </summary>
internal sealed class ModelQueue : IDisposable
{
    private readonly BlockingCollection<Action> _waiting;
    private readonly Thread _thread;

    /// <param name="most">Pieces of work that may wait.</param>
    public ModelQueue(int most)
    {
        _waiting = new BlockingCollection<Action>(most);
        _thread = new Thread(Work) { IsBackground = true, Name = "model" };
        _thread.Start();
    }

    /// <summary>
    /// Runs a piece of work when its turn comes; one whose request has ended by then is left out. Throws <see cref="ProblemException"/>
    /// (503) where too many wait.
    /// </summary>
    public Task<T> Run<T>(Func<T> work, CancellationToken cancellation)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _waiting.IsAddingCompleted || !_waiting.TryAdd(() => Run(work, result, cancellation), 0, CancellationToken.None)
            ? throw new ProblemException(
                StatusCodes.Status503ServiceUnavailable, $"{_waiting.BoundedCapacity} queries are waiting already. Ask again in a moment.")
            : result.Task;
    }

    /// <summary>The same for work that waits for its turn however long the queue is, as a batch of an import does.</summary>
    public T Wait<T>(Func<T> work, CancellationToken cancellation)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add(() => Run(work, result, cancellation), cancellation);
        return result.Task.GetAwaiter().GetResult();
    }

    /// <summary>Takes no more work, and waits for what was taken.</summary>
    public void Dispose()
    {
        _waiting.CompleteAdding();
        _thread.Join();
        _waiting.Dispose();
    }

    private static void Run<T>(Func<T> work, TaskCompletionSource<T> result, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            result.SetCanceled(cancellation);
            return;
        }
        try
        {
            result.SetResult(work());
        }
        catch (Exception error)
        {
            result.SetException(error); // the request that waits for it throws it
        }
    }

    private void Work()
    {
        foreach (var work in _waiting.GetConsumingEnumerable())
        {
            work();
        }
    }
}
