using System.Diagnostics;
using System.Globalization;

namespace Llm2Clip.Bench;

/// <summary>
/// The other side of a comparison: a Python program that stays alive and does a piece of work each time it is told to, so that both sides can
/// take turns. Runs on Debian's interpreter (python3-torch, python3-pil, python3-numpy), or the one that <c>LLM2CLIP_PYTHON</c> names.
/// </summary>
internal sealed class PythonSide : IDisposable
{
    /// <summary>Behind the program, which defines functions: reads their names and answers with the seconds that each took, or what it returned.</summary>
    private const string Loop = """

        import sys as _sys, time as _time
        print("ready", flush=True)
        for _line in _sys.stdin:
            _start = _time.perf_counter()
            _value = globals()[_line.strip()]()
            print(repr(float(_time.perf_counter() - _start if _value is None else _value)), flush=True)
        """;

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly string _script;

    /// <summary>Starts it and waits until it is ready. Throws <see cref="InvalidOperationException"/> with its error output where it fails.</summary>
    public PythonSide(string program, params string[] arguments)
    {
        _script = Path.GetTempFileName();
        File.WriteAllText(_script, program + Loop);
        var interpreter = Environment.GetEnvironmentVariable("LLM2CLIP_PYTHON") is { Length: > 0 } named ? named : "/usr/bin/python3";
        var start = new ProcessStartInfo(interpreter, [_script, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        Answer();
    }

    /// <summary>Runs a function of the program: the seconds that it took, or the number that it returned.</summary>
    public double Call(string function)
    {
        _process.StandardInput.WriteLine(function);
        return double.Parse(Answer(), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(_script);
    }

    private string Answer() => _process.StandardOutput.ReadLine()
        ?? throw new InvalidOperationException($"The Python side failed; it needs apt-get install python3-torch python3-pil python3-numpy.\n{_errors.Result}");
}
