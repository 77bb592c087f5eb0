using System.ComponentModel;
using System.Diagnostics;

namespace Llm2Clip.Bench;

/// <summary>
/// A side in Python. Runs on Debian's interpreter, or the one that <c>LLM2CLIP_PYTHON</c> names. Nothing depends on it: where Python or a
/// module is missing, the rows against it are left out.
/// </summary>
internal sealed class PythonSide : OtherSide
{
    /// <summary>
    /// Behind the program, which defines functions: reads their names and answers with the seconds that each took, or what it returned.
    /// </summary>
    private const string Loop = """

        import sys as _sys, time as _time
        print("ready", flush=True)
        for _line in _sys.stdin:
            _start = _time.perf_counter()
            _value = globals()[_line.strip()]()
            print(repr(float(_time.perf_counter() - _start if _value is None else _value)), flush=True)
        """;

    private const string Search =
        "import importlib.util, sys; print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name) is None])";

    private readonly string _script;

    private PythonSide(string script, string[] arguments)
        : base("The Python side", new ProcessStartInfo(Interpreter, [script, .. arguments])) => _script = script;

    /// <summary>The interpreter's file.</summary>
    public static string Interpreter { get; } =
        Environment.GetEnvironmentVariable("LLM2CLIP_PYTHON") is { Length: > 0 } named ? named : "/usr/bin/python3";

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">The program failed; the message holds its error output.</exception>
    public static PythonSide Start(string program, params string[] arguments)
    {
        var script = Path.GetTempFileName();
        File.WriteAllText(script, program + Loop);
        return new PythonSide(script, arguments);
    }

    /// <summary>Whether the interpreter and the modules are there; where not, a line says what is left out.</summary>
    public static bool Has(string leftOut, params string[] modules)
    {
        var missing = Missing(modules);
        if (missing.Length == 0)
        {
            return true;
        }
        const string Remedy = "Debian: apt-get install python3-torch python3-numpy python3-pil";
        Console.WriteLine($"Left out: {leftOut}; {missing} ({Remedy}).");
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        File.Delete(_script);
    }

    private static string Missing(string[] modules)
    {
        var none = $"{Interpreter} does not run";
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(Interpreter, ["-c", Search, .. modules]) { RedirectStandardOutput = true })!;
            var missing = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode != 0 ? none
                : missing.Length > 0 ? $"{Interpreter} lacks {missing.Replace(" ", " and ", StringComparison.Ordinal)}" : "";
        }
        catch (Win32Exception)
        {
            return none;
        }
    }
}
