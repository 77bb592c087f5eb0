using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>
/// What training makes: image encoder, text adapter and logit_scale, with the image transform they belong to. As a folder: the vision
/// tower in Hugging Face's layout (<c>config.json</c>, <c>model.safetensors</c>, <c>preprocessor_config.json</c>) and beside it
/// <c>text_adapter.json</c> and <c>text_adapter.safetensors</c>.
/// </summary>
public sealed class Student : IDisposable
{
    /// <summary>Upper bound of logit_scale: ln 100 (facts B4).</summary>
    public static readonly double MaxLogitScale = Math.Log(100);

    private const string AdapterWeights = "text_adapter.safetensors";

    /// <summary>Puts a model together; it owns the parts.</summary>
    public Student(IImageEncoder imageEncoder, TextAdapter textAdapter, ImageTransformConfig transform, double logitScale)
    {
        if (imageEncoder.EmbedDim != textAdapter.Config.EmbedDim)
        {
            throw new ArgumentException(
                $"Image features have length {imageEncoder.EmbedDim}, text features {textAdapter.Config.EmbedDim}.");
        }
        (ImageEncoder, TextAdapter, Transform) = (imageEncoder, textAdapter, transform);
        Device = imageEncoder.NamedParameters()[0].Parameter.device;
        LogitScale = OwnedWeights.New([], Device, logitScale);
    }

    /// <summary>Pixels to image features.</summary>
    public IImageEncoder ImageEncoder { get; }

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
        set => (ImageEncoder.Precision, TextAdapter.Precision) = (value, value);
    }

    /// <summary>
    /// A student by its configuration: new, or started from the checkpoint of a vision tower (<see cref="ImageEncoders.Start"/>).
    /// </summary>
    /// <param name="config">The model section.</param>
    /// <param name="teacherDim">Length of the teacher's vectors.</param>
    /// <param name="logitScale">Start of logit_scale, natural logarithm.</param>
    /// <param name="seed">Seed of all new weights.</param>
    /// <param name="device">Where to compute.</param>
    public static Student Create(StudentConfig config, int teacherDim, double logitScale, ulong seed, Device device)
    {
        var (vision, transform) = config.Start.Length > 0
            ? StartFrom(config.Start, config.EmbedDim, seed, device)
            : StartNew(config, seed, device);
        var shape = new TextAdapterConfig
        {
            InputDim = teacherDim, EmbedDim = vision.EmbedDim, Blocks = config.AdapterBlocks, Expansion = config.AdapterExpansion,
        };
        var adapter = new TextAdapter(shape, device);
        adapter.Initialize(seed + 1);
        return new Student(vision, adapter, transform, logitScale);
    }

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

    /// <summary>All parameters: <c>visual.*</c>, <c>text.*</c> and <c>logit_scale</c>.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> NamedParameters() =>
    [
        .. ImageEncoder.NamedParameters().Select(p => ("visual." + p.Name, p.Parameter)),
        .. TextAdapter.named_parameters().Select(p => ("text." + p.name, p.parameter)),
        ("logit_scale", LogitScale),
    ];

    /// <summary>Writes the folder; what was there under these names is replaced.</summary>
    public void Save(string folder)
    {
        ImageEncoder.Save(folder);
        Safetensors.Save(Path.Combine(folder, AdapterWeights), AdapterParts());
        SaveSettings(folder);
    }

    /// <summary>Writes all of the folder but the weights.</summary>
    public void SaveSettings(string folder)
    {
        ImageEncoder.SaveConfig(folder);
        Preprocessor.Save(Transform, folder);
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
    public float[] EncodeImages(ReadOnlySpan<byte> pixels, int count)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var side = Transform.ImageSize;
        var images = Pixels.ToTensor(pixels[..(count * side * side * 3)], count, side, Device);
        return Rows(ImageEncoder.Encode(Pixels.Normalize(images, Transform)));
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
        TextAdapter.Dispose();
        LogitScale.Dispose();
    }

    private static (IImageEncoder Encoder, ImageTransformConfig Transform) StartFrom(
        string folder, int? embedDim, ulong seed, Device device)
    {
        var transform = Preprocessor.FromFile(Path.Combine(folder, Preprocessor.FileName));
        var encoder = ImageEncoders.Start(folder, device, embedDim, seed);
        return (encoder, transform with { ImageSize = encoder.ImageSize });
    }

    private static (IImageEncoder Encoder, ImageTransformConfig Transform) StartNew(StudentConfig config, ulong seed, Device device)
    {
        var encoder = new ClipVisionModel(config.Vision, device);
        encoder.Initialize(seed, config.WeightInit);
        return (encoder, new ImageTransformConfig { ImageSize = encoder.ImageSize, Mean = config.Mean, Std = config.Std });
    }

    private static Student LoadModel(string folder, Device device)
    {
        var settings = ReadAdapterSettings(Path.Combine(folder, StudentFolder.AdapterSettings));
        var path = Path.Combine(folder, AdapterWeights);
        var vision = ImageEncoders.Load(folder, device);
        return Compose(folder, settings, vision, path, (student, file) => StrictWeights.Load(file, path, student.AdapterParts()));
    }

    private static Student LoadCheckpoint(string folder, string checkpoint, Device device)
    {
        var settings = ReadAdapterSettings(Path.Combine(folder, StudentFolder.AdapterSettings));
        var path = Path.Combine(checkpoint, StudentFolder.OptimizerName);
        if (!HasAverage(path))
        {
            path = Path.Combine(checkpoint, StudentFolder.WeightsName);
        }
        using var weights = SafetensorsFile.Open(path);
        var vision = ImageEncoders.Empty(folder, device, weights, path);
        return Compose(folder, settings, vision, path, (student, file) =>
        {
            var targets = student.NamedParameters().ToDictionary(p => p.Name, p => (Tensor)p.Parameter);
            StrictWeights.Load(file, path, targets, name => NameOf(name, targets));
        });
    }

    private static bool HasAverage(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Names.Any(name => name.StartsWith(StudentFolder.AveragePrefix, StringComparison.Ordinal));
    }

    /// <summary>A weight's name in a checkpoint; null for moments and for what a loss learns, which are no part of the student.</summary>
    private static string? NameOf(string stored, Dictionary<string, Tensor> targets)
    {
        var name = stored.StartsWith(StudentFolder.AveragePrefix, StringComparison.Ordinal)
            ? stored[StudentFolder.AveragePrefix.Length..]
            : stored;
        var isOurs = name.StartsWith("visual.", StringComparison.Ordinal) || name.StartsWith("text.", StringComparison.Ordinal);
        return isOurs || targets.ContainsKey(name) ? name : null;
    }

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
            RequireSameLength(folder, vision.EmbedDim, settings.Shape.EmbedDim);
            var adapter = new TextAdapter(settings.Shape, vision.NamedParameters()[0].Parameter.device);
            var student = new Student(vision, adapter, transform, 0) { TeacherFingerprint = settings.Teacher };
            load(student, file);
            return student;
        }
        catch
        {
            vision.Dispose();
            throw;
        }
    }

    private static float[] Rows(Tensor features) => features.Normalize().cpu().contiguous().data<float>().ToArray();

    private Dictionary<string, Tensor> AdapterParts()
    {
        var parts = TextAdapter.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
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

    private static void RequireSameLength(string folder, int image, int text)
    {
        if (image != text)
        {
            throw new InputException(
                $"{folder}: config.json gives images vectors of {image} elements, {StudentFolder.AdapterSettings} gives captions {text}.");
        }
    }
}
