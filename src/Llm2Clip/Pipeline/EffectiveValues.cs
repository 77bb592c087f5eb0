using System.Collections;
using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Data.Loading;
using Llm2Clip.Models;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Pipeline.Sweeps;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Pipeline;

/// <summary>
/// What the keys that are left empty come to, for <c>--print-config</c>: the value where the run file alone says it, else in words where it
/// comes from. No data, GGUF or model is opened.
/// </summary>
internal static class EffectiveValues
{
    private const string AllThereAre = "all that the data has";
    private const string RawStores = "the teacher's or the run's, else a temporary one";
    private const string Labels = "cls in tars, label in lists";
    private const string Gpu = "cuda:0 where there is a GPU, else cpu";

    /// <summary>Texts by the path of their key. A key that has a value of its own has none.</summary>
    public static IReadOnlyDictionary<string, string> Of(RunConfig run)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        IEnumerable<(string Key, string Text)> all =
            [.. OfData(run), .. OfTeacher(run), .. OfTraining(run), .. OfModel(run.Model), .. OfUses(run)];
        foreach (var (key, text) in all)
        {
            if (IsEmpty(run, key))
            {
                found.Add(key, text);
            }
        }
        return found;
    }

    private static IEnumerable<(string Key, string Text)> OfData(RunConfig run) =>
    [
        ("data.train_sets", Named(run.Data.Train, "data.train")),
        ("data.image_root", "the list's own folder"),
        ("data.image_key", "the first column of a known name"),
        ("data.language", "en; zh for chinese_clip"),
        ("data.kind", "short; long for sharegpt4v"),
        ("data.caption_keys", "the fields of known names"),
        ("data.upright", "true for folders and lists of image files, false for shards"),
        ("data.background", "alpha is dropped"),
        ("data.prefetch", "4, fewer of large batches"),
        ("data.workers", $"{LoaderConfig.Threads(run.Data.Workers)} threads"),
    ];

    private static IEnumerable<(string Key, string Text)> OfTeacher(RunConfig run)
    {
        var tuned = run.TunedTeacher().Path;
        yield return ("teacher.tuned", tuned.Length == 0 ? "none is named" : tuned == run.TeacherOutput() ? $"{tuned} (cc_finetune.output)"
            : $"{tuned} (teacher.path)");
        var manifest = Path.Combine(tuned, TeacherFolder.ManifestName);
        var stored = tuned.Length > 0 && File.Exists(manifest) ? TeacherFolder.Read(tuned) : null;
        var folder = stored?.Settings;
        var settings = folder ?? new TeacherSettings();
        yield return ("teacher.lora", stored?.Lora is { } lora ? $"{lora} ({manifest})" : "none");
        var stated = new[] { nameof(TeacherConfig.Pooling), nameof(TeacherConfig.Attention) };
        foreach (var key in ConfigSchema.Of(typeof(TeacherSettings)).Keys)
        {
            var value = Text(key.Property.GetValue(settings));
            var isStated = folder is null && stated.Contains(key.Property.Name);
            var text = isStated ? $"from the GGUF, else {value}" : value;
            yield return ($"teacher.{key.Name}", folder is not null ? $"{value} ({manifest})" : text);
        }
        var batch = (run.Teacher.Runtime ?? settings.Runtime) == TeacherRuntime.Tensors
            ? TensorRuntime.StandardBatch
            : DecoderOptions.StandardBatch;
        yield return ("teacher.batch_tokens", Text(batch));
        yield return ("teacher.device", Gpu);
        yield return ("teacher.threads", $"{Environment.ProcessorCount}, one per core");
    }

    private static IEnumerable<(string Key, string Text)> OfTraining(RunConfig run)
    {
        var (cc, clip) = (run.CcFinetune, run.ClipTrain);
        var rate = clip.LearningRate.ToString(CultureInfo.InvariantCulture);
        return
        [
            ("cc_finetune.output", run.TeacherOutput()),
            ("cc_finetune.raw_store", run.RawStore()),
            ("cc_finetune.languages", AllThereAre),
            ("cc_finetune.means_from", "no data"),
            ("cc_finetune.kinds", "all"),
            ("cc_finetune.micro_batch", "the whole batch"),
            ("cc_finetune.pairs", "the training language to itself, and to and from every other"),
            ("cc_finetune.device", Gpu),
            ("cc_finetune.lora.blocks", "all up to the one that is read"),
            ("clip_train.output", run.StudentOutput()),
            ("clip_train.init", "new weights, or those of model.init"),
            ("clip_train.epochs", clip.EpochBudget > 0 ? Text(clip.EpochBudget) : "no limit"),
            ("clip_train.epoch_samples", "as many as the data has"),
            ("clip_train.long_share", "each caption as often as any other"),
            ("clip_train.device", Gpu),
            ("clip_train.micro_batch", "the whole batch"),
            ("clip_train.text_learning_rate", rate),
            ("clip_train.scale_learning_rate", rate),
            ("clip_train.scale_start", Math.Exp(clip.LogitScaleStart).ToString("0.##", CultureInfo.InvariantCulture)),
            ("clip_train.unlocked_blocks", "all of the image encoder"),
            ("clip_train.view_seed", Text(clip.Seed)),
            ("clip_train.feature_cache", run.FeatureCache()),
            ("clip_train.captions", "all that extract takes"),
            ("clip_train.retention.data", "nothing is watched"),
            ("clip_train.retention.label_key", Labels),
            ("clip_train.retention.classes", "the nearest class mean is measured"),
            ("clip_train.retention.templates", "those in the file of classes"),
            ("clip_train.retention.max_drop", "training does not stop by it"),
        ];
    }

    private static IEnumerable<(string Key, string Text)> OfModel(StudentConfig model)
    {
        if (model.Init.Length > 0)
        {
            var own = $"from {model.Init}";
            return new[] { "image_size", "patch_size", "width", "layers", "heads", "mlp_ratio", "activation" }
                .Select(key => ("model." + key, own))
                .Concat([
                    ("model.embed_dim", "512; of a tower without a projection, or whose projection is kept, its own"),
                    ("model.positions", $"as the library of {model.Init}"),
                    ("model.mean", own),
                    ("model.std", own),
                ])
                .Concat(OfResNet("as init says"));
        }
        if (ResNets.AreMeant(model))
        {
            return new[] { "patch_size", "width", "layers", "heads", "mlp_ratio", "activation", "positions" }
                .Select(key => ("model." + key, "a residual network has none"))
                .Concat(new[] { "image_size", "embed_dim", "mean", "std" }.Select(key => ("model." + key, $"of preset {model.Preset}")))
                .Concat([("model.batch_norm", "trained"), ("model.stages", "layer4")]);
        }
        var shape = model.Vision;
        return new (string Key, object Value)[]
        {
            ("image_size", shape.ImageSize), ("patch_size", shape.PatchSize), ("width", shape.Width), ("layers", shape.Layers),
            ("heads", shape.Heads), ("mlp_ratio", (double)shape.MlpWidth / shape.Width), ("activation", shape.Activation),
            ("embed_dim", shape.EmbedDim), ("positions", "no model to start from"), ("mean", Numbers(shape.Transform.Mean)),
            ("std", Numbers(shape.Transform.Std)),
        }.Select(key => ("model." + key.Key, Text(key.Value))).Concat(OfResNet("no residual network"));

        static string Numbers(IReadOnlyList<float> values) =>
            string.Join(", ", values.Select(value => value.ToString(CultureInfo.InvariantCulture)));
    }

    private static IEnumerable<(string Key, string Text)> OfResNet(string text) => [("model.batch_norm", text), ("model.stages", text)];

    private static IEnumerable<(string Key, string Text)> OfUses(RunConfig run) =>
    [
        ("extract.store", run.VectorStore()),
        ("extract.raw_store", $"{run.RawStore()}, where it is this LLM's"),
        ("extract.data", run.ExtractedData().Count > 0 ? string.Join(", ", run.ExtractedData()) : "data.train, which is empty"),
        ("extract.languages", run.StudentLanguages() is { Count: > 0 } languages ? string.Join(", ", languages) : AllThereAre),
        ("extract.kinds", "all"),
        ("eval.model", Named(run.NamedStudent(), "clip_train.output")),
        ("eval.means_from", "no data"),
        ("eval.querybank.from", "eval.means_from, else cc_finetune.means_from"),
        ("eval.data", Named(run.EvaluationData(), "data.val")),
        ("eval.languages", AllThereAre),
        ("eval.kinds", "all"),
        ("eval.caption_words", "whole captions alone"),
        ("eval.raw_store", RawStores),
        ("eval.device", Gpu),
        ("eval.output", "the model's folder; of a checkpoint, eval in the folder of its run"),
        ("eval_captions.data", Named(run.ProbedData(), "data.val")),
        ("eval_captions.pairs", $"{run.EvalCaptions.TrainingLanguage} to itself, and to and from every other"),
        ("eval_captions.layers", "the teacher as it is"),
        ("eval_captions.raw_store", RawStores),
        ("eval_zeroshot.templates", "those in the file of classes"),
        ("eval_zeroshot.label_key", Labels),
        ("eval_zeroshot.languages", "all that there are templates of"),
        ("eval_zeroshot.output", "eval.output, else as that says"),
        ("eval_linear_probe.label_key", Labels),
        ("eval_linear_probe.feature_cache", "features, in the folder of the result"),
        ("eval_linear_probe.output", "eval.output, else as that says"),
        .. OfLongClip(run),
        ("convert.data", Named(run.Data.Train, "data.train")),
        ("convert.languages", AllThereAre),
        ("convert.kinds", "all"),
        ("export.type", "f32 of a LoRA, f16 of a model"),
        ("export.name", "the folder's name"),
        ("export.license", "not stated"),
        ("export.data_license", "not stated"),
        ("export.llm_license", "not stated"),
        ("inspect.data", Named(run.Data.Train, "data.train")),
        ("inspect.output", "nothing is written"),
        ("index.data", "what the index was made of"),
        ("index.output", run.IndexFolder()),
        ("index.device", Gpu),
        ("search.index", run.SearchedIndex()),
        ("search.language", "detected"),
        ("search.from", "no bound"),
        ("search.to", "no bound"),
        ("search.folder", "all"),
        ("search.html", "no page"),
        ("search.device", Gpu),
        ("embed.data", "no images"),
        ("embed.texts", "no sentences"),
        ("embed.language", "detected"),
        ("embed.output", "is to be named"),
        ("embed.device", Gpu),
        ("compare.runs", "are to be named"),
        ("compare.format", "by the ending of compare.output, else text"),
        ("compare.output", "printed"),
        ("compare.figures", "none"),
        ("sweep.set", "one value of each key"),
        ("sweep.seeds", "those of the run file"),
        ("sweep.seed_keys", "clip_train.seed, or cc_finetune.seed where no student is trained"),
        ("sweep.commands", string.Join(", ", SweepPlan.Stages(run).Select(stage => ConfigSchema.SnakeCase(stage.ToString())))),
        ("sweep.output", "is to be named"),
    ];

    private static IEnumerable<(string Key, string Text)> OfLongClip(RunConfig run) =>
    [
        ("longclip_stretch.length", "all that keep and ratio reach"),
        ("longclip.output", run.LongClipOutput()),
        ("longclip.model", "a new one"),
        ("longclip.new_text.vocabulary", "is to be named for a new CLIP"),
        ("longclip.kept_positions", "as the model has it"),
        ("longclip.image_blocks", "all of the image tower"),
        ("longclip.text_blocks", "all of the text tower"),
        ("longclip.languages", AllThereAre),
        ("longclip.long_kinds", "all"),
        ("longclip.short_kinds", "none"),
        ("longclip.scale_start", "the model's, 14.29 of a new one"),
        ("longclip.scale_limit", "no limit"),
        ("longclip.epochs", run.Longclip.EpochBudget > 0 ? Text(run.Longclip.EpochBudget) : "no limit"),
        ("longclip.epoch_samples", "as many as the data has"),
        ("longclip.device", Gpu),
        ("longclip.micro_batch", "the whole batch"),
        ("longclip.text_learning_rate", Text(run.Longclip.LearningRate)),
        ("longclip.scale_learning_rate", Text(run.Longclip.LearningRate)),
    ];

    private static string Named(string value, string source) => value.Length > 0 ? $"{value} ({source})" : $"{source}, which is empty";

    /// <summary>Whether a key is left to its default: null, an empty text or list, the 0 or <c>auto</c> in the place of a choice.</summary>
    private static bool IsEmpty(RunConfig run, string path)
    {
        object? at = run;
        foreach (var name in path.Split('.'))
        {
            if (at is null)
            {
                return true; // in a section that is left out
            }
            if (ConfigSchema.Of(at.GetType()).Find(name) is not { } key)
            {
                return false;
            }
            at = key.Property.GetValue(at);
        }
        return at is null or "" or 0 or "auto" || (at is IEnumerable items and not string && !items.Cast<object>().Any());
    }

    private static string Text(object? value) => value switch
    {
        "" => "empty",
        bool flag => flag ? "true" : "false",
        Enum choice => ConfigSchema.SnakeCase(choice.ToString()),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
