using System.Globalization;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Pipeline;
using Llm2Clip.Training.Stage1;

namespace Llm2Clip.Cli.Commands;

/// <summary><c>cc-finetune</c>: the teacher.</summary>
internal sealed class CcFinetuneCommand : RunCommand<CcFinetuneResult>
{
    public CcFinetuneCommand(CliHost host)
        : base(host, "cc-finetune",
            "Trains an adapter over the LLM on captions of one image, and writes the teacher folder, by default in the folder of the run, "
            + "where extract, clip-train and eval find it; resumes from its last checkpoint.",
            "llm2clip cc-finetune --config configs/quickstart.yaml --output runs/teacher")
    {
        Shortcut("--teacher", "teacher.path", "GGUF", "The LLM.");
        Shortcut("--data", "data.train", "PATTERN", "Data whose captions are trained on.");
        Shortcut("--output", "cc_finetune.output", "FOLDER", "Teacher folder.");
    }

    protected override bool Resumes => true;

    protected override string? DeviceOf(RunConfig config) => RunDevice.OfTensors(config.CcFinetune.Device);

    protected override CcFinetuneResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        CcFinetune.Run(config, log, cancellation);

    protected override void Report(CcFinetuneResult result, Screen output)
    {
        if (result.Probe is { } probe)
        {
            CaptionProbeTable.Print(probe, output);
        }
        if (result.Lora is { } lora)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"LoRA: {lora.Steps:N0} steps of {lora.Trained:N0} parameters, that of step {lora.KeptStep:N0} kept; ")
                + string.Create(CultureInfo.InvariantCulture, $"{lora.TrainSeconds:0} s"));
        }
        output.WriteLine(result.Steps == 0 && result.History.Count == 0
            ? string.Create(CultureInfo.InvariantCulture,
                $"Means of {result.Captions:N0} captions of {result.Images:N0} images, nothing trained; {result.Seconds:0} s; ")
                + $"teacher in {result.Output}"
            : string.Create(CultureInfo.InvariantCulture,
                $"{result.Steps:N0} steps on {result.Captions:N0} captions of {result.Images:N0} images, loss {result.FinalLoss:0.000}, "
                + $"epoch {result.KeptEpoch} kept; {result.Seconds:0} s; teacher in {result.Output}"));
    }
}
