using System.Globalization;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary>What the <c>export</c> commands share.</summary>
internal abstract class ExportedCommand : RunCommand<ExportResult>
{
    protected ExportedCommand(CliHost host, string name, string summary, string example)
        : base(host, name, summary, example)
    {
        Shortcut("--teacher", "teacher.tuned", "FOLDER", "Teacher folder, or bare GGUF with --set teacher.lora.");
        Shortcut("--to", "export.to", "PATH", "What is written.");
        Shortcut("--type", "export.type", "TYPE", "Number format of a GGUF file: f32 or f16, and of a model bf16 or q8_0 too.");
    }

    protected override void Report(ExportResult result, Screen output) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.To}: {result.Format}; LoRA of rank {result.Rank} with scale {result.Scale:0.####} of {result.Products:N0} products"));
}

/// <summary><c>export lora</c>: the LoRA for llama.cpp or PEFT.</summary>
internal sealed class ExportLoraCommand(CliHost host) : ExportedCommand(
    host, "lora", "Writes a teacher's LoRA as a GGUF adapter for llama.cpp, or as a folder of PEFT where --to does not end in .gguf.",
    "llm2clip export lora --teacher runs/lora --to runs/lora-peft")
{
    protected override ExportResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) => Export.Lora(config, log);
}

/// <summary><c>export gguf</c>: the LLM with the LoRA in its weights.</summary>
internal sealed class ExportGgufCommand(CliHost host) : ExportedCommand(
    host, "gguf", "Writes a teacher's LLM with the LoRA in its weights as one GGUF file.",
    "llm2clip export gguf --teacher runs/lora --to runs/merged.gguf --type q8_0")
{
    protected override ExportResult Execute(RunConfig config, IRunLog log, CancellationToken cancellation) => Export.Gguf(config, log);
}
