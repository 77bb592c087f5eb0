using System.Diagnostics;
using System.Globalization;
using System.Text;
using Llm2Clip.Files;

namespace Llm2Clip.Tests.PowerCuts;

/// <summary>
/// Kills (SIGKILL) a command of the real program at random moments and starts it again until it is done, again and again, until there were
/// enough cuts: <c>LLM2CLIP_CUTS</c> a command, moments by <c>LLM2CLIP_CUTS_SEED</c>.
/// </summary>
/// <param name="arguments">The command for an output folder.</param>
/// <param name="lockFolder">Folder below the output whose lock the command takes before it writes.</param>
/// <param name="plant">Puts into the output folder what a run starts from.</param>
internal sealed class CutRun(Func<string, string[]> arguments, string lockFolder = "", Action<string>? plant = null)
{
    /// <summary>Lives that a run has on average, as long as its cuts come in the working part.</summary>
    private const int Lives = 6;

    /// <summary>What <c>dotnet</c> runs.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Cli.dll");

    public static int Cuts { get; } = FromEnvironment("LLM2CLIP_CUTS", 10);

    public static int Seed { get; } = FromEnvironment("LLM2CLIP_CUTS_SEED", 1);

    /// <summary>Runs the command without a cut into <paramref name="straight"/>, then with cuts into <paramref name="broken"/>.</summary>
    /// <param name="straight">Output of the unbroken run.</param>
    /// <param name="broken">Output of the broken ones; deleted after each that is done.</param>
    /// <param name="afterCut">What must hold after a cut.</param>
    /// <param name="atEnd">What must hold when a broken run is done.</param>
    public void Compare(string straight, string broken, Action afterCut, Action atEnd)
    {
        var work = Live(straight, null, out _).Work;
        var random = new Random(Seed);
        var (cuts, runs) = (0, 0);
        while (cuts < Cuts)
        {
            // One in ten may come at any moment after the start of the process, the others when it writes.
            var early = random.Next(10) == 0;
            var moment = TimeSpan.FromSeconds(work.TotalSeconds * random.NextDouble() * 2 / Lives);
            if (Live(broken, (early, moment), out var log).Killed)
            {
                cuts++;
                Explained(log, afterCut);
                continue;
            }
            End(log);
        }
        Live(broken, null, out var last);
        End(last);
        TestContext.Current.TestOutputHelper?.WriteLine($"{arguments("OUT")[0]} {arguments("OUT")[1]}: seed {Seed}, {cuts} cuts, {runs} runs completed, {work.TotalSeconds:0.00} s of work a run");

        void End(string log)
        {
            runs++;
            Explained(log, () =>
            {
                AssertNothingTemporary(broken);
                atEnd();
            });
            Directory.Delete(broken, recursive: true);
        }
    }

    public static void AssertNothingTemporary(string folder) => Assert.DoesNotContain(
        Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories),
        path => path.EndsWith(PendingFile.Suffix, StringComparison.Ordinal) || path.EndsWith(".previous", StringComparison.Ordinal));

    /// <summary>The program with arguments, its output collected in <paramref name="log"/>.</summary>
    public static Process Start(string[] arguments, StringBuilder log) => Start("dotnet", [Program, .. arguments], log);

    /// <summary>The same through another program, which gets <see cref="Program"/> among its arguments.</summary>
    public static Process Start(string launcher, string[] arguments, StringBuilder log)
    {
        var process = Process.Start(new ProcessStartInfo(launcher, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        void Keep(string? line)
        {
            lock (log)
            {
                log.AppendLine(line);
            }
        }
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>One life of the process: to its end where <paramref name="cut"/> is null.</summary>
    private (bool Killed, TimeSpan Work) Live(string output, (bool Early, TimeSpan Moment)? cut, out string log)
    {
        if (!Directory.Exists(output))
        {
            plant?.Invoke(output);
        }
        var text = new StringBuilder();
        using var process = Start(arguments(output), text);
        var clock = Stopwatch.StartNew();
        if (cut is not { Early: true })
        {
            var file = Path.Combine(output, lockFolder, FolderLock.FileName);
            while (!process.HasExited && !DurableFolder.ReadUnlocked(file, 40).StartsWith($"{process.Id} on ", StringComparison.Ordinal))
            {
                Thread.Sleep(1);
            }
            clock.Restart();
        }
        if (cut is { } at && !process.WaitForExit(at.Moment))
        {
            process.Kill();
        }
        process.WaitForExit();
        lock (text)
        {
            log = text.ToString();
        }
        var killed = process.ExitCode == 128 + 9;
        Assert.True(killed ? cut is not null : process.ExitCode == 0, $"ended with {process.ExitCode}:\n{log}");
        return (killed, clock.Elapsed);
    }

    private static void Explained(string log, Action check)
    {
        try
        {
            check();
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"After a life that said:\n{log}\n{error.Message}", error);
        }
    }

    private static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
