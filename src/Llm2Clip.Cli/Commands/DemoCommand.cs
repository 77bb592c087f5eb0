using Llm2Clip.Pipeline;
using Llm2Clip.Web;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>demo</c>: the images of the quick start, searched from a browser.</summary>
internal sealed class DemoCommand : ServeCommand
{
    public DemoCommand(CliHost host)
        : base(host, "demo",
            "Makes an index of the quick start's images by its result, and serves it. Runs the quick start first where that was not done.",
            "llm2clip demo")
    {
    }

    protected override string? DefaultConfig => QuickStartCommand.RunFile();

    protected override ServeReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation)
    {
        if (!Demo.HasStudent(config))
        {
            log.Info("The quick start was not run yet; it takes a few minutes.");
            QuickStart.Run(config, log, cancellation);
        }
        var served = Demo.Index(config, log, cancellation);
        return base.Execute(served with { Serve = served.Serve with { Open = true } }, log, cancellation);
    }
}
