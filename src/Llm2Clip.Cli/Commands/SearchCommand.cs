using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;
using Llm2Clip.Search;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>search</c>: images of an index by sentences in any language, by images, or by several of them.</summary>
internal sealed class SearchCommand : RunCommand<SearchReport>
{
    private bool _opens;

    public SearchCommand(CliHost host)
        : base(host, "search",
            "Finds images of an index by a sentence in any language, or by an image. A weight follows a ^, as in \"a dog^2\".",
            "llm2clip search \"ein roter Stern am Himmel\" --index runs/photos --top 5 --html runs/found.html")
    {
        Positionals("SENTENCE", "search.texts", "What to look for; several count together.");
        Shortcut("--index", "search.index", "FOLDER", "The folder that `llm2clip index` wrote.");
        RepeatedShortcut("--image", "search.images", "FILE", "An image to search by.");
        RepeatedShortcut("--not", "search.not", "SENTENCE", "What the images found should not show.");
        Shortcut("--language", "search.language", "LABEL", "Language of the sentences, such as de; detected without it.");
        Shortcut("--top", "search.top", "N", "Images to find.");
        Shortcut("--from", "search.from", "DATE", "First day, month or year: 2024-07-01, 2024-07, 2024.");
        Shortcut("--to", "search.to", "DATE", "Last day, month or year.");
        Shortcut("--folder", "search.folder", "FOLDER", "Only images below this folder.");
        Shortcut("--shape", "search.shape", "landscape|portrait|square", "Only images of this shape.");
        Shortcut("--teacher", "teacher.tuned", "FOLDER", "The student's teacher, where the index does not name it.");
        Shortcut("--html", "search.html", "FILE", "Writes a page with the images found, which needs no other file.");
        Flag("--open", "search.open", "Opens the page in the browser.");
    }

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.Search.Device);

    protected override SearchReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation)
    {
        _opens = config.Search.Open;
        return ImageSearch.Run(config, log, cancellation);
    }

    protected override void Report(SearchReport result, Screen output)
    {
        SearchTable.Print(result, output);
        if (_opens)
        {
            Browser.Show(result.Page, output);
        }
    }
}
