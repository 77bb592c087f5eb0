using System.Runtime.InteropServices;

namespace Llm2Clip.Cli;

/// <summary>
/// Turns Ctrl-C and SIGTERM into a cancellation: the running command saves its checkpoint, and the process ends as <see cref="Failure"/>
/// says. A second signal ends the process at once.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    /// <summary>
    /// Sent where a file would grow past the limit of the process (ulimit -f); its default is to end the process. Taken, the write fails
    /// with an error that can be told. The number is that of Linux.
    /// </summary>
    private const PosixSignal FileSizeLimit = (PosixSignal)25;

    /// <summary>
    /// Stays until the process ends: .NET handles signals on a thread of its own, and one that it comes to late would end a process
    /// that takes them no more.
    /// </summary>
    private static PosixSignalRegistration? _ofFileSizeLimit;

    private readonly CancellationTokenSource _source = new();
    private readonly Screen _error;
    private readonly PosixSignalRegistration[] _registrations;
    private volatile bool _isTerminated;

    public Interrupt(Screen error)
    {
        _error = error;
        _registrations =
            [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];
        if (OperatingSystem.IsLinux())
        {
            _ofFileSizeLimit ??= PosixSignalRegistration.Create(FileSizeLimit, context => context.Cancel = true);
        }
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Whether it was SIGTERM, by which a system takes its machine back, and not a person at the keyboard.</summary>
    public bool IsTerminated => _isTerminated;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
        {
            _error.EndLine();
            return;
        }
        context.Cancel = true;
        _isTerminated = context.Signal == PosixSignal.SIGTERM;
        if (_isTerminated)
        {
            _error.WriteLine("SIGTERM: stopping after this step and saving. Another signal ends the process at once, without saving.");
        }
        else
        {
            _error.WriteOnFreshLine("Stopping after this step and saving. Press Ctrl-C again to end at once, without saving.");
        }
        _source.Cancel();
    }
}
