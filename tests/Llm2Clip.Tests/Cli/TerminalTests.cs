using System.Diagnostics;
using System.Formats.Tar;
using System.Text;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Cli;

/// <summary>The program itself on a terminal, which <c>script</c> of util-linux provides, and beside it without one.</summary>
public sealed class TerminalTests : IDisposable
{
    private const string Interrupt = "\u0003";

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AConversionShowsItsProgressAndLeavesItsResult()
    {
        Shard("[a].tar", 40);
        var (code, shown, written) = OnTerminal(Slowly("[a].tar"), "");
        Assert.Equal(0, code);
        Assert.Matches(@"convert .*━.* [01]/1 shards \(\d+ %\), ", written);
        Assert.DoesNotContain("?25", written, StringComparison.Ordinal); // The cursor is never hidden.
        Assert.Matches(
            @"^Data: pipe:[^━]*\nconvert: 1 shards in 0:\d\d.*, 40 images\n.*: 40 images with 40 captions in 1 shard \(csv\)\n"
            + @"40 records read, .*\n$",
            shown);
    }

    [Fact]
    public void CtrlCSavesAndLeavesACleanScreen()
    {
        Shard("a.tar", 400);
        var (code, shown, _) = OnTerminal(Slowly("a.tar"), Interrupt);
        Assert.Equal(130, code);
        Assert.Matches(
            @"^Data: pipe:[^━]*\nStopping after this step and saving\. Press Ctrl-C again .*\nconvert: 0 of 1 shards in 0:\d\d.*\n"
            + @"Stopped\. The same command .*\n$",
            shown);
    }

    [Theory]
    [InlineData("TERM", "dumb")]
    [InlineData("TERM", "")]
    public void ATerminalThatCannotMoveItsCursorGetsPlainLines(string variable, string value)
    {
        Shard("a.tar", 3);
        var (code, _, written) = OnTerminal(Slowly("a.tar"), "", (variable, value));
        Assert.Equal(0, code);
        Assert.DoesNotContain('\u001b', written);
        Assert.Matches(@"\d\d:\d\d:\d\d convert: 1 shards in 0:\d\d", written);
    }

    [Fact]
    public void NoColorTakesColorsAway()
    {
        Shard("a.tar", 3);
        var (code, _, written) = OnTerminal(Slowly("a.tar"), "", ("NO_COLOR", "1"));
        Assert.Equal(0, code);
        Assert.Contains("convert ", written, StringComparison.Ordinal);
        Assert.DoesNotMatch("\u001b\\[[0-9;]*m", written);
    }

    /// <summary>A start does not pay for what draws: without Spectre's files the program says all that needs no drawing.</summary>
    [Theory]
    [InlineData(0, "--help")]
    [InlineData(0, "extract", "--help")]
    [InlineData(0, "extract", "--print-config")]
    [InlineData(2, "extrct")]
    [InlineData(2, "extract")]
    [InlineData(3, "data", "convert", "--data", "absent.tar", "--to", "out")]
    public async Task SpectreIsLoadedToDrawAlone(int expected, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [WithoutSpectre(), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder[""],
        })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == process.ExitCode, error + await output);
    }

    /// <summary>That the program of the test above has no Spectre.</summary>
    [Fact]
    public void WithoutSpectreNothingIsDrawn()
    {
        Shard("a.tar", 3);
        var (code, shown, _) = OnTerminal(Slowly("a.tar"), "", program: WithoutSpectre());
        Assert.Equal(1, code);
        Assert.Contains("'Spectre.Console,", shown, StringComparison.Ordinal);
    }

    /// <summary>The program in a folder without Spectre's files.</summary>
    private string WithoutSpectre()
    {
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory))
        {
            var name = Path.GetFileName(file);
            // Without the list of what belongs to it (.deps.json), the program starts with the files that are there.
            var isNeeded = name.EndsWith(".dll", StringComparison.Ordinal) && !name.StartsWith("Spectre.", StringComparison.Ordinal);
            if (isNeeded || name == "Llm2Clip.Cli.runtimeconfig.json")
            {
                File.Copy(file, _folder[name]);
            }
        }
        return _folder["Llm2Clip.Cli.dll"];
    }

    /// <summary>A shard of what begins like JPEGs, which a conversion copies without decoding.</summary>
    private void Shard(string name, int count)
    {
        var members = Enumerable.Range(0, count).SelectMany(i => new (string, byte[])[]
        {
            ($"k{i}.jpg", [0xFF, 0xD8, 0xFF, 0xE0, .. new byte[2000]]), ($"k{i}.txt", DataFolder.Bytes($"caption {i}")),
        });
        _folder.Tar(name, TarEntryFormat.Ustar, [.. members]);
    }

    /// <summary>A conversion of a shard that arrives slowly, so that there is time to see it.</summary>
    private string[] Slowly(string shard)
    {
        var blocks = new FileInfo(_folder[shard]).Length / 10240 + 1;
        var block = $"dd if='{_folder[shard]}' bs=10240 skip=$i count=1 2>/dev/null";
        var command = $"i=0; while [ $i -lt {blocks} ]; do {block}; sleep 0.02; i=$((i+1)); done; sleep 0.6";
        return ["data", "convert", "--data", $"pipe:{command}", "--to", _folder["out"], "--format", "csv"];
    }

    /// <summary>Runs the program, types something when it shows progress, and returns what is on the screen in the end.</summary>
    private (int Code, string Shown, string Written) OnTerminal(
        string[] arguments, string typed, (string Name, string Value)? variable = null, string? program = null)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script (util-linux) is not here; it makes the terminal.");
        var file = _folder["command.sh"];
        string[] words = ["dotnet", program ?? Path.Combine(AppContext.BaseDirectory, "Llm2Clip.Cli.dll"), .. arguments];
        var call = string.Join(' ', words.Select(Quoted));
        File.WriteAllText(file, $"stty cols 100 rows 30; exec {call}\n");
        var start = new ProcessStartInfo("script", ["-qec", $"sh {Quoted(file)}", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        (start.Environment["LANG"], start.Environment["TERM"]) = ("C.UTF-8", "xterm");
        if (variable is var (name, value))
        {
            start.Environment[name] = value;
        }
        using var process = Process.Start(start)!;
        var written = new StringBuilder();
        var buffer = new char[4096];
        for (int read; (read = process.StandardOutput.Read(buffer)) > 0;)
        {
            written.Append(buffer, 0, read);
            if (typed.Length > 0 && written.ToString().Contains("/1 shards", StringComparison.Ordinal))
            {
                process.StandardInput.Write(typed);
                process.StandardInput.Flush();
                typed = "";
            }
        }
        process.WaitForExit();
        var terminal = new ScreenEmulator(100);
        // .NET's own preparation of the keyboard.
        var text = written.ToString();
        terminal.Write(text.Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine(terminal.Shown);
        return (process.ExitCode, terminal.Shown, text);
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
