using Llm2Clip.Configuration;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Pipeline;

/// <summary>What an export wrote.</summary>
/// <param name="To">File or folder.</param>
/// <param name="Format">Its number format, or <c>peft</c>.</param>
/// <param name="Products">Products of the LLM that the LoRA changes.</param>
/// <param name="Rank">Rank of the changes.</param>
/// <param name="Scale">What the changes are multiplied by.</param>
public sealed record ExportResult(string To, string Format, int Products, int Rank, double Scale);

/// <summary>
/// The <c>export</c> commands: a teacher's LoRA for llama.cpp or PEFT, and its LLM with the LoRA in its weights. Nothing is run.
/// </summary>
public static class Export
{
    private const string GgufEnd = ".gguf";

    /// <summary>
    /// Writes the LoRA of the run's teacher: a GGUF adapter where <c>export.to</c> ends in <c>.gguf</c>, else a folder of PEFT.
    /// </summary>
    /// <exception cref="ConfigException">No teacher or place is named, or the number format is none of a LoRA.</exception>
    /// <exception cref="InputException">The teacher has no LoRA, or one that cannot be read.</exception>
    public static ExportResult Lora(RunConfig run, IRunLog log)
    {
        var (to, type) = (run.Export.To, run.Export.Type ?? GgufFormat.F32);
        return Write(run, log, (model, shape, lora) =>
        {
            if (!IsGguf(to))
            {
                LoraPeft.Write(to, lora, shape, run.Export.HasHead);
                return "peft";
            }
            if (type is not (GgufFormat.F32 or GgufFormat.F16))
            {
                throw new ConfigException($"export.type is {Name(type)}, and a LoRA is written as f32 or f16.");
            }
            RefuseOwn(to, model);
            LoraGguf.Write(to, lora, shape, TypeOf(type));
            return Name(type);
        });
    }

    /// <summary>Writes the LLM of the run's teacher with the LoRA in its weights, one GGUF file.</summary>
    /// <exception cref="ConfigException">No teacher or place is named, or the place is no GGUF file.</exception>
    /// <exception cref="InputException">The teacher has no LoRA, or one that cannot be read.</exception>
    public static ExportResult Gguf(RunConfig run, IRunLog log)
    {
        var (to, type) = (run.Export.To, run.Export.Type ?? GgufFormat.F16);
        return Write(run, log, (model, _, lora) =>
        {
            if (!IsGguf(to))
            {
                throw new ConfigException($"export.to is {to}; a model is written to a file ending in {GgufEnd}.");
            }
            RefuseOwn(to, model);
            MergedGguf.Write(to, GgufFile.Open(model.Path), lora, TypeOf(type));
            return Name(type);
        });
    }

    private static ExportResult Write(RunConfig run, IRunLog log, Func<TeacherModel, DecoderShape, LoraWeights, string> write)
    {
        Needs.OfExport(run);
        using var files = RunTeacher.Open(run, log);
        if (files.Model.Lora is null)
        {
            throw new InputException(
                $"The teacher {run.TunedTeacher().Path} has no LoRA, so there is nothing to export. Name one (teacher.lora), or a teacher "
                + "that was trained with cc_finetune.lora.");
        }
        var header = GgufFile.Open(files.Model.Path);
        using var weights = GgufWeights.Open(header);
        var shape = DecoderShapes.Read(header, weights);
        using var lora = LoraFiles.Read(files.Model.Lora.Path, header, weights, shape);
        var format = write(files.Model, shape, lora);
        if (files.Adapter is not null)
        {
            log.Info("The adapter and its means are not part of what was written.");
            log.Detail("Other programs get the LLM's own vectors.");
        }
        return new ExportResult(run.Export.To, format, lora.Changes.Count, lora.Shape.Rank, lora.Shape.Scale);
    }

    /// <summary>A file that is read is not written over.</summary>
    private static void RefuseOwn(string to, TeacherModel model)
    {
        if (new[] { model.Path, model.Lora!.Path }.Any(path => Path.GetFullPath(path) == Path.GetFullPath(to)))
        {
            throw new ConfigException($"export.to is {to}, which is read for it. Name another file.");
        }
    }

    private static bool IsGguf(string path) => path.EndsWith(GgufEnd, StringComparison.OrdinalIgnoreCase);

    private static string Name(GgufFormat format) => ConfigSchema.SnakeCase(format.ToString());

    private static GgufType TypeOf(GgufFormat format) => format switch
    {
        GgufFormat.F16 => GgufType.F16,
        GgufFormat.Bf16 => GgufType.BF16,
        GgufFormat.Q8_0 => GgufType.Q8_0,
        _ => GgufType.F32,
    };
}
