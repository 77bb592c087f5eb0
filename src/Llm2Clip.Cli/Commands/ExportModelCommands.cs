using System.Globalization;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Cli.Commands;

/// <summary>What the <c>export</c> commands of whole models share.</summary>
internal abstract class ExportModelCommand : RunCommand<ModelExport>
{
    protected ExportModelCommand(CliHost host, string name, string summary, string example)
        : base(host, name, summary, example)
    {
        Shortcut(
            "--model", "eval.model", "FOLDER", "Student: the folder of a run, of its model or of a checkpoint; a whole CLIP; or a tower.");
        Shortcut("--to", "export.to", "FOLDER", "The folder that is written.");
    }

    protected override void Report(ModelExport result, Screen output)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{result.To}: {string.Join(", ", result.Files)}; vectors of {result.EmbedDim} elements"));
        foreach (var note in result.Notes)
        {
            output.Paragraph($"Note: {note}");
        }
    }
}

/// <summary><c>export onnx</c>: image encoder and text side as ONNX files.</summary>
internal sealed class ExportOnnxCommand(CliHost host) : ExportModelCommand(
    host, "onnx", "Writes a model's image encoder and its text side (adapter or text tower) as ONNX files.",
    "llm2clip export onnx --model runs/quickstart --to runs/onnx")
{
    protected override ModelExport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        ExportModels.Onnx(config, log);
}

/// <summary><c>export hf</c>: a folder of Hugging Face with a model card.</summary>
internal sealed class ExportHuggingFaceCommand : ExportModelCommand
{
    public ExportHuggingFaceCommand(CliHost host)
        : base(
            host, "hf", "Writes a model as a folder of Hugging Face, with a model card: recipe, data, scores, licenses, lines of Python.",
            "llm2clip export hf --model runs/quickstart --to runs/hf --license mit")
    {
        Shortcut("--name", "export.name", "NAME", "Title of the card; the folder's name without it.");
        Shortcut("--license", "export.license", "LICENSE", "License of the model, by Hugging Face's identifier, such as mit.");
    }

    protected override ModelExport Execute(RunConfig config, IRunLog log, CancellationToken cancellation) =>
        ExportModels.HuggingFace(config, log);
}
