using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Text;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage2;

/// <summary>
/// Loss and gradient of one batch: images and captions through their encoders, in micro-batches where configured. All its
/// randomness follows from (seed, step), so it can be repeated.
/// </summary>
internal sealed class ClipTrainStep
{
    private readonly Student _student;
    private readonly ClipTrainConfig _config;
    private readonly ICaptionVectors _vectors;
    private readonly CaptionSampler _sampler;
    private readonly IContrastiveLoss _loss;
    private float[] _buffer = [];

    public ClipTrainStep(Student student, ClipTrainConfig config, ICaptionVectors vectors, CaptionSampler sampler, IContrastiveLoss loss)
    {
        (_student, _config, _vectors, _sampler, _loss) = (student, config, vectors, sampler, loss);
        student.Precision = config.Precision;
        student.ImageEncoder.SetDropPath(config.DropPath);
        student.ImageEncoder.PatchDropout = config.PatchDropout;
        student.TextAdapter.InputDropout = config.TextDropout;
        if (student.ImageHead is { } head)
        {
            head.Dropout = config.HeadDropout;
        }
    }

    /// <summary>Adds the batch's gradient to the parameters' and returns the loss.</summary>
    public double Backward(SampleBatch batch, int epoch, long step)
    {
        using var scope = NewDisposeScope();
        var captions = Pick(batch, epoch);
        var texts = captions.ConvertAll(caption => caption.Text);
        var (images, vectors) = (ImagesOf(batch), Vectors(captions));
        var micro = _config.MicroBatch > 0 ? _config.MicroBatch : batch.Count;
        var textMicro = micro * _config.CaptionsPerImage;
        try
        {
            return GradCache.Backward(
                [
                    new EncoderPass(Parts(batch.Count, micro), part => EncodeImages(Part(images, part, micro), Seed(step, 0, part))),
                    new EncoderPass(
                        Parts(captions.Count, textMicro), part => EncodeTexts(Part(vectors, part, textMicro), Seed(step, 1, part))),
                ],
                features => _loss.Of(new ContrastiveBatch(features[0], features[1], _student.LogitScale, texts, vectors)));
        }
        finally
        {
            _student.ImageEncoder.Noise.End();
            _student.ImageHead?.Noise.End();
            _student.TextAdapter.Noise.End();
        }
    }

    private static int Parts(int rows, int micro) => (rows + micro - 1) / micro;

    private static Tensor Part(Tensor rows, int part, int micro) =>
        rows.narrow(0, (long)part * micro, Math.Min(micro, rows.shape[0] - (long)part * micro));

    private ulong Seed(long step, int pass, int part) => SeededRandom.Mix(_config.Seed, step, pass, part);

    /// <summary>Image features of uint8 pixels [B, S, S, 3], or of pooled features [B, F].</summary>
    private Tensor EncodeImages(Tensor images, ulong seed)
    {
        using var scope = NewDisposeScope();
        _student.ImageEncoder.Noise.Begin(seed);
        _student.ImageHead?.Noise.Begin(SeededRandom.Mix((long)seed, 1, 0, 0));
        var features = images.dim() == 2
            ? _student.ProjectImage(images)
            : _student.EncodeImage(Pixels.Normalize(images, _student.Transform));
        return features.MoveToOuterDisposeScope();
    }

    private Tensor EncodeTexts(Tensor vectors, ulong seed)
    {
        _student.TextAdapter.Noise.Begin(seed);
        return _student.TextAdapter.call(vectors);
    }

    /// <summary>Caption j of image i is at j * images + i; see <see cref="ContrastiveBatch"/>.</summary>
    private List<Caption> Pick(SampleBatch batch, int epoch)
    {
        var each = _config.CaptionsPerImage;
        var captions = new Caption[batch.Count * each];
        for (var i = 0; i < batch.Count; i++)
        {
            var picked = _sampler.Pick(batch.Samples[i], each, epoch);
            if (picked.Count == 0)
            {
                throw new InputException(
                    $"{batch.Samples[i].Origin} has no caption of the languages and kinds that clip_train.captions names.");
            }
            for (var j = 0; j < each; j++)
            {
                captions[j * batch.Count + i] = picked[j];
            }
        }
        return [.. captions];
    }

    private Tensor ImagesOf(SampleBatch batch) => batch.Features is { } features
        ? tensor(features, [batch.Count, _student.ImageEncoder.PooledDim], device: _student.Device)
        : Pixels.ToTensor(batch.Pixels.AsSpan(0, batch.PixelBytes), batch.Count, batch.ImageSize, _student.Device);

    private Tensor Vectors(List<Caption> captions)
    {
        Array.Resize(ref _buffer, captions.Count * _vectors.Dimension);
        _vectors.Gather(captions, _buffer);
        return tensor(_buffer, [captions.Count, _vectors.Dimension], device: _student.Device);
    }
}
