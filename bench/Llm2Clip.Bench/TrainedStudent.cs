using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Text;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// A student of this library with its optimizer, and a training step of it: both encoders, InfoNCE, backward, clipping, AdamW.
/// </summary>
internal sealed class TrainedStudent : IDisposable
{
    private readonly Student _student;
    private readonly FlatParameters _flat;
    private readonly FlatAdamW _optimizer;

    public TrainedStudent(StudentConfig config, int teacherDim, Precision precision, Device place)
    {
        _student = Student.Create(config, teacherDim, Math.Log(1 / 0.07), 1, place);
        _student.Precision = precision;
        _student.ImageEncoder.Noise.Begin(1); // A pass of training, in which batch norms have the batch's statistics.
        var named = _student.NamedParameters();
        var groups = ParameterGroups.Build(
            named.Select(p => (p.Name, p.Parameter.shape.Length)),
            new GroupOptions(1e-3, 1e-3, 1e-3, 0.2),
            LayerNaming.Of(_student.ImageEncoder));
        _flat = new FlatParameters(named, groups);
        _optimizer = new FlatAdamW(_flat, new AdamWOptions());
        Weights = named.Sum(p => p.Parameter.numel());
    }

    /// <summary>The student; its weights are the optimizer's.</summary>
    public Student Student => _student;

    /// <summary>Number of weights that are trained.</summary>
    public long Weights { get; }

    /// <summary>What the encoder takes, of pixels as they are decoded.</summary>
    public Tensor Input(byte[] pixels, int batch, int side, Device place) =>
        Pixels.Normalize(Pixels.ToTensor(pixels, batch, side, place), _student.Transform);

    /// <summary>
    /// A step; <paramref name="input"/> gives one of <paramref name="parts"/> micro-batches of images, of which <paramref name="kept"/> are
    /// encoded once.
    /// </summary>
    public void Step(int parts, Func<int, Tensor> input, Tensor vectors, int kept = 1) => Step(() => GradCache.Backward(
        [
            new EncoderPass(parts, part => _student.ImageEncoder.Encode(input(part))) { Kept = kept },
            new EncoderPass(1, _ => _student.TextAdapter.call(vectors)),
        ],
        features => InfoNceLoss.Between(features[0], features[1], _student.LogitScale)));

    /// <summary>A step whose gradient <paramref name="backward"/> computes.</summary>
    public void Step(Func<double> backward)
    {
        _flat.ZeroGradients();
        backward();
        _optimizer.Step(1, FlatAdamW.ClipScale(_flat.GradientNorm(), 1));
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _flat.Dispose();
        _student.Dispose();
    }
}
