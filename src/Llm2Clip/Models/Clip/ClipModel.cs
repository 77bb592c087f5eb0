using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models.Text;
using Llm2Clip.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>Features of captions.</summary>
/// <param name="Features">[count, D], fp32 rows of length 1.</param>
/// <param name="Truncated">How many captions were longer than the tower's positions and lost their end.</param>
public sealed record ClipTexts(float[] Features, int Truncated);

/// <summary>
/// A whole CLIP, image tower and text tower, with its tokenizer and image transform: what published checkpoints are. Images and captions
/// have features in one space without any teacher.
/// </summary>
public sealed class ClipModel : IDisposable
{
    private const int TextsAtOnce = 256;

    /// <summary>Puts a model together; it owns the parts.</summary>
    /// <exception cref="InputException">The towers' features, or tokenizer and text tower, do not belong together.</exception>
    public ClipModel(
        ClipVisionModel vision, ClipTextModel text, ClipTokenizer tokenizer, ImageTransformConfig transform, double logitScale,
        string source = "model")
    {
        if (vision.EmbedDim != text.Config.EmbedDim)
        {
            throw new InputException(
                $"{source}: image features have length {vision.EmbedDim}, text features {text.Config.EmbedDim}, so that they cannot be "
                + "compared.");
        }
        RequireFit(tokenizer, text.Config, source);
        (Vision, Text, Tokenizer, Transform) = (vision, text, tokenizer, transform);
        LogitScale = OwnedWeights.New([], Device, logitScale);
    }

    /// <summary>Pixels to image features.</summary>
    public ClipVisionModel Vision { get; }

    /// <summary>Ids to text features.</summary>
    public ClipTextModel Text { get; }

    /// <summary>Captions to ids.</summary>
    public ClipTokenizer Tokenizer { get; }

    /// <summary>How images become the vision tower's input.</summary>
    public ImageTransformConfig Transform { get; }

    /// <summary>Natural logarithm of the factor on cosines, scalar.</summary>
    public Parameter LogitScale { get; }

    /// <summary>Length of the vectors that images and captions share.</summary>
    public int EmbedDim => Vision.EmbedDim;

    /// <summary>Where the weights are.</summary>
    public Device Device => Text.Embeddings.Tokens.device;

    /// <summary>Format of matrix products.</summary>
    public Precision Precision
    {
        get => Vision.Precision;
        set => (Vision.Precision, Text.Precision) = (value, value);
    }

    /// <summary>All parameters: <c>visual.*</c>, <c>text.*</c> and <c>logit_scale</c>, as those of a <see cref="Student"/>.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> NamedParameters() =>
    [
        .. Vision.NamedParameters().Select(p => (Student.TowerPrefix + p.Name, p.Parameter)),
        .. Text.named_parameters().Select(p => (Student.TextPrefix + p.name, p.parameter)),
        ("logit_scale", LogitScale),
    ];

    /// <summary>
    /// Whether a folder, or a file of weights alone, is a whole CLIP: a <c>config.json</c> of <c>model_type</c> <c>clip</c>, open_clip's
    /// configuration with a text tower, or OpenAI's or Long-CLIP's tensors.
    /// </summary>
    public static bool IsIn(string source)
    {
        if (File.Exists(source))
        {
            return source.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) && IsBare(source);
        }
        if (!Directory.Exists(source))
        {
            return false;
        }
        var (hugging, open) = (ModelFolder.ConfigPath(source), Path.Combine(source, CheckpointFiles.OpenClipName));
        return File.Exists(hugging) ? Is(hugging, json => json["model_type"]?.ToJsonString() == "\"clip\"")
            : File.Exists(open) ? Is(open, json => json["model_cfg"]?["text_cfg"] is JsonObject)
            : Directory.GetFiles(source, "*.safetensors") is [var only] && IsBare(only);

        static bool Is(string path, Func<JsonObject, bool> isClip) => isClip(JsonKeys.ReadObject(path, "a model configuration"));
    }

    /// <summary>Opens a whole CLIP with its tokenizer, in the layout of Hugging Face, open_clip, OpenAI or Long-CLIP.</summary>
    /// <exception cref="InputException">Something is missing, damaged or does not fit; every problem of the weights is listed.</exception>
    public static ClipModel Load(string source, Device device)
    {
        using var images = VisionCheckpoint.Open(source);
        if (images.Family != ClipVisionWeights.Family)
        {
            throw new InputException($"{source} has a {images.Family.Name} tower; whole models are read of CLIP alone.");
        }
        using var texts = ClipTextCheckpoint.Open(source);
        var folder = FolderOf(source);
        var transform = images.Transform ?? Preprocessor.FromFile(Path.Combine(folder, Preprocessor.FileName));
        var tokenizer = ClipTokenizer.Open(folder);
        var scale = ScaleOf(texts.Weights, source);
        var vision = (ClipVisionModel)images.Load(device);
        ClipTextModel? text = null;
        try
        {
            text = texts.Load(device);
            return new ClipModel(vision, text, tokenizer, transform with { ImageSize = vision.ImageSize }, scale, source);
        }
        catch
        {
            vision.Dispose();
            text?.Dispose();
            throw;
        }
    }

    /// <summary>The model that a folder means: itself, or the <c>model</c> in it where training left a whole CLIP there.</summary>
    internal static string Find(string source)
    {
        var trained = Path.Combine(source, StudentFolder.ModelName);
        return !IsIn(source) && IsIn(trained) ? trained : source;
    }

    /// <summary>Writes the model in one of the layouts; what was there under these names is replaced.</summary>
    /// <exception cref="ConfigException">The layout cannot hold these towers.</exception>
    internal void Save(string folder, ClipLayout layout)
    {
        using var scope = NewDisposeScope();
        ClipFolder.Write(folder, layout, Text, new ClipImageHalf(Vision, Transform, LogitScale.cpu().item<float>()), Tokenizer.Vocabulary);
    }

    /// <summary>The folder in which a checkpoint's other files are.</summary>
    internal static string FolderOf(string source) => File.Exists(source) ? Path.GetDirectoryName(Path.GetFullPath(source))! : source;

    /// <summary>The logit_scale that a file of a whole model holds, a natural logarithm.</summary>
    /// <exception cref="InputException">It holds none.</exception>
    internal static double ScaleOf(ISafetensors file, string source)
    {
        const string Name = "logit_scale";
        if (!file.Contains(Name) || file.Info(Name).Shape.Aggregate(1L, (product, side) => product * side) != 1)
        {
            throw new InputException($"{source} holds no logit_scale of one number, so it is no whole CLIP.");
        }
        using var scope = NewDisposeScope();
        return file.Load(Name, ScalarType.Float32).reshape(1).data<float>()[0];
    }

    /// <summary>
    /// Image features [count, D], fp32 rows of length 1, of pixels [count, S, S, 3] as loaders give them; without gradient.
    /// </summary>
    /// <param name="pixels">The images.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="mirror">Each image counts twice, as it is and mirrored: the mean of both features of length 1.</param>
    public float[] EncodeImages(ReadOnlySpan<byte> pixels, int count, bool mirror = false)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var side = Transform.ImageSize;
        var images = Pixels.Normalize(Pixels.ToTensor(pixels[..(count * side * side * 3)], count, side, Device), Transform);
        var features = Vision.Encode(images);
        return Rows(mirror ? features.Normalize().Plus(Vision.Encode(images.flip(3)).Normalize()) : features);
    }

    /// <summary>Text features of captions; without gradient.</summary>
    /// <param name="texts">The captions.</param>
    /// <param name="truncate">Whether captions that are too long lose their end; else they are an error.</param>
    /// <param name="cancellation">Ends it between batches.</param>
    /// <exception cref="InputException">A caption is too long.</exception>
    public ClipTexts EncodeTexts(IReadOnlyList<string> texts, bool truncate, CancellationToken cancellation = default)
    {
        var tokens = Tokenizer.Encode(texts, Text.Config.Positions, truncate);
        var features = new float[texts.Count * EmbedDim];
        // Captions of about one length together, as a batch is as long as its longest.
        foreach (var batch in Enumerable.Range(0, texts.Count).OrderBy(text => tokens.Rows[text].Length).Chunk(TextsAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var rows = Rows(Text.Encode([.. batch.Select(text => tokens.Rows[text])]));
            for (var i = 0; i < batch.Length; i++)
            {
                rows.AsSpan(i * EmbedDim, EmbedDim).CopyTo(features.AsSpan(batch[i] * EmbedDim));
            }
        }
        return new ClipTexts(features, tokens.Truncated);
    }

    /// <summary>Frees all weights.</summary>
    public void Dispose()
    {
        Vision.Dispose();
        Text.Dispose();
        LogitScale.Dispose();
    }

    /// <summary>Refuses a vocabulary of another size, or with another end token, than the text tower was trained with.</summary>
    internal static void RequireFit(ClipTokenizer tokenizer, ClipTextConfig text, string source)
    {
        if (tokenizer.Size != text.VocabularySize)
        {
            throw new InputException(
                $"{source}: {tokenizer.Vocabulary.Source} has {tokenizer.Size} tokens, but the text tower was made for "
                + $"{text.VocabularySize}. Put the vocabulary there that it was trained with.");
        }
        if (tokenizer.End != text.EndToken)
        {
            throw new InputException(
                $"{source}: the end token of {tokenizer.Vocabulary.Source} is {tokenizer.End}, that of the text tower {text.EndToken}.");
        }
    }

    private static bool IsBare(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return OpenAiClip.Is(file) && file.Contains("token_embedding.weight");
    }

    private static float[] Rows(Tensor features) => features.Normalize().cpu().contiguous().data<float>().ToArray();
}
