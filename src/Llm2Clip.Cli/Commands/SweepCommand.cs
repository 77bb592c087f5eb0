using System.Globalization;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Configuration;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>sweep</c>: the same run with several values of some keys and several seeds.</summary>
internal sealed class SweepCommand : RunCommand<SweepReport>
{
    public SweepCommand(CliHost host)
        : base(host, "sweep",
            "Runs a run file with several values of some keys, and several seeds, and compares the runs. --set gives a key several values "
            + "with commas between them; every value of each key with every value of the others is a run. What is finished is not "
            + "repeated.",
            "llm2clip sweep --config configs/quickstart.yaml --out runs/sweep --set cc_finetune.epochs=1 --set clip_train.epochs=1 "
            + "--set clip_train.learning_rate=2e-3,5e-4 --seeds 0,1")
    {
        ListShortcut("--seeds", "sweep.seeds", "SEED,SEED", "Seeds of the training; each combination is run with each of them.");
        ListShortcut(
            "--commands", "sweep.commands", "NAME,NAME", "Commands of each run: cc_finetune, extract, clip_train, eval_retrieval, ...");
        Shortcut("--out", "sweep.output", "FOLDER", "Folder of the sweep, with a folder per run.");
    }

    protected override bool Resumes => true;

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.ClipTrain.Device);

    /// <summary>A key with one value is set for all runs; those with several become <c>sweep.set</c>.</summary>
    protected override IReadOnlyList<string> Settings(IReadOnlyList<string> given)
    {
        var split = given.Select(one => (Whole: one, Key: one.Split('=')[0], Values: SweptValues.Split(one))).ToList();
        var axes = split.Where(one => one.Values.Count > 1).Select(one => (one.Key, one.Values)).ToList();
        IEnumerable<string> single = split.Where(one => one.Values.Count <= 1).Select(one => one.Whole);
        return axes.Count == 0 ? [.. single] : [.. single, ConfigBinder.MapAssignment("sweep.set", axes)];
    }

    protected override SweepReport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        Sweep.Run(config, log, cancellation);

    protected override void Report(SweepReport result, Screen output)
    {
        ComparisonTables.Print(result.Comparison, output);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Runs.Count} runs: {result.Commands} commands run, {result.AlreadyDone} done before or shared with another run."));
    }
}
