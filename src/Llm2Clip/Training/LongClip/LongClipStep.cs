using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Randomness;
using Llm2Clip.Training.Losses;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.LongClip;

/// <summary>
/// Loss and gradient of one batch: images, long and short captions through their towers, in micro-batches where configured. All its
/// randomness follows from (seed, step), so it can be repeated.
/// </summary>
internal sealed class LongClipStep
{
    private readonly ClipModel _model;
    private readonly LongClipConfig _config;
    private readonly LongClipCaptions _captions;
    private readonly LongClipLoss _loss;
    private readonly List<(string Name, double Value)> _terms = [];
    private volatile string _doing = "";
    private long _done;

    /// <param name="model">Trained in place.</param>
    /// <param name="config">The training section.</param>
    /// <param name="captions">Draws the captions of each image.</param>
    /// <exception cref="ConfigException">Nothing would be dropped by primary component matching.</exception>
    public LongClipStep(ClipModel model, LongClipConfig config, LongClipCaptions captions)
    {
        (_model, _config, _captions) = (model, config, captions);
        var matches = config is { ShortWeight: > 0, Pcm.K: > 0 };
        _loss = new LongClipLoss
        {
            Components = matches ? config.Pcm.K : int.MaxValue,
            ShortWeight = config.ShortWeight,
            LabelSmoothing = config.LabelSmoothing,
        };
        if (matches)
        {
            PrimaryComponents.RequireEffect(
                config.BatchSize / config.Pcm.Blocks(config.BatchSize), model.EmbedDim, config.Pcm.K);
        }
        model.Precision = config.Precision;
        model.Vision.SetDropPath(config.DropPath);
        model.Vision.PatchDropout = config.PatchDropout;
        model.Text.SetDropPath(config.TextDropPath);
    }

    /// <summary>What it is at; may be asked by any thread.</summary>
    public Activity Activity => new(Volatile.Read(ref _done), _doing);

    /// <summary>Numbers of the last step by name: the parts of its loss, and captions that lost their end.</summary>
    public IReadOnlyList<(string Name, double Value)> Terms => _terms;

    /// <summary>Captions trained on, over all parts of the run.</summary>
    public long Captions { get; set; }

    /// <summary>Captions that lost their end, over all parts of the run.</summary>
    public long Truncated { get; set; }

    /// <summary>
    /// Adds the batch's gradient to the parameters' and returns the loss. A cancellation ends it between micro-batches; the gradients are
    /// good for nothing then.
    /// </summary>
    public double Backward(SampleBatch batch, int epoch, long step, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        Begin("captions are being cut into tokens");
        var pairs = batch.Samples.Select((sample, i) => _captions.Pick(sample, batch.Passes?[i] ?? epoch)).ToList();
        var texts = new[] { pairs.ConvertAll(pair => pair.Long), pairs.ConvertAll(pair => pair.Short) }
            .Take(_config.ShortWeight > 0 ? 2 : 1).ToList();
        _terms.Clear();
        var cut = 0;
        var micro = _config.MicroBatch > 0 ? _config.MicroBatch : batch.Count;
        List<Encoded> encoded = [OfImages(batch, micro, step, cancellation)];
        foreach (var captions in texts)
        {
            var tokens = _model.Tokenizer.Encode(captions, _model.Text.Config.Positions, _config.Truncate, "longclip.truncate");
            cut += tokens.Truncated;
            encoded.Add(OfTexts(new TokenBatches(tokens.Rows, micro), encoded.Count, step, cancellation));
        }
        try
        {
            var locked = encoded.ConvertAll(one => one.Trains ? null : GradCache.Encode(one.Pass));
            var value = GradCache.Backward([.. encoded.Where(one => one.Trains).Select(one => one.Pass)], features =>
            {
                var trained = new Queue<Tensor>(features);
                return Loss(batch, texts, encoded.Select((one, i) => one.InOrder(locked[i] ?? trained.Dequeue())).ToList());
            });
            (Captions, Truncated) = (Captions + (long)texts.Count * batch.Count, Truncated + cut);
            _terms.Add(("truncated", cut));
            return value;
        }
        finally
        {
            _model.Vision.Noise.End();
            _model.Text.Noise.End();
        }
    }

    /// <summary>The loss of features [B, D] of images, long and, where they count, short captions.</summary>
    private Tensor Loss(SampleBatch batch, List<List<string>> texts, List<Tensor> features)
    {
        using var scope = NewDisposeScope();
        var names = batch.Samples.Select(sample => sample.Origin).ToList();
        int[] own = [.. Enumerable.Range(0, batch.Count)];
        var same = texts.ConvertAll(captions =>
            SamePairs.IdenticalCaptions(captions, own, batch.Count, features[0].device, names));
        if (features.Count == 2)
        {
            return _loss.OfLong(features[0], features[1], _model.LogitScale, same[0]).MoveToOuterDisposeScope();
        }
        // A batch that lost images to damage may be too small to match anything; it trains all the same.
        var losses = (_loss with { Blocks = _config.Pcm.Blocks(batch.Count) })
            .Between(features[0], features[1], features[2], _model.LogitScale, same[0], same[1]);
        _terms.Add(("loss_long", losses.Long.cpu().item<float>()));
        _terms.Add(("loss_short", losses.Short.cpu().item<float>()));
        return losses.Total.MoveToOuterDisposeScope();
    }

    private Encoded OfImages(SampleBatch batch, int micro, long step, CancellationToken cancellation)
    {
        var trains = _config.ImageBlocks != 0;
        var images = Pixels.Of(batch.Pixels, batch.Count, batch.ImageSize, _model.Device);
        var pass = new EncoderPass(MicroBatches.Count(batch.Count, micro), part =>
        {
            BeginPart(trains ? _model.Vision.Noise : null, step, 0, part, cancellation);
            using var scope = NewDisposeScope();
            return _model.Vision.Encode(Pixels.Normalize(MicroBatches.Part(images, part, micro), _model.Transform))
                .MoveToOuterDisposeScope();
        })
        { Kept = _config.KeptMicroBatches };
        return new Encoded(pass, trains, features => features);
    }

    private Encoded OfTexts(TokenBatches tokens, int pass, long step, CancellationToken cancellation)
    {
        var trains = _config.TextBlocks != 0;
        return new Encoded(
            new EncoderPass(tokens.Count, part =>
            {
                BeginPart(trains ? _model.Text.Noise : null, step, pass, part, cancellation);
                return _model.Text.Encode(tokens.Part(part));
            })
            { Kept = _config.KeptMicroBatches },
            trains,
            tokens.InOrder);
    }

    private void BeginPart(TrainingNoise? noise, long step, int pass, int part, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Begin("loss and gradient of a batch are being computed");
        noise?.Begin(SeededRandom.Mix(_config.Seed, step, pass, part));
    }

    private void Begin(string what)
    {
        _doing = what;
        Interlocked.Increment(ref _done);
    }

    /// <summary>What goes through a tower.</summary>
    /// <param name="Pass">Its micro-batches.</param>
    /// <param name="Trains">Whether the tower does; of a locked one the features are constants.</param>
    /// <param name="InOrder">Brings the features into the order of the images.</param>
    private sealed record Encoded(EncoderPass Pass, bool Trains, Func<Tensor, Tensor> InOrder);
}
