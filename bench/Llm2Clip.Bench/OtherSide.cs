using System.Diagnostics;
using System.Globalization;

namespace Llm2Clip.Bench;

/// <summary>
/// The other side of a comparison: a process that stays alive and does a piece of work each time it is told to, so that both sides can take
/// turns. It says a line when it is ready, then answers each line that it reads with seconds or another number.
/// </summary>
internal class OtherSide : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly string _name;

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended; the message holds its error output.</exception>
    public OtherSide(string name, ProcessStartInfo start)
    {
        _name = name;
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        Greeting = Answer();
    }

    /// <summary>The line by which it was ready.</summary>
    public string Greeting { get; }

    /// <summary>Has a piece of work done: the seconds that it took, or the number that it returned.</summary>
    /// <exception cref="InvalidOperationException">It ended; the message holds its error output.</exception>
    public double Call(string work)
    {
        _process.StandardInput.WriteLine(work);
        return double.Parse(Answer(), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Answer() =>
        _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{_name} failed.\n{_errors.Result}");
}
