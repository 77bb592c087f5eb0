using Llm2Clip.Cli.Reports;
using Llm2Clip.Evaluation;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>eval captions</c>: what a teacher is worth, before days are spent on it.</summary>
internal sealed class EvalCaptionsCommand : RunCommand<CaptionProbeResult>
{
    public EvalCaptionsCommand(CliHost host)
        : base(host, "captions",
            "Finds captions by other captions of the same image, within and across languages, with any teacher or bare GGUF.",
            "llm2clip eval captions --teacher data/quickstart/teacher.gguf --data 'data/quickstart/val-*.tar'")
    {
        Shortcut("--teacher", "teacher.tuned", "FILE|FOLDER", "Bare GGUF or teacher folder.");
        Shortcut("--data", "eval_captions.data", "PATTERN", "Data that is probed.");
        Shortcut("--layers", "eval_captions.layers", "LIST", "Compares layers of the LLM: all, or some such as '0, 13, 13 causal'.");
    }

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfLlm(config.Teacher);

    protected override CaptionProbeResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        EvalCaptions.Run(config, log, cancellation);

    protected override void Report(CaptionProbeResult result, Screen output) => CaptionProbeTable.Print(result, output);
}
