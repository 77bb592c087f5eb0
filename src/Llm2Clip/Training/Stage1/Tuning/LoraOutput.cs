using Llm2Clip.Files;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>
/// What the training of LoRA leaves in a teacher folder: <c>lora.gguf</c>, which llama.cpp loads beside the model, and in the folder
/// <c>lora</c> the same in PEFT's layout with a <c>teacher.json</c> of its own, the tuned LLM without means and adapter.
/// </summary>
/// <param name="teacher">Teacher folder.</param>
/// <param name="base">The LLM and how it is read.</param>
/// <param name="llm">What is trained.</param>
internal sealed class LoraOutput(string teacher, TeacherFiles @base, TunedLlm llm)
{
    /// <summary>Folder in the teacher's folder.</summary>
    public const string FolderName = "lora";

    /// <summary>The folder for what only LoRA has: checkpoint, metrics, PEFT's layout.</summary>
    public static string FolderOf(string teacher) => Path.Combine(teacher, FolderName);

    /// <summary>Makes a teacher of a checkpoint's folder <paramref name="into"/>, which is renamed when all is written.</summary>
    public void Describe(string into)
    {
        using var weights = LoraWeights.Of(llm.Model);
        var place = Path.Combine(FolderOf(teacher), TeacherFolder.CheckpointName);
        var file = Path.Combine(into, TeacherFolder.LoraName);
        LoraGguf.Write(file, weights, llm.Model.Shape);
        TeacherFolder.Write(into, Manifest(place, TeacherFolder.LoraName, LoraFiles.Hash(file)));
    }

    /// <summary>
    /// Writes the weights as they are now. Another LoRA's adapter cannot be trained further: its checkpoint is deleted.
    /// </summary>
    /// <exception cref="RunException">There is no room, or no right to write.</exception>
    public TeacherLora Save(IRunLog log)
    {
        var (folder, path) = (FolderOf(teacher), Path.Combine(teacher, TeacherFolder.LoraName));
        var before = File.Exists(path) ? LoraFiles.Hash(path) : null;
        using var weights = LoraWeights.Of(llm.Model);
        try
        {
            LoraPeft.Write(folder, weights, llm.Model.Shape);
            LoraGguf.Write(path, weights, llm.Model.Shape);
        }
        catch (IOException error)
        {
            throw new RunException(
                $"The LoRA could not be written to {teacher}: {error.Message} The checkpoint is kept; make room and run the command again.",
                error);
        }
        var lora = TeacherLora.Of(path, GgufFile.Open(@base.Model.Path));
        TeacherFolder.Write(folder, Manifest(folder, Path.GetRelativePath(folder, path), lora.Sha256));
        var adapter = CaptionTask.CheckpointOf(teacher);
        if (before is not null && before != lora.Sha256 && AtomicFolder.Find(adapter) is not null)
        {
            log.Info("The LoRA is another one than before: the adapter starts anew.");
            log.Detail($"{adapter} is deleted.");
            AtomicFolder.Delete(adapter);
        }
        log.Info($"LoRA written to {path}.");
        log.Detail($"In PEFT's layout it is in {folder}.");
        return lora;
    }

    /// <summary>
    /// Holds what libllama computes with the file against the tensors. Where the teacher runs in libllama, a difference beyond roundings is
    /// an error (<see cref="RunException"/>); where it runs in tensors, the log warns of it.
    /// </summary>
    public void Compare(TeacherLora lora, IReadOnlyList<string> texts, IRunLog log, CancellationToken cancellation)
    {
        using var weights = LoraWeights.Of(llm.Model);
        try
        {
            var found = LoraAgreement.Measure(
                @base.Model with { Lora = lora }, weights, @base.Settings, new TeacherConfig(), texts, cancellation);
            log.Info(FormattableString.Invariant($"The LoRA in libllama: cosine {found.Least:0.00000} or more on {texts.Count} captions."));
            log.Detail($"{lora.Path}: {found.Text}.");
        }
        catch (RunException error) when (@base.Settings.Runtime == TeacherRuntime.Tensors)
        {
            log.Warn($"{error.Message} The teacher runs in tensors, which this does not concern.");
        }
    }

    private TeacherManifest Manifest(string place, string lora, string sha256) => new()
    {
        Gguf = Path.GetRelativePath(place, @base.Model.Path),
        GgufSha256 = @base.Model.Sha256,
        Lora = lora,
        LoraSha256 = sha256,
        Settings = @base.Settings,
        Dimension = llm.Encoder.Dimension,
    };
}
