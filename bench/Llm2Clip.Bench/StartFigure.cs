using System.Diagnostics;

namespace Llm2Clip.Bench;

/// <summary>What a user waits for <c>./llm2clip --help</c>, and how much of it the launcher's look at set-up and build takes.</summary>
internal static class StartFigure
{
    private const int Rounds = 15;

    public static IEnumerable<Figure> Measure(string root)
    {
        var program = Path.Combine(root, "src/Llm2Clip.Cli/bin/Release/net10.0/publish/Llm2Clip.Cli.dll");
        var times = Turns.Medians(
            Rounds,
            Turns.Time(() => Run(Path.Combine(root, "llm2clip"), "--help")),
            Turns.Time(() => Run("dotnet", program, "--help")),
            Turns.Time(() => Run("dotnet", Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Bench.dll"), "nothing")));
        var (whole, alone, runtime) = (times[0] * 1e3, times[1] * 1e3, times[2] * 1e3);
        yield return new Figure(
            "start", "`./llm2clip --help`", $"{whole:0} ms",
            $"of which the program {alone:0} ms, of which a .NET process that does nothing {runtime:0} ms", $"{whole:0} ms", "< 150 ms",
            whole < 150);
    }

    private static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            var errors = process.StandardError.ReadToEnd();
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {errors}");
        }
    }
}
