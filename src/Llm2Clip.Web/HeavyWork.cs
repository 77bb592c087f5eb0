namespace Llm2Clip.Web;

/// <summary>
/// Work that takes memory by the hundred megabytes, decoding of large images above all: as many pieces at once as there are cores.
/// </summary>
internal static class HeavyWork
{
    private static readonly SemaphoreSlim Turns = new(Environment.ProcessorCount);

    /// <summary>Runs a piece of work on a thread of its own when there is room.</summary>
    public static async Task<T> Run<T>(Func<T> work, CancellationToken cancellation)
    {
        await Turns.WaitAsync(cancellation);
        try
        {
            return await Task.Run(work, cancellation);
        }
        finally
        {
            Turns.Release();
        }
    }
}
