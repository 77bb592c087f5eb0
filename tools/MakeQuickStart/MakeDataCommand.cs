using System.CommandLine;
using Llm2Clip.Cli;

namespace Llm2Clip.MakeQuickStart;

/// <summary><c>data</c>: the shipped images and captions.</summary>
internal sealed class MakeDataCommand : Command, IHasExample
{
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the shards.", HelpName = "FOLDER", DefaultValueFactory = _ => "data/quickstart",
    };

    private readonly Option<string?> _json = JsonFile.Option("the files' names");

    public MakeDataCommand(CliHost host)
        : base("data", "Makes the quick start's images and captions again; the same pixels and texts on every machine.")
    {
        Add(_out);
        Add(_json);
        SetAction(parsed =>
        {
            using var log = host.OpenLog();
            var files = QuickStartData.Write(parsed.GetValue(_out)!, log, host.Cancellation);
            foreach (var path in files)
            {
                host.Output.WriteLine(path);
            }
            if (parsed.GetValue(_json) is { } json)
            {
                JsonFile.Write(json, new { Files = files }, host);
            }
            return 0;
        });
    }

    public string Example => $"{Tool.Call} data --out data/quickstart";
}
