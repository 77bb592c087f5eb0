using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models.ResNet;
using Llm2Clip.Models.Text;
using Llm2Clip.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>
/// What training makes: image encoder, image head where there is one, text adapter and logit_scale, with the image transform they belong
/// to. As a folder: the vision tower in Hugging Face's layout (<c>config.json</c>, <c>model.safetensors</c>,
/// <c>preprocessor_config.json</c>) and beside it <c>text_adapter.json</c>, <c>text_adapter.safetensors</c>, and <c>image_head.*</c>.
/// </summary>
public sealed class Student : IDisposable
{
    /// <summary>Upper bound of logit_scale: ln 100 (facts B4).</summary>
    public static readonly double MaxLogitScale = Math.Log(100);

    private const string AdapterWeights = "text_adapter.safetensors";
    private const string HeadWeights = "image_head.safetensors";

    /// <summary>What the names of the vision tower's parameters begin with.</summary>
    internal const string TowerPrefix = "visual.";

    /// <summary>What the names of the text adapter's parameters begin with.</summary>
    internal const string TextPrefix = "text.";

    /// <summary>What the names of the image head's parameters begin with.</summary>
    internal const string HeadPrefix = "image_head.";

    /// <summary>Puts a model together; it owns the parts.</summary>
    /// <param name="imageEncoder">The vision tower.</param>
    /// <param name="textAdapter">Teacher vectors to text features.</param>
    /// <param name="transform">How images become the tower's input.</param>
    /// <param name="logitScale">Natural logarithm of the factor on cosines.</param>
    /// <param name="imageHead">Takes the place of the tower's own projection; null = that one counts.</param>
    public Student(
        IImageEncoder imageEncoder, TextAdapter textAdapter, ImageTransformConfig transform, double logitScale, ImageHead? imageHead = null)
    {
        (ImageEncoder, TextAdapter, Transform, ImageHead) = (imageEncoder, textAdapter, transform, imageHead);
        if (EmbedDim != textAdapter.Config.EmbedDim)
        {
            throw new ArgumentException($"Image features have length {EmbedDim}, text features {textAdapter.Config.EmbedDim}.");
        }
        Device = imageEncoder.NamedParameters()[0].Parameter.device;
        LogitScale = OwnedWeights.New([], Device, logitScale);
    }

    /// <summary>Pixels to image features.</summary>
    public IImageEncoder ImageEncoder { get; }

    /// <summary>Pooled features to image features; null where the encoder's own projection counts.</summary>
    public ImageHead? ImageHead { get; }

    /// <summary>Length of the vectors that images and captions share.</summary>
    public int EmbedDim => ImageHead?.Config.EmbedDim ?? ImageEncoder.EmbedDim;

    /// <summary>Teacher vectors to text features.</summary>
    public TextAdapter TextAdapter { get; }

    /// <summary>Natural logarithm of the factor on cosines, scalar.</summary>
    public Parameter LogitScale { get; }

    /// <summary>How images become the encoder's input.</summary>
    public ImageTransformConfig Transform { get; }

    /// <summary>Where the weights are.</summary>
    public Device Device { get; }

    /// <summary>Fingerprint of the teacher that the adapter was trained on; empty where unknown.</summary>
    public string TeacherFingerprint { get; set; } = "";

    /// <summary>Format of matrix products.</summary>
    public Precision Precision
    {
        get => ImageEncoder.Precision;
        set
        {
            (ImageEncoder.Precision, TextAdapter.Precision) = (value, value);
            ImageHead?.SetPrecision(value);
        }
    }

    /// <summary>
    /// A student by its configuration: new, or started from the checkpoint of a vision tower.
    /// </summary>
    /// <param name="config">The model section.</param>
    /// <param name="teacherDim">Length of the teacher's vectors.</param>
    /// <param name="logitScale">Start of logit_scale, natural logarithm.</param>
    /// <param name="seed">Seed of all new weights.</param>
    /// <param name="device">Where to compute.</param>
    public static Student Create(StudentConfig config, int teacherDim, double logitScale, ulong seed, Device device) =>
        Create(config, teacherDim, logitScale, seed, device, SilentLog.Instance, CancellationToken.None);

    /// <summary>
    /// The same; where weights have to be downloaded (<c>init: resnet18-imagenet</c>), <paramref name="log"/> is told, and
    /// <paramref name="cancellation"/> ends it.
    /// </summary>
    /// <exception cref="RunException">They cannot be had.</exception>
    public static Student Create(
        StudentConfig config, int teacherDim, double logitScale, ulong seed, Device device, IRunLog log, CancellationToken cancellation)
    {
        var (vision, transform) = NewEncoder(config, seed, device, log, cancellation);
        if (config.Lora.Rank > 0)
        {
            Adapt(vision, config, seed + 3);
        }
        var head = NewHead(config, vision, seed + 2, device);
        var shape = new TextAdapterConfig
        {
            InputDim = teacherDim,
            EmbedDim = head?.Config.EmbedDim ?? vision.EmbedDim,
            Blocks = config.AdapterBlocks,
            Expansion = config.AdapterExpansion,
        };
        var adapter = new TextAdapter(shape, device);
        adapter.Initialize(seed + 1);
        return new Student(vision, adapter, transform, logitScale, head);
    }

    /// <summary>The image encoder that a model section describes, with its transform.</summary>
    /// <exception cref="RunException">Its weights cannot be had.</exception>
    internal static (IImageEncoder Encoder, ImageTransformConfig Transform) NewEncoder(
        StudentConfig config, ulong seed, Device device, IRunLog log, CancellationToken cancellation) =>
        ResNets.AreMeant(config) ? ResNets.Start(config, seed, device, log, cancellation)
        : config.Init.Length > 0 ? StartFrom(config, seed, device)
        : StartNew(config, seed, device);

    /// <summary>
    /// Opens what training wrote: a model (<see cref="Save"/>), a checkpoint (<see cref="SaveSettings"/> beside the weights), or the folder
    /// of a run (<see cref="StudentFolder"/>). A checkpoint gives the average of the weights where the run keeps one, as the model does.
    /// </summary>
    /// <exception cref="InputException">Something is missing, damaged or does not fit.</exception>
    public static Student Load(string folder, Device device)
    {
        var found = StudentFolder.Find(folder);
        return found.Checkpoint is { } checkpoint ? LoadCheckpoint(found.Settings, checkpoint, device) : LoadModel(found.Settings, device);
    }

    /// <summary>Sets logit_scale, a natural logarithm.</summary>
    public void SetLogitScale(double value)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        LogitScale.copy_(tensor((float)value, device: Device));
    }

    /// <summary>Normalized pixels [B, 3, H, W] to image features [B, D], fp32, not normalized.</summary>
    public Tensor EncodeImage(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return ProjectImage(ImageEncoder.Pool(pixels)).MoveToOuterDisposeScope();
    }

    /// <summary>The encoder's pooled features [B, F] to image features [B, D], fp32, not normalized.</summary>
    public Tensor ProjectImage(Tensor pooled) => ImageHead is null ? ImageEncoder.Project(pooled) : ImageHead.call(pooled);

    /// <summary>
    /// All parameters: <c>visual.*</c>, <c>image_head.*</c> where there is one, <c>text.*</c> and <c>logit_scale</c>.
    /// </summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> NamedParameters() =>
    [
        .. ImageEncoder.NamedParameters().Select(p => (TowerPrefix + p.Name, p.Parameter)),
        .. ImageHead?.named_parameters().Select(p => (HeadPrefix + p.name, p.parameter)) ?? [],
        .. TextAdapter.named_parameters().Select(p => (TextPrefix + p.name, p.parameter)),
        ("logit_scale", LogitScale),
    ];

    /// <summary>Running statistics of the vision tower, which change in training and are no parameters: <c>visual.*</c>.</summary>
    internal IReadOnlyList<(string Name, Tensor Buffer)> NamedBuffers() =>
        [.. ImageEncoder.NamedBuffers().Select(b => (TowerPrefix + b.Name, b.Buffer))];

    /// <summary>
    /// Writes the folder; what was there under these names is replaced. LoRA's changes are in the tower's weights then.
    /// </summary>
    public void Save(string folder)
    {
        ImageEncoder.Save(folder);
        if (ImageHead is not null)
        {
            Safetensors.Save(Path.Combine(folder, HeadWeights), PartsOf(ImageHead));
        }
        Safetensors.Save(Path.Combine(folder, AdapterWeights), AdapterParts());
        SaveConfigs(folder);
    }

    /// <summary>Writes all of the folder but the weights, and what LoRA a checkpoint's weights have.</summary>
    public void SaveSettings(string folder)
    {
        SaveConfigs(folder);
        (ImageEncoder as VisionModel)?.SaveLora(folder);
    }

    private void SaveConfigs(string folder)
    {
        ImageEncoder.SaveConfig(folder);
        Preprocessor.Save(Transform, folder);
        ImageHead?.SaveSettings(folder);
        var shape = TextAdapter.Config;
        ModelFolder.WriteJson(Path.Combine(folder, StudentFolder.AdapterSettings), new JsonObject
        {
            ["input_dim"] = shape.InputDim,
            ["embed_dim"] = shape.EmbedDim,
            ["blocks"] = shape.Blocks,
            ["expansion"] = shape.Expansion,
            ["layer_norm_eps"] = shape.LayerNormEpsilon,
            ["teacher_fingerprint"] = TeacherFingerprint,
        });
    }

    /// <summary>
    /// Image features [count, D], fp32 rows of length 1, of pixels [count, S, S, 3] as loaders give them; without gradient and noise.
    /// </summary>
    /// <param name="pixels">The images.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="mirror">Each image counts twice, as it is and mirrored: the mean of both features of length 1.</param>
    public float[] EncodeImages(ReadOnlySpan<byte> pixels, int count, bool mirror = false)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var images = Input(pixels, count);
        var features = EncodeImage(images);
        return Rows(mirror ? features.Normalize().Plus(EncodeImage(images.flip(3)).Normalize()) : features);
    }

    /// <summary>The encoder's pooled features [count, F], fp32, of pixels as <see cref="EncodeImages"/> takes them.</summary>
    internal float[] PoolImages(ReadOnlySpan<byte> pixels, int count)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return ImageEncoder.Pool(Input(pixels, count)).cpu().contiguous().data<float>().ToArray();
    }

    /// <summary>Image features [count, D], fp32 rows of length 1, of pooled features [count, F]; without gradient and noise.</summary>
    internal float[] ProjectImages(ReadOnlySpan<float> pooled, int count)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return Rows(ProjectImage(tensor(pooled.ToArray(), [count, ImageEncoder.PooledDim], device: Device)));
    }

    /// <summary>
    /// Text features [count, D], fp32 rows of length 1, of teacher vectors [count, InputDim]; without gradient and noise.
    /// </summary>
    public float[] EncodeTexts(ReadOnlySpan<float> vectors, int count)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return Rows(TextAdapter.call(tensor(vectors.ToArray(), [count, TextAdapter.Config.InputDim], device: Device)));
    }

    /// <summary>Frees all weights.</summary>
    public void Dispose()
    {
        ImageEncoder.Dispose();
        ImageHead?.Dispose();
        TextAdapter.Dispose();
        LogitScale.Dispose();
    }

    private static (IImageEncoder Encoder, ImageTransformConfig Transform) StartFrom(StudentConfig config, ulong seed, Device device)
    {
        ResNets.RequireUnused(config);
        var options = new StartOptions
        {
            EmbedDim = config.Head == ImageHeadKind.Own ? config.EmbedDim : null,
            KeepProjection = config.Projection == ProjectionStart.Keep,
            ImageSize = config.ImageSize,
            Positions = config.Positions,
            Seed = seed,
        };
        return ImageEncoders.Start(config.Init, device, options, config.Preset);
    }

    private static (IImageEncoder Encoder, ImageTransformConfig Transform) StartNew(StudentConfig config, ulong seed, Device device)
    {
        ResNets.RequireUnused(config);
        var shape = config.Vision;
        var encoder = shape.Create(device);
        encoder.Initialize(seed, config.WeightInit);
        var transform = shape.Transform;
        return (encoder, transform with
        {
            Mean = config.Mean.Count > 0 ? config.Mean : transform.Mean,
            Std = config.Std.Count > 0 ? config.Std : transform.Std,
        });
    }

    private static void Adapt(IImageEncoder vision, StudentConfig config, ulong seed)
    {
        if (vision is not VisionModel model)
        {
            throw new ConfigException("model.lora.rank is set, but only vision transformers take LoRA; set it to 0.");
        }
        model.Adapt(config.Lora, seed);
    }

    private static ImageHead? NewHead(StudentConfig config, IImageEncoder vision, ulong seed, Device device)
    {
        if (config.Head == ImageHeadKind.Own)
        {
            return null;
        }
        var shape = new ImageHeadConfig
        {
            Parts = vision.PooledParts,
            EmbedDim = config.EmbedDim ?? StudentConfig.DefaultEmbedDim,
            Width = config.Head == ImageHeadKind.Mlp ? config.HeadWidth : 0,
        };
        var head = new ImageHead(shape, device);
        head.Initialize(seed);
        return head;
    }

    private static Student LoadModel(string folder, Device device)
    {
        var settings = ReadAdapterSettings(Path.Combine(folder, StudentFolder.AdapterSettings));
        var path = Path.Combine(folder, AdapterWeights);
        var vision = ImageEncoders.Load(folder, device);
        return Compose(folder, settings, vision, path, (student, file) =>
        {
            StrictWeights.Load(file, path, student.AdapterParts());
            if (student.ImageHead is { } head)
            {
                var of = Path.Combine(folder, HeadWeights);
                using var weights = SafetensorsFile.Open(of);
                StrictWeights.Load(weights, of, PartsOf(head));
            }
        });
    }

    private static Student LoadCheckpoint(string folder, string checkpoint, Device device)
    {
        var settings = ReadAdapterSettings(Path.Combine(folder, StudentFolder.AdapterSettings));
        var path = Path.Combine(checkpoint, StudentFolder.WeightsName);
        using var weights = SafetensorsFile.Open(path);
        var vision = ImageEncoders.Empty(folder, device, weights, path);
        if (LoraConfig.ReadSettings(folder) is { } lora)
        {
            (vision as VisionModel)?.Adapt(lora, seed: 0);
        }
        return Compose(folder, settings, vision, path, (student, file) =>
        {
            var targets = student.NamedParameters().Select(p => (p.Name, Buffer: (Tensor)p.Parameter)).Concat(student.NamedBuffers())
                .ToDictionary(part => part.Name, part => part.Buffer);
            StrictWeights.Load(file, path, targets, name => NameOf(name, targets));
            LoadAverage(Path.Combine(checkpoint, StudentFolder.OptimizerName), targets);
        });
    }

    /// <summary>Puts the average of the weights that trained in their place, where the run keeps one.</summary>
    private static void LoadAverage(string path, Dictionary<string, Tensor> targets)
    {
        using var file = SafetensorsFile.Open(path);
        StrictWeights.Load(
            file, path, targets.Where(target => file.Contains(StudentFolder.AveragePrefix + target.Key))
                .ToDictionary(target => StudentFolder.AveragePrefix + target.Key, target => target.Value),
            name => name.StartsWith(StudentFolder.AveragePrefix, StringComparison.Ordinal)
                && targets.ContainsKey(name[StudentFolder.AveragePrefix.Length..]) ? name : null);
    }

    /// <summary>A weight's name in a checkpoint; null for what a loss learns, which is no part of the student.</summary>
    private static string? NameOf(string name, Dictionary<string, Tensor> targets) =>
        new[] { TowerPrefix, HeadPrefix, TextPrefix }.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))
        || targets.ContainsKey(name) ? name : null;

    /// <summary>Puts a student together from its encoder, which is disposed where that fails, and a file of weights.</summary>
    private static Student Compose(
        string folder, (TextAdapterConfig Shape, string Teacher) settings, IImageEncoder vision, string path,
        Action<Student, SafetensorsFile> load)
    {
        try
        {
            var transform = Preprocessor.FromFile(Path.Combine(folder, Preprocessor.FileName));
            using var file = SafetensorsFile.Open(path);
            StrictWeights.RequireRoom(file, path, settings.Shape.WeightCount, StudentFolder.AdapterSettings);
            var shape = ImageHead.ReadSettings(folder);
            RequireSameLength(folder, vision, shape, settings.Shape.EmbedDim);
            var device = vision.NamedParameters()[0].Parameter.device;
            var head = shape is null ? null : new ImageHead(shape, device);
            var adapter = new TextAdapter(settings.Shape, device);
            var student = new Student(vision, adapter, transform, 0, head) { TeacherFingerprint = settings.Teacher };
            load(student, file);
            return student;
        }
        catch
        {
            vision.Dispose();
            throw;
        }
    }

    /// <summary>Normalized pixels [count, 3, S, S].</summary>
    private Tensor Input(ReadOnlySpan<byte> pixels, int count)
    {
        var side = Transform.ImageSize;
        return Pixels.Normalize(Pixels.ToTensor(pixels[..(count * side * side * 3)], count, side, Device), Transform);
    }

    private static float[] Rows(Tensor features) => features.Normalize().cpu().contiguous().data<float>().ToArray();

    private static Dictionary<string, Tensor> PartsOf(nn.Module module) =>
        module.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);

    private Dictionary<string, Tensor> AdapterParts()
    {
        var parts = PartsOf(TextAdapter);
        parts.Add("logit_scale", LogitScale);
        return parts;
    }

    private static (TextAdapterConfig Shape, string Teacher) ReadAdapterSettings(string path)
    {
        var json = JsonKeys.ReadObject(path, "a text adapter's settings, which a student's folder holds beside config.json");
        var keys = new JsonKeys(path);
        string[] read = ["input_dim", "embed_dim", "blocks", "expansion", "layer_norm_eps", "teacher_fingerprint"];
        keys.RefuseUnknown(json, read, new HashSet<string>(), "");
        var shape = new TextAdapterConfig
        {
            InputDim = keys.Count(json, "input_dim", 0),
            EmbedDim = keys.Count(json, "embed_dim", 0),
            Blocks = keys.Count(json, "blocks", 4, least: 0),
            Expansion = keys.Count(json, "expansion", 2),
            LayerNormEpsilon = keys.Number(json, "layer_norm_eps", 1e-5),
        };
        var teacher = keys.Text(json, "teacher_fingerprint", "");
        keys.ThrowIfAny();
        return (shape, teacher);
    }

    private static void RequireSameLength(string folder, IImageEncoder vision, ImageHeadConfig? head, int text)
    {
        if (head is not null && !head.Parts.SequenceEqual(vision.PooledParts))
        {
            throw new InputException(
                $"{folder}: {ImageHead.SettingsFile} is for pooled features of {string.Join(" + ", head.Parts)} elements, config.json "
                + $"gives {string.Join(" + ", vision.PooledParts)}.");
        }
        var (image, source) = head is null ? (vision.EmbedDim, "config.json") : (head.EmbedDim, ImageHead.SettingsFile);
        if (image != text)
        {
            throw new InputException(
                $"{folder}: {source} gives images vectors of {image} elements, {StudentFolder.AdapterSettings} gives captions {text}.");
        }
    }
}
