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
    private readonly OriginalEncoder? _original;
    private readonly TextQueue? _queue;
    private readonly List<(string Name, double Value)> _terms = [];
    private float[] _buffer = [];
    private volatile string _doing = "";
    private long _done;

    /// <param name="student">Trained in place.</param>
    /// <param name="config">The training section.</param>
    /// <param name="vectors">Teacher vectors of the captions.</param>
    /// <param name="sampler">Draws the captions of each image.</param>
    /// <param name="loss">The main loss.</param>
    /// <param name="original">What <c>clip_train.retention</c> compares with; it stays the caller's. Null where that has no weight.</param>
    /// <param name="queue">Further negatives, which stay the caller's; null for none.</param>
    public ClipTrainStep(
        Student student, ClipTrainConfig config, ICaptionVectors vectors, CaptionSampler sampler, IContrastiveLoss loss,
        OriginalEncoder? original = null, TextQueue? queue = null)
    {
        (_student, _config, _vectors, _sampler, _loss) = (student, config, vectors, sampler, loss);
        (_original, _queue) = (original, queue);
        student.Precision = config.Precision;
        student.ImageEncoder.SetDropPath(config.DropPath);
        student.ImageEncoder.PatchDropout = config.PatchDropout;
        student.TextAdapter.InputDropout = config.TextDropout;
        if (student.ImageHead is { } head)
        {
            head.Dropout = config.HeadDropout;
        }
    }

    /// <summary>What it is at; may be asked by any thread.</summary>
    public Activity Activity => new(Volatile.Read(ref _done), _doing);

    /// <summary>Terms of the last step's loss beside the main one, by name and without their weights.</summary>
    public IReadOnlyList<(string Name, double Value)> Terms => _terms;

    /// <summary>
    /// Adds the batch's gradient to the parameters' and returns the loss. A cancellation ends it between micro-batches; the gradients are
    /// good for nothing then.
    /// </summary>
    public double Backward(SampleBatch batch, int epoch, long step, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        Begin("caption vectors are being read from the embedding store");
        var captions = Pick(batch, epoch);
        var texts = captions.ConvertAll(caption => caption.Text);
        var names = batch.Samples.Select(sample => sample.Origin).ToList();
        var (images, vectors) = (ImagesOf(batch), Vectors(captions));
        var micro = _config.MicroBatch > 0 ? _config.MicroBatch : batch.Count;
        var textMicro = micro * _config.CaptionsPerImage;
        var (queue, original) = (_queue?.At(step, batch), Original(images, micro));
        try
        {
            return GradCache.Backward(
                [
                    new EncoderPass(
                        MicroBatches.Count(batch.Count, micro),
                        part => EncodeImages(MicroBatches.Part(images, part, micro), Seed(step, 0, part), cancellation))
                    { Kept = _config.KeptMicroBatches },
                    new EncoderPass(
                        MicroBatches.Count(captions.Count, textMicro),
                        part => EncodeTexts(MicroBatches.Part(vectors, part, textMicro), Seed(step, 1, part)))
                    { Kept = _config.KeptMicroBatches },
                ],
                features => Loss(features[0], original, new ContrastiveBatch(
                    features[0].narrow(1, 0, _student.EmbedDim), features[1], _student.LogitScale, texts, vectors)
                { Queue = queue, ImageNames = names }));
        }
        finally
        {
            _student.ImageEncoder.Noise.End();
            _student.ImageHead?.Noise.End();
            _student.TextAdapter.Noise.End();
        }
    }

    /// <summary>The main loss and the terms that have a weight.</summary>
    private Tensor Loss(Tensor features, Tensor? original, ContrastiveBatch batch)
    {
        using var scope = NewDisposeScope();
        _terms.Clear();
        var loss = _loss.Of(batch);
        if (original is not null)
        {
            // Pooled features, where they are compared, are side by side with the image features.
            var compared = features.narrow(1, features.shape[1] - original.shape[1], original.shape[1]);
            Add("retention", _config.Retention.Weight, RetentionTerm.Between(compared, original));
        }
        if (_config.Relational is { Weight: > 0 } relational)
        {
            var places = TeacherPlaces.Of(batch.TeacherVectors, batch.ImageOfCaption, batch.Count).Images;
            Add(
                "relational", relational.Weight,
                RelationalTerm.Between(batch.Images, places, relational.StudentScale, relational.TeacherScale));
        }
        return loss.MoveToOuterDisposeScope();

        void Add(string name, double weight, Tensor term)
        {
            _terms.Add((name, term.cpu().item<float>()));
            loss = loss.Plus(term.Times(weight));
        }
    }

    /// <summary>Features of the original encoder, in micro-batches; null where nothing is compared with them.</summary>
    private Tensor? Original(Tensor images, int micro)
    {
        if (_original is null)
        {
            return null;
        }
        using var scope = NewDisposeScope();
        var parts = Enumerable.Range(0, MicroBatches.Count((int)images.shape[0], micro))
            .Select(part => _original.Encode(MicroBatches.Part(images, part, micro)));
        return cat([.. parts], 0).MoveToOuterDisposeScope();
    }

    private ulong Seed(long step, int pass, int part) => SeededRandom.Mix(_config.Seed, step, pass, part);

    private void Begin(string what)
    {
        _doing = what;
        Interlocked.Increment(ref _done);
    }

    /// <summary>
    /// Image features of uint8 pixels [B, S, S, 3], or of pooled features [B, F]; with the pooled features beside them, [B, D + F], where
    /// these are compared with the original encoder's.
    /// </summary>
    private Tensor EncodeImages(Tensor images, ulong seed, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Begin("loss and gradient of a batch are being computed");
        using var scope = NewDisposeScope();
        _student.ImageEncoder.Noise.Begin(seed);
        _student.ImageHead?.Noise.Begin(SeededRandom.Mix((long)seed, 1, 0, 0));
        var pooled = images.dim() == 2 ? images : _student.ImageEncoder.Pool(Pixels.Normalize(images, _student.Transform));
        var features = _student.ProjectImage(pooled);
        return (_original is { IsProjected: false } ? cat([features, pooled], 1) : features).MoveToOuterDisposeScope();
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
            var picked = _sampler.Pick(batch.Samples[i], each, batch.Passes?[i] ?? epoch);
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
        : Pixels.Of(batch.Pixels, batch.Count, batch.ImageSize, _student.Device);

    private Tensor Vectors(List<Caption> captions)
    {
        Array.Resize(ref _buffer, captions.Count * _vectors.Dimension);
        _vectors.Gather(captions, _buffer);
        return tensor(_buffer, [captions.Count, _vectors.Dimension], device: _student.Device);
    }
}
