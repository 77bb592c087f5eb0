using Llm2Clip.Layers;
using Llm2Clip.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// Training steps of this library: pixels normalized, both encoders, InfoNCE, backward, clipping, AdamW. CLIP's ViT-S/32 on the CPU, its
/// ViT-B/16 where there is a GPU, and a text adapter of one block.
/// </summary>
internal sealed class StudentStep : IDisposable
{
    public const int TeacherDim = 640;

    /// <summary>Steps of a turn.</summary>
    public const int Steps = 3;

    public static readonly Device Place = cuda.is_available() ? CUDA : CPU;

    public static readonly int Batch = Place.type == DeviceType.CPU ? 16 : 256;

    public static readonly StudentConfig VitS32 =
        new() { ImageSize = 224, PatchSize = 32, Width = 384, Heads = 6, Layers = 12, EmbedDim = 512, AdapterBlocks = 1 };

    public static readonly StudentConfig VitB16 =
        new() { ImageSize = 224, PatchSize = 16, Width = 768, Heads = 12, Layers = 12, EmbedDim = 512, AdapterBlocks = 1 };

    public static readonly StudentConfig Config = Place.type == DeviceType.CPU ? VitS32 : VitB16;

    private readonly TrainedStudent _student;
    private readonly byte[] _pixels = new byte[Batch * Config.Vision.ImageSize * Config.Vision.ImageSize * 3];
    private readonly Tensor _vectors = randn([Batch, TeacherDim], device: Place);

    public StudentStep(Precision precision)
    {
        _student = new TrainedStudent(Config, TeacherDim, precision, Place);
        new Random(1).NextBytes(_pixels);
    }

    /// <summary>
    /// A vision transformer's sizes for the plain side, whose own types must not know this library's (<see cref="PlainSide"/>).
    /// </summary>
    public static PlainSizes PlainOf(StudentConfig config, int batch)
    {
        var vision = config.Vision;
        return new PlainSizes(
            batch, vision.ImageSize, vision.PatchSize, vision.Width, vision.Heads, vision.Layers, vision.MlpWidth, vision.EmbedDim,
            TeacherDim, TeacherDim * config.AdapterExpansion);
    }

    /// <summary>The device as PyTorch calls it.</summary>
    public static string PlaceName => Place.type == DeviceType.CPU ? "cpu" : "cuda";

    /// <summary>Number of weights that are trained.</summary>
    public long Weights => _student.Weights;

    /// <summary>
    /// Floating-point operations of a step's matrix products: two per multiply-add forward, four backward. Only what is computed here
    /// counts: of the last block the class token alone, and no gradient of the pixels.
    /// </summary>
    public static double Flops
    {
        get
        {
            var vision = Config.Vision;
            double width = vision.Width, patch = 3.0 * vision.PatchSize * vision.PatchSize;
            var patches = Math.Pow(vision.ImageSize / vision.PatchSize, 2);
            var tokens = patches + 1;
            // Keys and values of all tokens; queries, outputs, attention and the MLP of those that ask.
            double Block(double asking) =>
                tokens * 2 * width * width + asking * (2 * width * width + 2 * tokens * width + 2 * width * vision.MlpWidth);
            var image = (vision.Layers - 1) * Block(tokens) + Block(1) + width * vision.EmbedDim;
            double inner = TeacherDim * Config.AdapterExpansion;
            var text = Config.AdapterBlocks * 2 * TeacherDim * inner + (double)TeacherDim * vision.EmbedDim;
            return Batch * (6 * (image + text) + 4 * patches * patch * width);
        }
    }

    /// <summary>A turn of <see cref="Steps"/> steps.</summary>
    public void Run()
    {
        for (var i = 0; i < Steps; i++)
        {
            using var scope = NewDisposeScope();
            _student.Step(1, _ => _student.Input(_pixels, Batch, Config.Vision.ImageSize, Place), _vectors);
        }
        if (Place.type == DeviceType.CUDA)
        {
            cuda.synchronize();
        }
    }

    public void Dispose()
    {
        _vectors.Dispose();
        _student.Dispose();
    }
}
