using Llm2Clip.Configuration;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Tests.Pipeline;

/// <summary>A run of all stages that takes seconds.</summary>
internal static class TinyPipeline
{
    /// <summary>The shipped run file with few images, small models and one epoch.</summary>
    public static RunConfig Load(string folder, params string[] more)
    {
        var root = SharedData.RepositoryRoot();
        var (data, output) = (Path.Combine(folder, "data"), Path.Combine(folder, "run"));
        var scenes = new SceneData(seed: 11, validationCount: 12);
        SceneShards.Write(data, "train", 40, 20, scenes.Training);
        SceneShards.Write(data, "val", 12, 20, scenes.Validation);
        foreach (var grammar in new IGrammar[] { Grammars.German, Grammars.Chinese })
        {
            File.WriteAllLines(Path.Combine(data, grammar.Language + ".txt"), QuickStartData.Sentences(grammar, scenes).Take(30));
        }
        return ConfigBinder.Load<RunConfig>(Path.Combine(root, QuickStart.ConfigFile),
        [
            $"data.train={data}/train-*.tar",
            $"data.val={data}/val-*.tar",
            "data.workers=1",
            $"teacher.path={Path.Combine(root, "data", "quickstart", "teacher.gguf")}",
            "teacher.threads=1",
            $"cc_finetune.output={output}/teacher",
            $"cc_finetune.raw_store={output}/raw",
            $"cc_finetune.language_text=[{{path: {data}/de.txt, language: de}}, {{path: {data}/zh.txt, language: zh}}]",
            "cc_finetune.adapter.dimension=32",
            "cc_finetune.batch_size=20",
            "cc_finetune.epochs=1",
            $"extract.store={output}/store",
            $"extract.raw_store={output}/raw",
            $"extract.data=['{data}/train-*.tar', '{data}/val-*.tar']",
            "model.patch_size=16",
            "model.width=32",
            "model.layers=1",
            "model.heads=2",
            "model.embed_dim=32",
            $"clip_train.output={output}/student",
            "clip_train.batch_size=20",
            "clip_train.epochs=1",
            $"eval.output={output}",
            $"eval.raw_store={output}/raw",
            .. more,
        ]);
    }
}
