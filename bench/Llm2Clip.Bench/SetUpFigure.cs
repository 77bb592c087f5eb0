using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Llm2Clip.Bench;

/// <summary>
/// From nothing to the first command: eng/sdk-only.sh runs <c>./llm2clip doctor</c> on a fresh clone of the last commit, build included,
/// with nothing on the PATH but the .NET SDK and basic tools. The packages are in NuGet's cache by then; their size stands for the
/// download.
/// </summary>
internal static partial class SetUpFigure
{
    public static IEnumerable<Figure> Measure(string root)
    {
        var start = new ProcessStartInfo(Path.Combine(root, "eng/sdk-only.sh")) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var last = LastLine().Match(said);
        if (process.ExitCode != 0 || !last.Success)
        {
            throw new InvalidOperationException($"eng/sdk-only.sh ended with {process.ExitCode}: {said}");
        }
        var here = $"{last.Groups["seconds"].Value} s, packages in NuGet's cache";
        var download = $"{last.Groups["packages"].Value} packages of {last.Groups["megabytes"].Value} MB to download before";
        yield return Figure.Printed("setup", "a fresh clone to the end of `./llm2clip doctor`, build included", here, download, "");
    }

    [GeneratedRegex(@": (?<seconds>\d+) s; (?<packages>\d+) packages, (?<megabytes>\d+) MB to download on a fresh machine")]
    private static partial Regex LastLine();
}
