using System.Diagnostics;
using System.Globalization;

namespace Llm2Clip.Tests.Layers;

/// <summary>
/// Arithmetic with numbers while garbage is collected: TorchSharp's operators fail, those of <see cref="Llm2Clip.Layers.Scalars"/> do not.
/// </summary>
public sealed class ScalarStressTests(ITestOutputHelper output)
{
    /// <summary>What the plain operators run until.</summary>
    private const int Failures = 25;

    /// <summary>What they may take for it: seen are 14 failures a second on two cores of which others took nine tenths.</summary>
    private const int Seconds = 60;

    /// <summary>
    /// The plain operators run until 25 failures, ours then make as many operations, and at least 100,000. Did they fail as often, the
    /// chance of seeing none would be e^-25.
    /// </summary>
    [Fact]
    public void Plain_operators_fail_and_ours_do_not()
    {
        var plain = Run("plain", long.MaxValue, Failures, Seconds);
        output.WriteLine(plain is var (made, failed) ? $"plain: {failed} of {made} operations failed" : "plain: the process died");
        Assert.True(
            plain is null or { Failed: >= Failures },
            $"TorchSharp's operators failed {plain?.Failed} times in {plain?.Made} operations: is Layers/Scalars.cs still needed?");

        var ours = Run("ours", Math.Max(plain?.Made ?? 0, 100_000), 1, 10 * Seconds);
        Assert.True(ours is { Failed: 0 }, ours is null ? "ours: the process died" : $"ours: a failure in {ours?.Made} operations");
    }

    /// <summary>Operations and failures; null where the process died.</summary>
    private static (long Made, long Failed)? Run(string which, long operations, long failures, int seconds)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { ScalarStress.Verb, which, $"{operations}", $"{failures}", $"{seconds}" })
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        errors.Wait();
        if (process.ExitCode != 0)
        {
            return null;
        }
        var numbers = Array.ConvertAll(text.Trim().Split(' '), word => long.Parse(word, CultureInfo.InvariantCulture));
        return (numbers[0], numbers[1]);
    }
}
