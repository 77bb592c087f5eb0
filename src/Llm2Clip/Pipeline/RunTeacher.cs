using Llm2Clip.Configuration;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Pipeline;

/// <summary>The teacher that a run file's later stages work with, and its store of raw vectors.</summary>
internal static class RunTeacher
{
    /// <summary>
    /// Opens the teacher's files, not the LLM. Throws <see cref="ConfigException"/> where none is named, or where the run's teacher folder
    /// was made of another LLM than the one that the run file names.
    /// </summary>
    public static TeacherFiles Open(RunConfig run, IRunLog log)
    {
        var tuned = run.TunedTeacher();
        if (run.Teacher.Tuned.Length == 0 && tuned.Path != run.Teacher.Path)
        {
            tuned = tuned with { Lora = null }; // it is for teacher.path, and the folder that was made of that says what became of it
        }
        var path = ConfigBinder.Required(tuned.Path, "teacher.tuned", "the teacher folder or GGUF");
        var files = TeacherFiles.Open(path, tuned);
        try
        {
            RequireSameLlm(run, path, files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
        if (path == run.Teacher.Path && files.Adapter is null && run.Teacher.Tuned.Length == 0)
        {
            log.Info($"There is no teacher in {run.TeacherOutput()}: the bare LLM {path} is the teacher. `llm2clip cc-finetune` makes a "
                + "better one of it; then extract and clip-train start anew.");
        }
        return files;
    }

    /// <summary>
    /// The store of raw vectors: the one that a key names, else the teacher folder's own, else the run's, where it is there and of this
    /// LLM. A bare LLM's vectors in extract.store are raw ones too. Empty where there is none.
    /// </summary>
    /// <param name="run">The run file.</param>
    /// <param name="named">What the key says.</param>
    /// <param name="fingerprint">Fingerprint of the LLM's vectors.</param>
    /// <param name="ofTeacher">The store that the teacher folder names; empty for none.</param>
    public static string RawStore(RunConfig run, string named, string fingerprint, string ofTeacher)
    {
        if (named.Length > 0)
        {
            return named;
        }
        string[] places = [ofTeacher, run.RawStore(), run.VectorStore()];
        return Array.Find(places, place => place.Length > 0 && EmbeddingStore.FingerprintOf(place) == fingerprint) ?? "";
    }

    /// <summary>
    /// The same for a command that fills the store: where there is none, the one that cc-finetune of this run file would make. Empty where
    /// that is another LLM's.
    /// </summary>
    public static string RawStoreToFill(RunConfig run, string named, string fingerprint, string ofTeacher) =>
        RawStore(run, named, fingerprint, ofTeacher) is { Length: > 0 } found ? found
        : EmbeddingStore.FingerprintOf(run.RawStore()) is null ? run.RawStore()
        : "";

    /// <summary>
    /// Throws <see cref="InputException"/> where a folder holds the vectors of another teacher, naming the setting that differs.
    /// </summary>
    public static void RequireStoreOf(TeacherFiles teacher, string store) => Require(store, teacher.Fingerprint, teacher.Describe());

    /// <summary>The same for vectors of another LLM.</summary>
    public static void RequireRawStoreOf(TeacherFiles teacher, string store) =>
        Require(store, teacher.RawFingerprint, teacher.DescribeLlm());

    private static void Require(string store, string fingerprint, IReadOnlyDictionary<string, string> description)
    {
        if (store.Length > 0 && EmbeddingStore.Exists(store))
        {
            EmbeddingStore.RequireTeacher(store, EmbeddingStoreManifest.Read(store), fingerprint, description);
        }
    }

    private static void RequireSameLlm(RunConfig run, string path, TeacherFiles files)
    {
        var llm = run.Teacher.Path;
        if (run.Teacher.Tuned.Length > 0 || path == llm || !File.Exists(llm))
        {
            return;
        }
        if (WeightsHash.Of(GgufFile.Open(llm)) == files.Model.Sha256)
        {
            RequireSameLora(run.Teacher, path, files.Model.Lora);
            return;
        }
        throw new ConfigException(
            $"The teacher in {path} was made of another LLM ({Path.GetFileName(files.Model.Path)}) than teacher.path names ({llm}). Run "
            + "`llm2clip cc-finetune` for this LLM with another folder of the run (output), or name the teacher to use (teacher.tuned).");
    }

    /// <summary>A LoRA that cc-finetune trained lies in the teacher folder, and may have begun as any.</summary>
    private static void RequireSameLora(TeacherConfig teacher, string folder, TeacherLora? found)
    {
        var isTrained = found is not null && Path.GetDirectoryName(found.Path) == Path.GetFullPath(TeacherFolder.Find(folder));
        var wanted = teacher.Lora is { Length: > 0 } named ? LoraFiles.Hash(named) : null;
        if (!isTrained && wanted != found?.Sha256)
        {
            throw new ConfigException(
                $"The teacher in {folder} was made with {(found is null ? "no LoRA" : $"the LoRA {found.Path}")}, and teacher.lora names "
                + $"{(wanted is null ? "none" : teacher.Lora)}. Run `llm2clip cc-finetune` with this teacher.lora and another folder of "
                + "the run (output), or name the teacher to use (teacher.tuned).");
        }
    }
}
