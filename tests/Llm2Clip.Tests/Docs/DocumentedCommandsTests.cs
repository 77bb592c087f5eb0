using Llm2Clip.Cli;
using Llm2Clip.Configuration;
using Llm2Clip.Pipeline;
using Llm2Clip.Tests.Cli;

namespace Llm2Clip.Tests.Docs;

/// <summary>Every command that README, docs and help show, as it is written there, on what a fresh clone has.</summary>
public sealed class DocumentedCommandsTests
{
    private static readonly CliHost Silent = new(new Screen(TextWriter.Null), new Screen(TextWriter.Null), CancellationToken.None);

    /// <summary>
    /// One after the other in one folder, the quick start first: what it makes is what the others work on. Of those that need more, the
    /// options and keys are looked at.
    /// </summary>
    [Fact]
    public void EveryCommandRunsOnAFreshClone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("The lines are run by a POSIX shell.");
        }
        using var clone = new FreshClone();
        var help = CommandLineTests.Commands().Select(command => command.Data).Select(command => new DocumentedCommand(
            $"{command} --help", CommandLineTests.Run([.. command.Split(' '), "--help"]).Output.Split("\nExample:\n  ")[1].Trim(),
            command.StartsWith("longclip ", StringComparison.Ordinal) ? "a CLIP checkpoint, which does not come with the project" : null));
        var all = DocumentedCommands.InBlocks().Concat(help)
            .DistinctBy(command => (command.Text, command.Needs is null))
            .OrderBy(command => command.Text == "llm2clip quickstart" ? 0 : 1)
            .ToList();
        Assert.True(all.Count > 30, $"Only {all.Count} commands were found.");
        Assert.Contains(all, command => command.Needs is not null);
        var failed = new List<string>();
        foreach (var command in all)
        {
            var (code, text) = clone.Run(command.Needs is null ? command.Text : Looked(command.Text));
            if (code != 0)
            {
                failed.Add($"{command}\nended with {code}:\n{text}");
            }
            if (command.Text == "llm2clip quickstart")
            {
                Assert.Matches(@"Epoch 2 of 2: loss \d+\.\d+, R@1 / R@10 en->en ", text);
                Assert.Matches(@"step 4: loss \d+\.\d+, text-to-image R@10 \(en\) ", text);
                Assert.Contains("Page: runs/quickstart/report.html\n", text);
            }
            failed.AddRange(text.Split('\n').Where(IsTooLong)
                .Select(line => $"{command}\nlogs a line of more than 80 characters:\n{line}"));
        }
        Assert.True(failed.Count == 0, string.Join("\n", failed));
    }

    [Fact]
    public void RunFilesOfPagesAreRunFiles()
    {
        var shown = DocumentedCommands.RunFiles();
        Assert.Contains(shown, file => file.Page == "first-real-run.md");
        foreach (var (page, yaml) in shown)
        {
            ConfigBinder.Parse<RunConfig>(yaml, page); // names what is wrong where it throws
        }
    }

    /// <summary>Calls in sentences are often without the rest of their arguments; what is there must be known.</summary>
    [Fact]
    public void CallsInSentencesAreKnown()
    {
        var calls = DocumentedCommands.InText();
        Assert.NotEmpty(calls);
        foreach (var call in calls)
        {
            var parsed = CommandLine.Root(Silent).Parse(call.Text["llm2clip ".Length..].Replace("...", "x", StringComparison.Ordinal));
            Assert.True(parsed.UnmatchedTokens.Count == 0, $"{call}: {string.Join(", ", parsed.UnmatchedTokens)} is not known");
            Assert.True(parsed.CommandResult.Command != CommandLine.Root(Silent), call.ToString());
        }
    }

    /// <summary>
    /// A line of the log that does not fit a terminal. Warnings are sentences with a place and a remedy, and may be longer.
    /// </summary>
    private static bool IsTooLong(string line) => line.Length > 80 && char.IsAsciiDigit(line[0]) && line[2] == ':' && line[5] == ':'
        && !line.Contains("Warning: ", StringComparison.Ordinal);

    /// <summary>The keys alone, without the run file that a reader still has to write.</summary>
    private static string Looked(string command) =>
        System.Text.RegularExpressions.Regex.Replace(command, @" --config (?!configs/)\S+", "") + " --print-config";
}
