using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>index</c>: images encoded once, so that they can be searched; with commands that look after an index.</summary>
internal sealed class IndexCommand : RunCommand<IndexReport>
{
    public IndexCommand(CliHost host)
        : base(host, "index",
            "Makes images searchable: vectors, thumbnails, dates and places. Run again, it takes in what is new or changed, and takes out "
            + "what is gone.",
            "llm2clip index 'data/quickstart/val-*.tar' --model runs/quickstart --out runs/photos")
    {
        Positional("PATTERN", "index.data",
            "A folder of images, or tars, Parquet files or a list, as in data.train. Without it, what the index was made of.");
        Shortcut("--model", "eval.model", "FOLDER", "Student: the folder of a run, of its model or of a checkpoint.");
        Shortcut("--teacher", "teacher.tuned", "FOLDER", "The teacher that it was trained with, where it does not lie beside it.");
        Shortcut("--out", "index.output", "FOLDER", "Folder of the index.");
        Shortcut("--graph", "index.graph", "auto|always|never", "A graph of neighbors, for a million images and more.");
        foreach (var command in IndexCareCommands.All(host))
        {
            Add(command);
        }
    }

    protected override bool Resumes => true;

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.Index.Device);

    protected override IndexReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        IndexImages.Run(config, log, cancellation);

    protected override void Report(IndexReport result, Screen output) => IndexSummary.Print(result, output);
}
