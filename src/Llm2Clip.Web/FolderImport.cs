using System.Diagnostics;
using Llm2Clip.Data;
using Llm2Clip.Pipeline;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>How far an import is.</summary>
internal enum ImportPhase
{
    /// <summary>None was begun since the server started.</summary>
    None,

    /// <summary>Images are read and encoded.</summary>
    Running,

    /// <summary>All images are in the index.</summary>
    Done,

    /// <summary>A client stopped it; what was encoded is kept.</summary>
    Stopped,

    /// <summary>It ended with an error; what was encoded is kept.</summary>
    Failed,
}

/// <summary>An import as a client sees it.</summary>
/// <param name="Phase">How far it is.</param>
/// <param name="Folder">The folder.</param>
/// <param name="Done">Images looked at, of those that are to be opened.</param>
/// <param name="Total">Those that are to be opened; 0 while that is not known.</param>
/// <param name="Seconds">Time since the first image.</param>
/// <param name="Left">Seconds left at this rate; null where that is not known.</param>
/// <param name="Notes">What was said last: bad images among it.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Report">What it did, at its end.</param>
internal sealed record ImportState(
    ImportPhase Phase, string Folder, long Done, long Total, double Seconds, double? Left, IReadOnlyList<string> Notes, string? Error,
    IndexReport? Report)
{
    /// <summary>Before the first one.</summary>
    public static ImportState None { get; } = new(ImportPhase.None, "", 0, 0, 0, null, [], null, null);
}

/// <summary>
/// Takes a folder's images into the index while it is searched, one folder at a time. The model's thread encodes its batches in turn with
/// the queries; the index is written as <c>llm2clip index</c> writes it.
/// </summary>
internal sealed class FolderImport(RunConfig run, LiveIndex index, ModelThread model, IRunLog log) : IDisposable
{
    /// <summary>A query waits for one batch at most.</summary>
    private const int BatchSize = 8;

    private readonly Lock _gate = new();
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;
    private ImportState _state = ImportState.None;
    private TaskCompletionSource _changed = New();

    /// <summary>How far it is, and what completes when that changes.</summary>
    public (ImportState State, Task Changed) Now
    {
        get
        {
            lock (_gate)
            {
                return (_state, _changed.Task);
            }
        }
    }

    /// <summary>
    /// Begins. Throws <see cref="ProblemException"/>: 409 while another import runs, 400 where the folder holds no image or has a name that
    /// is a pattern.
    /// </summary>
    /// <param name="folder">The folder, without any link in its path.</param>
    /// <param name="name">What the client calls it.</param>
    public void Begin(string folder, string name)
    {
        lock (_gate)
        {
            if (!_running.IsCompleted)
            {
                throw new ProblemException(StatusCodes.Status409Conflict, $"{_state.Folder} is being imported. Wait for it, or stop it.");
            }
            var source = Source(folder, name);
            _stop?.Dispose();
            _stop = new CancellationTokenSource();
            var cancellation = _stop.Token;
            Set(ImportState.None with { Phase = ImportPhase.Running, Folder = name });
            _running = Task.Factory.StartNew(
                () => Run(folder, source, cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    /// <summary>Ends a running import after its batch.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (!_running.IsCompleted)
            {
                _stop?.Cancel();
            }
        }
    }

    /// <summary>Stops, and waits until the index is written.</summary>
    public void Dispose()
    {
        Stop();
        _running.GetAwaiter().GetResult();
        _stop?.Dispose();
    }

    /// <summary>Links are passed over, so that nothing outside of the folder comes in by one.</summary>
    private static ImageFolderSource Source(string folder, string name)
    {
        try
        {
            // The index keeps the folder as a pattern, which must mean this folder when it is brought up to date.
            return ShardPattern.Expand(folder) is [var only] && only == folder
                ? new ImageFolderSource(folder, [folder], followsLinks: false)
                : throw new InputException($"{name} has a name that is a pattern ('::', braces, stars). Rename it.");
        }
        catch (InputException error)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, error.Message);
        }
    }

    private void Run(string folder, ImageFolderSource source, CancellationToken cancellation)
    {
        ImportState last;
        try
        {
            using var state = index.Take();
            var settings = run with { Index = run.Index with { Output = state.Index.Folder, BatchSize = BatchSize } };
            var report = IndexImages.Update(
                settings, [(folder, source)], state.Index.Model, model.Transform,
                (pixels, count) => model.EncodeBatch(pixels, count, cancellation), new ImportLog(this, log), cancellation);
            last = _state with { Phase = ImportPhase.Done, Report = report, Left = 0 };
        }
        catch (OperationCanceledException)
        {
            last = _state with { Phase = ImportPhase.Stopped, Left = null };
        }
        catch (Exception error) when (error is UserException or IOException or UnauthorizedAccessException)
        {
            log.Warn($"The import of {folder} failed: {error.Message}");
            last = _state with { Phase = ImportPhase.Failed, Error = error.Message, Left = null };
        }
        catch (Exception error)
        {
            log.Warn($"The import of {folder} failed by a fault of the program: {error}");
            last = _state with { Phase = ImportPhase.Failed, Error = "This is a fault of the program; its log says more.", Left = null };
        }
        index.Refresh();
        lock (_gate)
        {
            Set(last);
        }
    }

    private void Set(ImportState state)
    {
        var changed = _changed;
        (_state, _changed) = (state, New());
        changed.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the update of the index tells, for clients and for the server's own log.</summary>
    private sealed class ImportLog(FolderImport import, IRunLog log) : IRunLog
    {
        private const int MostNotes = 20;

        public void Info(string message) => Note(message);

        public void Warn(string message)
        {
            log.Warn(message);
            Note(message);
        }

        public IProgressTask Start(string title, long total, string unit) => new Progress(import, total);

        private void Note(string message)
        {
            lock (import._gate)
            {
                import.Set(import._state with { Notes = [.. import._state.Notes.TakeLast(MostNotes - 1), message] });
            }
        }
    }

    private sealed class Progress(FolderImport import, long total) : IProgressTask
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private long _done;

        public void Advance(long units, string? detail = null)
        {
            var (done, seconds) = (Interlocked.Add(ref _done, units), _clock.Elapsed.TotalSeconds);
            lock (import._gate)
            {
                import.Set(import._state with
                {
                    Done = done,
                    Total = total,
                    Seconds = Math.Round(seconds, 1),
                    Left = total > 0 && done > 0 ? Math.Round(seconds * (total - done) / done, 1) : null,
                });
            }
        }

        public void Dispose()
        {
        }
    }
}
