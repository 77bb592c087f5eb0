using Microsoft.Win32.SafeHandles;

namespace Llm2Clip.Files;

/// <summary>
/// Has the disk take in what was written of a large file while more is being written. Otherwise the system gathers gigabytes in memory, and
/// the flush at the end waits for all of them: a checkpoint would take the time of copying and that of the disk, one after the other.
/// </summary>
/// <param name="file">The file that is written.</param>
internal sealed class EarlyFlush(SafeFileHandle file)
{
    /// <summary>Smaller files are left to the flush at their end.</summary>
    private const long EveryBytes = 128 << 20;

    private Task _flush = Task.CompletedTask;
    private long _written;

    /// <summary>So many bytes more are written. Throws what an earlier flush found.</summary>
    public void Wrote(long bytes)
    {
        _written += bytes;
        if (_written >= EveryBytes && _flush.IsCompleted)
        {
            Finish();
            _written = 0;
            _flush = Task.Run(() => RandomAccess.FlushToDisk(file));
        }
    }

    /// <summary>
    /// Waits for the flush under way. What it finds is thrown here: the system tells of a write that failed once, and the flush at the end
    /// would not hear of it.
    /// </summary>
    public void Finish()
    {
        var flush = _flush;
        _flush = Task.CompletedTask;
        flush.GetAwaiter().GetResult();
    }
}
