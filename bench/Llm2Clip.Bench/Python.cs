using System.Diagnostics;
using System.Globalization;

namespace Llm2Clip.Bench;

/// <summary>
/// The other side of a comparison: runs a Python program on Debian's interpreter (python3-torch, python3-pil, python3-numpy),
/// or the one that <c>LLM2CLIP_PYTHON</c> names, and reads the numbers that it prints as <c>name=value</c>.
/// </summary>
internal static class Python
{
    /// <summary>Runs a program. Throws <see cref="InvalidOperationException"/> with its error output where it fails.</summary>
    public static IReadOnlyDictionary<string, double> Run(string program, params string[] arguments)
    {
        var script = Path.GetTempFileName();
        try
        {
            File.WriteAllText(script, program);
            var interpreter = Environment.GetEnvironmentVariable("LLM2CLIP_PYTHON") is { Length: > 0 } named ? named : "/usr/bin/python3";
            var start = new ProcessStartInfo(interpreter) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.ArgumentList.Add(script);
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException(
                    $"The Python side failed; it needs apt-get install python3-torch python3-pil python3-numpy.\n{errors.Result}");
            }
            return output.Split('\n')
                .Select(line => line.Split('=', 2))
                .Where(pair => pair.Length == 2 && double.TryParse(pair[1], CultureInfo.InvariantCulture, out _))
                .ToDictionary(pair => pair[0].Trim(), pair => double.Parse(pair[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        }
        finally
        {
            File.Delete(script);
        }
    }
}
