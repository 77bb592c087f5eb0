using System.CommandLine;
using System.Globalization;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>index status</c>, <c>index verify</c> and <c>index compact</c>.</summary>
internal static class IndexCareCommands
{
    public static IEnumerable<Command> All(CliHost host) =>
    [
        new CareCommand("status", "Says what is in an index, and what it was made of.", folder =>
            IndexSummary.Print(IndexCare.Status(folder), host.Output)),
        new CareCommand("verify", "Compares every file of an index with its checksum, and names damaged ones (exit code 3).", folder =>
        {
            IndexSummary.Print(IndexCare.Verify(folder, host.Cancellation), host.Output);
            host.Output.WriteLine("All checksums hold.");
        }),
        new CareCommand("compact", "Rewrites an index without the rows of images that were removed, or are damaged.", folder =>
        {
            var done = IndexCare.Compact(folder, host.Cancellation);
            host.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{done.Kept:N0} images kept, {done.Lost:N0} damaged left out; {done.Before / 1e6:N1} MB, now {done.After / 1e6:N1}."));
        }),
    ];

    private sealed class CareCommand : Command, IHasExample
    {
        public CareCommand(string name, string summary, Action<string> work)
            : base(name, summary)
        {
            var folder = new Argument<string>("INDEX") { Description = "The folder that `llm2clip index` wrote." };
            Add(folder);
            SetAction(parsed =>
            {
                work(parsed.GetRequiredValue(folder));
                return 0;
            });
        }

        public string Example => $"llm2clip index {Name} runs/photos";
    }
}
