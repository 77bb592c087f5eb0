using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Dino;
using Llm2Clip.Models.Eva;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Models.Siglip;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Tests.Models;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Tests.Training;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Weights;
using Llm2Clip.Weights.Gguf;
using Llm2Clip.Weights.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Weights, models and checkpoints with the JSON that describes them.</summary>
internal static class ModelFormats
{
    /// <summary>Of the language model and of adapters over it.</summary>
    private const int Width = 32;

    private static readonly Regex TensorPlace = new("tensor|__metadata__|header|bytes|index|gap|belong|'|hold|unexpected|shape:");
    private static readonly Regex GgufPlace = new("key|tensor|header|GGUF|version");

    public static IReadOnlyList<FuzzFormat> All { get; } =
    [
        new("safetensors", OneFile, Load) { IsText = true, Mend = WithHeaderLength, Place = TensorPlace, Cases = 1000 },
        new("safetensors-index", Sharded, LoadFolder) { IsText = true, Mend = WithHeaderLength, Place = TensorPlace, Cases = 400 },
        new("onnx", Onnx, LoadOnnx) { Place = new("initializer|graph|field|integer|ONNX"), Cases = 1000 },
        new("resnet-folder", NewResNet, damaged => ImageEncoders.Load(damaged.Folder, CPU).Dispose()) { IsText = true, Mend = WithHeaderLength, Cases = 100 },
        new("clip-folder", folder => NewStudent(folder, "config.json", "preprocessor_config.json", "model.safetensors"),
            OpenClip) { IsText = true, Mend = WithHeaderLength, Cases = 300 },
        new("clip-whole", folder => NewClip(folder, ClipLayout.HuggingFace, "config.json", "model.safetensors", "vocab.json", "merges.txt"),
            OpenWholeClip) { IsText = true, Mend = WithHeaderLength, Cases = 200 },
        new("clip-whole-openai", folder => NewClip(folder, ClipLayout.OpenAi, "clip.safetensors"), OpenWholeClip) { IsText = true,
            Mend = WithHeaderLength, Cases = 100 },
        new("siglip-folder", NewSiglip, OpenSiglip) { IsText = true, Mend = WithHeaderLength, Cases = 300 },
        new("openclip-folder", folder => NewTower(
            folder, new ClipVisionConfig { ImageSize = 8, PatchSize = 4, Width = 8, Layers = 1, Heads = 2, MlpWidth = 12, EmbedDim = 6 },
            ExportLayout.OpenClip, "open_clip_config.json", "open_clip_model.safetensors"), OpenTower) { IsText = true,
            Mend = WithHeaderLength, Cases = 200 },
        new("openai-file", folder => NewTower(
            folder, new ClipVisionConfig { ImageSize = 8, PatchSize = 4, Width = 64, Layers = 1, Heads = 1, MlpWidth = 256, EmbedDim = 6 },
            ExportLayout.OpenAi, "openai_clip.safetensors"), OpenTower) { IsText = true, Mend = WithHeaderLength, Cases = 200 },
        new("eva-folder", folder => NewTower(
            folder, new EvaVisionConfig { ImageSize = 8, PatchSize = 4, Width = 8, Layers = 1, Heads = 2, MlpWidth = 12, EmbedDim = 6 },
            ExportLayout.EvaClip, "model_config.json", "model.safetensors"), OpenTower) { IsText = true, Mend = WithHeaderLength,
            Cases = 200 },
        new("dino-folder", folder => NewTower(
            folder, new DinoVisionConfig { ImageSize = 8, PatchSize = 4, Width = 8, Layers = 1, Heads = 2, MlpWidth = 12, Registers = 2 },
            ExportLayout.Own, "config.json", "model.safetensors"), OpenTower) { IsText = true, Mend = WithHeaderLength, Cases = 200 },
        new("student-folder", folder =>
            NewStudent(folder, "text_adapter.json", "text_adapter.safetensors"), OpenStudent) { IsText = true, Mend = WithHeaderLength,
            Cases = 300 },
        new("checkpoint", Checkpoints, Resume) { IsText = true, Mend = WithHeaderLength, Cases = 300 },
        new("cc-checkpoint", CcCheckpoints, ResumeCc) { IsText = true, Mend = WithHeaderLength, Cases = 300 },
        new("adapter", Adapter, damaged => CcAdapter.Load(damaged.Path).Dispose()) { IsText = true, Mend = WithHeaderLength, Cases = 300 },
        new("teacher-folder", Teacher, OpenTeacher) { IsText = true, Cases = 300 },
        new("gguf", Gguf, ReadGguf) { Place = GgufPlace, Cases = 600 },
        new("gguf-llama", Gguf, damaged => Encode(damaged, TeacherRuntime.Llama)) { Cases = 150 },
        new("gguf-tensors", Gguf, damaged => Encode(damaged, TeacherRuntime.Tensors)) { Cases = 150 },
    ];

    private static string[] OneFile(string folder)
    {
        using var scope = NewDisposeScope();
        Safetensors.Save(Path.Combine(folder, "a.safetensors"), Tensors("a"), new Dictionary<string,
            string>
        { ["format"] = "pt", ["k"] = "v" });
        return ["a.safetensors"];
    }

    private static string[] Onnx(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, "a.onnx"), OnnxBytes.Model(
            OnnxBytes.Tensor("typed", OnnxBytes.Float, [2, 3], 4, OnnxBytes.Floats(1, 2, 3, 4, 5, 6)),
            OnnxBytes.Tensor("half", OnnxBytes.Half, [2, 1], 9, new byte[4]),
            OnnxBytes.Tensor("shape", OnnxBytes.Int64, [1], 9, new byte[8])));
        return ["a.onnx"];
    }

    private static void LoadOnnx(FuzzCase damaged)
    {
        using var file = OnnxFile.Open(damaged.Path);
        LoadAll(file);
    }

    private static string[] NewResNet(string folder)
    {
        var shape = new ModifiedResNetConfig { Blocks = [1, 1, 1, 1], Width = 2, ImageSize = 32, EmbedDim = 4 };
        using var model = new ModifiedResNetModel(shape, CPU);
        model.Save(folder);
        return ["config.json", "model.safetensors"];
    }

    private static string[] Sharded(string folder)
    {
        using var scope = NewDisposeScope();
        Safetensors.Save(Path.Combine(folder, "model-1.safetensors"), Tensors("a"));
        Safetensors.Save(Path.Combine(folder, "model-2.safetensors"), Tensors("b"));
        var places = Tensors("a").Keys.Select(name => $"\"{name}\": \"model-1.safetensors\"")
            .Concat(Tensors("b").Keys.Select(name => $"\"{name}\": \"model-2.safetensors\""));
        return ["model-1.safetensors",
            FuzzFiles.Text(folder, "model.safetensors.index.json",
            $$$"""{"metadata": {"total_size": 52}, "weight_map": {{{{string.Join(",\n", places)}}}}}""")];
    }

    private static Dictionary<string, Tensor> Tensors(string prefix) => new()
    {
        [prefix + ".weight"] = arange(6, dtype: ScalarType.Float32).reshape(2, 3), [prefix + ".half"] = ones(4, dtype: ScalarType.Float16),
        [prefix + ".ids"] = arange(3, dtype: ScalarType.Int64),
        [prefix + ".scalar"] = tensor(1f), [prefix + ".none"] = zeros(0, dtype: ScalarType.Int8),
    };

    private static void Load(FuzzCase damaged)
    {
        using var file = SafetensorsFile.Open(damaged.Path);
        LoadAll(file);
    }

    private static void LoadFolder(FuzzCase damaged)
    {
        using var files = ShardedSafetensors.Open(damaged.Folder);
        LoadAll(files);
    }

    private static void LoadAll(ISafetensors file)
    {
        using var scope = NewDisposeScope();
        foreach (var name in file.Names)
        {
            file.Load(name, ScalarType.Float32);
        }
    }

    /// <summary>Lets the first eight bytes count what was put into the header or taken out, if the damage lies there.</summary>
    private static byte[] WithHeaderLength(byte[] valid, byte[] damaged)
    {
        if (valid.Length < 8 || damaged.Length < 8 || valid[8] != (byte)'{' || valid[7] != 0)
        {
            return damaged;
        }
        damaged = [.. damaged];
        BinaryPrimitives.WriteInt64LittleEndian(damaged, BinaryPrimitives.ReadInt64LittleEndian(valid) + damaged.Length - valid.Length);
        return damaged;
    }

    private static string[] NewStudent(string folder, params string[] damaged)
    {
        using var scope = NewDisposeScope();
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        student.Save(folder);
        return damaged;
    }

    private static void OpenClip(FuzzCase damaged)
    {
        ClipVisionWeights.Load(damaged.Folder, CPU).Dispose();
        Preprocessor.FromFile(Path.Combine(damaged.Folder, Preprocessor.FileName));
    }

    private static string[] NewSiglip(string folder)
    {
        using var scope = NewDisposeScope();
        using var model = new SiglipVisionModel(
            new SiglipVisionConfig { ImageSize = 8, PatchSize = 4, Width = 8, Layers = 1, Heads = 2, MlpWidth = 12 }, CPU);
        model.Save(folder);
        Preprocessor.Save(new ImageTransformConfig { ImageSize = 8, Resize = ResizeMode.Squash }, folder);
        return ["config.json", "preprocessor_config.json", "model.safetensors"];
    }

    private static void OpenSiglip(FuzzCase damaged)
    {
        ImageEncoders.Load(damaged.Folder, CPU).Dispose();
        Preprocessor.FromFile(Path.Combine(damaged.Folder, Preprocessor.FileName));
    }

    private static string[] NewTower(string folder, VisionConfig config, ExportLayout layout, params string[] damaged)
    {
        using var scope = NewDisposeScope();
        using var model = config.Create(CPU);
        model.Initialize(1);
        VisionExport.Write(model, config.Transform, layout, folder);
        return damaged;
    }

    private static string[] NewClip(string folder, ClipLayout layout, params string[] damaged)
    {
        TinyClip.Write(folder, layout);
        return damaged;
    }

    private static void OpenWholeClip(FuzzCase damaged)
    {
        using var model = ClipModel.Load(damaged.Folder, CPU);
        model.EncodeTexts(["and the dog"], truncate: true);
    }

    private static void OpenTower(FuzzCase damaged) => ImageEncoders.Load(damaged.Folder, CPU).Dispose();

    private static void OpenStudent(FuzzCase damaged) => Student.Load(damaged.Folder, CPU).Dispose();

    private static string[] Checkpoints(string folder)
    {
        WithTraining(weights =>
        {
            weights.Optimizer.Steps = 3;
            Checkpoint.Save(Path.Combine(folder, "last"), new TrainState { Step = 3, BestScore = 0.5, EvaluatedAt = 3 }, Identity, weights);
        });
        return ["last/state.json", "last/weights.safetensors", "last/optimizer.safetensors"];
    }

    private static readonly Dictionary<string, string> Identity = new() { ["clip_train.batch_size"] = "8", ["teacher fingerprint"] = "t" };

    private static void Resume(FuzzCase damaged) => WithTraining(weights => Checkpoint.Load(damaged.Folder, Identity, weights));

    private static void WithTraining(Action<TrainedWeights> action)
    {
        using var scope = NewDisposeScope();
        using var weight = new TorchSharp.Modules.Parameter(arange(12, dtype: ScalarType.Float32).reshape(3, 4));
        using var bias = new TorchSharp.Modules.Parameter(ones(3));
        using var weights = new TrainedWeights([("w", weight), ("b", bias)], [new ParameterGroup("all", 0.1, 0, ["w", "b"])],
            new AdamWOptions());
        action(weights);
    }

    private static string[] CcCheckpoints(string folder)
    {
        using var training = new CcCheckpointCase(Path.Combine(folder, "raw"));
        training.Save(folder);
        return [.. new[] { "state.json", "weights.safetensors", "optimizer.safetensors", "extras.safetensors" }.Select(name =>
            Path.Combine("checkpoint", name))];
    }

    private static void ResumeCc(FuzzCase damaged)
    {
        var output = Path.GetDirectoryName(damaged.Folder)!;
        using var training = new CcCheckpointCase(Path.Combine(output, "raw"));
        training.Resume(output, damaged.Output);
    }

    private static string[] Adapter(string folder)
    {
        WriteAdapter(folder);
        return [CcAdapter.FileName];
    }

    private static void WriteAdapter(string folder)
    {
        var means = new LanguageMeans(new float[Width],
            [new LanguageMean("en", new float[Width], 10, "captions", true),
            new LanguageMean("zh", new float[Width], 5, "sentences", false)]);
        using var adapter = CcAdapter.Create(new AdapterConfig { Dimension = 3, Blocks = 1 }, means, 1);
        adapter.Save(Path.Combine(folder, CcAdapter.FileName));
    }

    private static string[] Teacher(string folder)
    {
        WriteAdapter(folder);
        Gguf(folder);
        TeacherFolder.Write(folder, new TeacherManifest
        {
            Gguf = "f16.gguf", GgufSha256 = WeightsHash.Of(GgufFile.Open(Path.Combine(folder, "f16.gguf"))),
            Settings = new TeacherSettings(), Dimension = 3, Adapter = CcAdapter.FileName,
        });
        return [TeacherFolder.ManifestName, CcAdapter.FileName];
    }

    private static void OpenTeacher(FuzzCase damaged) =>
        Llm2Clip.Teachers.Teacher.Open(damaged.Folder, LlamaCases.OneThread, log: SilentLog.Instance).Dispose();

    private static string[] Gguf(string folder)
    {
        var vocabulary = new SentencePieceVocabulary(["▁", "a", "b", "▁a"]);
        using var model = new TinyLlama(new TinyLlamaConfig { Width = Width, Layers = 1, Heads = 2, FeedForward = 32, Context = 64 },
            vocabulary.Count, 1);
        TinyLlamaGguf.Write(Path.Combine(folder, "f16.gguf"), model, vocabulary, GgufType.F16);
        TinyLlamaGguf.Write(Path.Combine(folder, "q8.gguf"), model, vocabulary, GgufType.Q8_0);
        return ["f16.gguf", "q8.gguf"];
    }

    private static void ReadGguf(FuzzCase damaged)
    {
        var file = GgufFile.Open(damaged.Path);
        GgufModelCheck.Check(file);
        using var weights = GgufWeights.Open(file);
        LoadAll(weights);
    }

    private static void Encode(FuzzCase damaged, TeacherRuntime runtime)
    {
        using var encoder = LlamaCases.Encoder(damaged.Path, new TeacherSettings { MaxLength = 32, Runtime = runtime });
        // More than 32 tokens at once, so that products go the way of large batches too.
        encoder.Encode(["a b a", "雪 <s> a", .. Enumerable.Repeat("a b a b a", 8)], SilentLog.Instance, CancellationToken.None);
    }
}
