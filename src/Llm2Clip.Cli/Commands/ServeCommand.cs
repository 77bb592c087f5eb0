using System.Globalization;
using Llm2Clip.Pipeline;
using Llm2Clip.Web;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>serve</c>: an index searched from a browser, or by other programs.</summary>
internal class ServeCommand : RunCommand<ServeReport>
{
    public ServeCommand(CliHost host)
        : this(host, "serve",
            "Searches an index from a browser: a page and an API, for this machine alone unless --address and a token say otherwise.",
            "llm2clip serve --index runs/photos --open")
    {
        Shortcut("--index", "search.index", "FOLDER", "The folder that `llm2clip index` wrote.");
        Shortcut("--model", "eval.model", "FOLDER", "The student, where it does not lie any more where the index says.");
        Shortcut("--teacher", "teacher.tuned", "FOLDER", "The student's teacher, where the index does not name it.");
        Shortcut("--root", "serve.root", "FOLDER", "Folder below which the browser may import folders into the index.");
        Shortcut("--address", "serve.address", "IP", "Address to listen on; any but this machine's own asks for a token.");
        Shortcut("--token-file", "serve.token_file", "FILE", "File with the token that others must know; made where it is not there.");
    }

    protected ServeCommand(CliHost host, string name, string summary, string example)
        : base(host, name, summary, example)
    {
        Shortcut("--port", "serve.port", "N", "Port; 0 = one that is free.");
        Flag("--open", "serve.open", "Opens the page in the browser.");
    }

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.Search.Device);

    protected override ServeReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        PhotoServer.Run(config, url => Show(config, url, log), log, cancellation);

    protected override void Report(ServeReport result, Screen output) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{result.Requests:N0} requests in {result.Seconds:0} s."));

    private static void Show(RunConfig config, string url, IRunLog log)
    {
        if (config.Serve.Open)
        {
            Browser.Visit(url, log.Warn);
        }
    }
}
