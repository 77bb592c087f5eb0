using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Text;
using Llm2Clip.Randomness;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// Loss and gradient of one batch: pictures and captions through their encoders, in micro-batches where configured. All its
/// randomness follows from (seed, step), so it can be repeated.
/// </summary>
internal sealed class ClipTrainStep
{
    private readonly Student _student;
    private readonly ClipTrainConfig _config;
    private readonly ICaptionVectors _vectors;
    private readonly CaptionSampler _sampler;
    private float[] _buffer = [];

    public ClipTrainStep(Student student, ClipTrainConfig config, ICaptionVectors vectors)
    {
        (_student, _config, _vectors) = (student, config, vectors);
        _sampler = SamplerOf(config);
        student.Precision = config.Precision;
        student.ImageEncoder.SetDropPath(config.DropPath);
        student.ImageEncoder.PatchDropout = config.PatchDropout;
        student.TextAdapter.InputDropout = config.TextDropout;
    }

    /// <summary>The captions that the configuration draws from.</summary>
    public static CaptionSampler SamplerOf(ClipTrainConfig config) =>
        new(config.Captions.Count > 0 ? config.Captions : [new CaptionChoice()], config.Seed);

    /// <summary>Adds the batch's gradient to the parameters' and returns the loss.</summary>
    public double Backward(SampleBatch batch, int epoch, long step)
    {
        using var scope = NewDisposeScope();
        var captions = Pick(batch, epoch);
        var (pixels, vectors) = (PixelsOf(batch), Vectors(captions));
        var micro = _config.MicroBatch > 0 ? _config.MicroBatch : batch.Count;
        var textMicro = micro * _config.CaptionsPerImage;
        try
        {
            return GradCache.Backward(
                [
                    new EncoderPass(Parts(batch.Count, micro), part => EncodeImages(Part(pixels, part, micro), Seed(step, 0, part))),
                    new EncoderPass(Parts(captions.Count, textMicro), part => EncodeTexts(Part(vectors, part, textMicro), Seed(step, 1, part))),
                ],
                features => Loss(features[0], features[1], captions, vectors));
        }
        finally
        {
            _student.ImageEncoder.Noise.End();
            _student.TextAdapter.Noise.End();
        }
    }

    private static int Parts(int rows, int micro) => (rows + micro - 1) / micro;

    private static Tensor Part(Tensor rows, int part, int micro) =>
        rows.narrow(0, (long)part * micro, Math.Min(micro, rows.shape[0] - (long)part * micro));

    private ulong Seed(long step, int pass, int part) => SeededRandom.Mix(_config.Seed, step, pass, part);

    private Tensor EncodeImages(Tensor pixels, ulong seed)
    {
        using var scope = NewDisposeScope();
        _student.ImageEncoder.Noise.Begin(seed);
        return _student.ImageEncoder.Encode(Pixels.Normalize(pixels, _student.Transform)).MoveToOuterDisposeScope();
    }

    private Tensor EncodeTexts(Tensor vectors, ulong seed)
    {
        _student.TextAdapter.Noise.Begin(seed);
        return _student.TextAdapter.call(vectors);
    }

    /// <summary>Caption j of picture i stands at j * pictures + i, so that one caption of every picture is a contiguous part.</summary>
    private List<Caption> Pick(SampleBatch batch, int epoch)
    {
        var each = _config.CaptionsPerImage;
        var captions = new Caption[batch.Count * each];
        for (var i = 0; i < batch.Count; i++)
        {
            var picked = _sampler.Pick(batch.Samples[i], each, epoch);
            if (picked.Count == 0)
            {
                throw new InputException($"{batch.Samples[i].Origin} has no caption of the languages and kinds that clip_train.captions names.");
            }
            for (var j = 0; j < each; j++)
            {
                captions[j * batch.Count + i] = picked[j];
            }
        }
        return [.. captions];
    }

    private Tensor PixelsOf(SampleBatch batch) =>
        Pixels.ToTensor(batch.Pixels.AsSpan(0, batch.PixelBytes), batch.Count, batch.ImageSize, _student.Device);

    private Tensor Vectors(List<Caption> captions)
    {
        Array.Resize(ref _buffer, captions.Count * _vectors.Dimension);
        _vectors.Gather(captions, _buffer);
        return tensor(_buffer, [captions.Count, _vectors.Dimension], device: _student.Device);
    }

    private Tensor Loss(Tensor images, Tensor texts, List<Caption> captions, Tensor vectors)
    {
        using var scope = NewDisposeScope();
        var count = (int)images.shape[0];
        if (_config.CaptionMode == CaptionMode.MultiPositive)
        {
            return PartLoss(images, texts, captions, vectors).MoveToOuterDisposeScope();
        }
        var losses = Enumerable.Range(0, _config.CaptionsPerImage).Select(j => PartLoss(
            images, texts.narrow(0, (long)j * count, count), captions.GetRange(j * count, count), vectors.narrow(0, (long)j * count, count)));
        return losses.Aggregate((sum, loss) => sum.Plus(loss)).DividedBy(_config.CaptionsPerImage).MoveToOuterDisposeScope();
    }

    /// <summary>Loss of captions whose c-th belongs to picture c modulo the number of pictures.</summary>
    private Tensor PartLoss(Tensor images, Tensor texts, List<Caption> captions, Tensor vectors)
    {
        using var scope = NewDisposeScope();
        var count = (int)images.shape[0];
        var owner = Enumerable.Range(0, captions.Count).Select(c => c % count).ToArray();
        var same = Losses.IdenticalCaptions(captions.ConvertAll(caption => caption.Text), owner, count, images.device);
        var teacher = _config.TeacherWeight > 0 ? SoftTargets.From(vectors, owner, count, _config.TeacherWeight, _config.TeacherScale) : null;
        var loss = captions.Count == count
            ? Losses.ClipInfoNce(images, texts, _student.LogitScale, _config.LabelSmoothing, same, teacher)
            : Losses.MultiPositive(images, texts, _student.LogitScale, owner, _config.LabelSmoothing, same, teacher);
        return loss.MoveToOuterDisposeScope();
    }
}
