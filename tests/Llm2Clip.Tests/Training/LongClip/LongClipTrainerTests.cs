using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Training.LongClip;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training.LongClip;

/// <summary>Training of a whole CLIP on long and short captions.</summary>
public sealed class LongClipTrainerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("long-clip-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>
    /// A step, in micro-batches sorted by length and cut after their last end token, against the loss of all captions at once, padded to
    /// all positions. fp32 sums in another order differ by about 1e-6 of the largest entry.
    /// </summary>
    [Theory]
    [InlineData(0, 1.0, 0)]
    [InlineData(3, 1.0, 0)]
    [InlineData(3, 0.25, 20)]
    [InlineData(5, 0.0, 0)]
    public void AStepIsTheLossOfTheWholeBatch(int microBatch, double shortWeight, int kept)
    {
        using var scope = NewDisposeScope();
        var config = TinyLongClip.Config with { MicroBatch = microBatch, ShortWeight = shortWeight };
        using var model = TinyLongClip.NewModel(TinyClip.Text with { KeptPositions = kept });
        using var task = new LongClipTask(TinyLongClip.Inputs(_folder, config, model), CancellationToken.None);
        var captions = new LongClipCaptions(config);
        using var batch = LongBatches.Batch(2, config.BatchSize);
        task.Weights.Parameters.ZeroGradients();
        var found = double.NaN;
        foreach (var one in task.Epoch(4, 2, CancellationToken.None))
        {
            found = one.Backward(11);
            break;
        }
        var gradient = task.Weights.Parameters.Gradients.clone();

        task.Weights.Parameters.ZeroGradients();
        var images = model.Vision.Encode(Pixels.Normalize(
            Pixels.ToTensor(batch.Pixels, batch.Count, 32, CPU), model.Transform)).Normalize();
        var pairs = batch.Samples.Select(sample => captions.Pick(sample, 4)).ToList();
        var loss = Half(images, Encode([.. pairs.Select(pair => pair.Long)]));
        if (shortWeight > 0)
        {
            var reconstructed = PrimaryComponents.Reconstruct(images, config.Pcm.K);
            loss = loss + (float)shortWeight * Half(reconstructed, Encode([.. pairs.Select(pair => pair.Short)]));
        }
        loss.backward();
        Assert.Equal(loss.item<float>(), found, 1e-5f);
        GoldenTensors.Close(task.Weights.Parameters.Gradients, gradient, 1e-7, "gradient", relativeToLargest: 2e-5);
        Assert.Contains(GoldenTensors.Values(gradient), value => value != 0);

        Tensor Encode(string[] texts)
        {
            var rows = model.Tokenizer.Encode(texts, 77, truncate: false).Rows;
            var ids = rows.SelectMany(row => row.Concat(Enumerable.Repeat(0, 77 - row.Length))).Select(id => (long)id).ToArray();
            return model.Text.call(tensor(ids, [texts.Length, 77])).Normalize();
        }

        // Label smoothing 0.1 by torch's own cross-entropy.
        Tensor Half(Tensor left, Tensor right)
        {
            var logits = model.LogitScale.exp() * left.matmul(right.t());
            var labels = arange(left.shape[0]);
            return (nn.functional.cross_entropy(logits, labels, label_smoothing: 0.1)
                + nn.functional.cross_entropy(logits.t(), labels, label_smoothing: 0.1)) / 2;
        }
    }

    [Theory]
    [InlineData(0, Precision.Fp32)]
    [InlineData(3, Precision.Bf16)]
    public void AnInterruptedRunEqualsAStraightOne(int microBatch, Precision precision)
    {
        var config = TinyLongClip.Config with
        {
            MicroBatch = microBatch,
            Precision = precision,
            DropPath = 0.2,
            PatchDropout = 0.25,
            TextDropPath = 0.2,
            AverageDecay = 0.9,
        };
        var shape = TinyClip.Text with { KeptPositions = 20, Positions = 30 };
        using var one = TinyLongClip.NewModel(shape);
        var straight = Train(TinyLongClip.Inputs(Path.Combine(_folder, "straight"), config, one));

        // The process ends without any clean-up after step 13; the checkpoint of step 10 is the last.
        var broken = Path.Combine(_folder, "broken");
        using var two = TinyLongClip.NewModel(shape);
        var steps = 0;
        Assert.Throws<Killed>(() => Train(TinyLongClip.Inputs(broken, config, two, new LongBatches(config.BatchSize, (_, _) =>
        {
            if (++steps > 13)
            {
                throw new Killed();
            }
        }))));
        using var three = TinyLongClip.NewModel(shape, seed: 99);
        var log = new Lines();
        var resumed = Train(TinyLongClip.Inputs(broken, config, three) with { Log = log });

        Assert.Equal(20, resumed.State.Step);
        Assert.Contains(log.Texts, line => line.StartsWith("Resumed at step 10,", StringComparison.Ordinal));
        Assert.Equal(TinyLongClip.Weights(one), TinyLongClip.Weights(three));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(straight.ModelFolder, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(resumed.ModelFolder, "model.safetensors")));
        Assert.Equal((straight.Captions, straight.Truncated), (resumed.Captions, resumed.Truncated));
        Assert.Equal(2 * 20 * 8, straight.Captions);
        Assert.InRange(straight.Truncated, 1, 20 * 8);
        Assert.Contains(log.Texts, line => line.Contains("captions were longer than 30 tokens and lost their end", StringComparison.Ordinal));
    }

    /// <summary>What is locked stays to the bit, and all else moves; of the blocks the last ones train, and what follows them.</summary>
    [Theory]
    [InlineData(0, null, new[] { "visual." })]
    [InlineData(null, 0, new[] { "text." })]
    [InlineData(null, 1, new[] { "text.text_model.embeddings", "text.text_model.encoder.layers.0" })]
    public void LockedPartsStay(int? imageBlocks, int? textBlocks, string[] locked)
    {
        foreach (var microBatch in new[] { 0, 3 })
        {
            using var model = TinyLongClip.NewModel();
            var before = model.NamedParameters().ToDictionary(p => p.Name, p => GoldenTensors.Values(p.Parameter));
            Train(TinyLongClip.Inputs(Path.Combine(_folder, $"{microBatch}"), TinyLongClip.Config with
            {
                ImageBlocks = imageBlocks,
                TextBlocks = textBlocks,
                Steps = 3,
                MicroBatch = microBatch,
            }, model));
            // A bias of the keys moves no softmax, so that rounding alone decides whether it trains.
            foreach (var (name, parameter) in model.NamedParameters().Where(p => !p.Name.EndsWith("k_proj.bias", StringComparison.Ordinal)))
            {
                var stays = locked.Any(part => name.StartsWith(part, StringComparison.Ordinal));
                Assert.True(before[name].SequenceEqual(GoldenTensors.Values(parameter)) == stays, name);
            }
        }
    }

    /// <summary>The frozen rows of the positions stay; Hugging Face's layout has one table, with the rows that count.</summary>
    [Fact]
    public void TheKeptPositionsStayAndTablesAreMerged()
    {
        using var model = TinyLongClip.NewModel(TinyClip.Text with { KeptPositions = 20 });
        var start = GoldenTensors.Values(model.Text.Embeddings.Positions);
        var trained = Train(TinyLongClip.Inputs(_folder, TinyLongClip.Config with { Steps = 4 }, model));
        Assert.Equal(start, GoldenTensors.Values(model.Text.Embeddings.Positions));
        using var file = Llm2Clip.Weights.SafetensorsFile.Open(Path.Combine(trained.ModelFolder, "model.safetensors"));
        Assert.DoesNotContain(file.Names, name => name.Contains("position_embedding_res", StringComparison.Ordinal));
        var merged = GoldenTensors.Values(file.Load(TextEmbeddings.PositionsPath));
        var second = GoldenTensors.Values(model.Text.Embeddings.Trained!);
        var kept = 20 * TinyClip.Text.Width;
        Assert.Equal([.. start[..kept], .. second[kept..]], merged);
        Assert.NotEqual(start[kept..], second[kept..]);
        using var opened = ClipModel.Load(trained.ModelFolder, CPU);
        Assert.Equal(model.LogitScale.item<float>(), opened.LogitScale.item<float>());
        string[] texts = ["the cat and the dog and the cat and the dog"];
        Assert.Equal(
            model.EncodeTexts(texts, false, TestContext.Current.CancellationToken).Features,
            opened.EncodeTexts(texts, false, TestContext.Current.CancellationToken).Features);
    }

    /// <summary>Adam's first step is the rate, whatever the gradient: from 2.5 to 2.45 or 2.55, above a limit of 2.4.</summary>
    [Fact]
    public void TheScaleIsKeptBelowItsLimitAndFreeWithoutOne()
    {
        float After(double? limit)
        {
            using var model = TinyLongClip.NewModel();
            var config = TinyLongClip.Config with { ScaleLimit = limit, Steps = 1, ScaleLearningRate = 0.05, WarmupSteps = 0 };
            Train(TinyLongClip.Inputs(Path.Combine(_folder, limit is null ? "free" : "limited"), config, model));
            return model.LogitScale.item<float>();
        }

        Assert.Equal(0.05, Math.Abs(After(null) - 2.5), 1e-4);
        Assert.Equal(2.4, After(Math.Exp(2.4)), 1e-6);
    }

    /// <summary>Images with equal captions are no negatives of each other: where all are equal, nothing is left to tell apart.</summary>
    [Fact]
    public void IdenticalCaptionsAreNoNegatives()
    {
        using var model = TinyLongClip.NewModel();
        var step = new LongClipStep(model, TinyLongClip.Config, new LongClipCaptions(TinyLongClip.Config));
        using var batch = LongBatches.Batch(0, 8);
        var captions = batch.Samples[0].Captions.Take(2).ToList();
        using var same = new Llm2Clip.Data.Loading.SampleBatch(
            0, [.. batch.Samples.Select(sample => sample with { Captions = captions })], batch.Pixels, 32, _ => { });
        Assert.Equal(0, step.Backward(same, 0, 0, TestContext.Current.CancellationToken), 1e-6);
        Assert.True(step.Backward(batch, 0, 0, TestContext.Current.CancellationToken) > 1);
    }

    [Fact]
    public void WhatDoesNotFitTheModelIsRefused()
    {
        using var model = TinyLongClip.NewModel();
        string Error(LongClipConfig config) => Assert.Throws<ConfigException>(
            () => Train(TinyLongClip.Inputs(_folder, config, model))).Message;
        Assert.Contains("longclip.text_blocks is 3, but the text tower has 2 blocks", Error(TinyLongClip.Config with { TextBlocks = 3 }), StringComparison.Ordinal);
        Assert.Contains("longclip.image_blocks is 2, but the image tower has 1 blocks", Error(TinyLongClip.Config with { ImageBlocks = 2 }), StringComparison.Ordinal);
        Assert.Contains(
            "24 primary components are all directions that 64 images with features of length 24 have",
            Error(TinyLongClip.Config with { BatchSize = 64, Pcm = new PcmConfig { K = 24 } }), StringComparison.Ordinal);
        // Ranks of 8 images have seven directions.
        Assert.Contains(
            "7 primary components are all directions that 8 images",
            Error(TinyLongClip.Config with { BatchSize = 64, Pcm = new PcmConfig { K = 7, Scope = PcmScope.Rank, RankSize = 8 } }),
            StringComparison.Ordinal);
    }

    /// <summary>All weights are in one group, as the original has it, or norms and biases are without decay.</summary>
    [Fact]
    public void EverythingDecaysWhereAsked()
    {
        IReadOnlyList<FlatRange> Groups(LongClipConfig config)
        {
            using var model = TinyLongClip.NewModel();
            using var task = new LongClipTask(TinyLongClip.Inputs(_folder, config, model), CancellationToken.None);
            return [.. task.Weights.Parameters.Ranges];
        }

        var config = TinyLongClip.Config;
        Assert.All(
            Groups(config with { DecayAll = true }), range => Assert.Equal((1e-3, 0.01), (range.Group.Rate, range.Group.WeightDecay)));
        Assert.Contains(Groups(config), range => range.Group.WeightDecay == 0);
        Assert.Contains(
            Groups(config with { LayerDecay = 0.5 }),
            range => range.Group.Name.StartsWith("text, rate x0.125", StringComparison.Ordinal));
    }

    private static LongClipResult Train(LongClipInputs inputs) => LongClipTrainer.Run(inputs, TestContext.Current.CancellationToken);

    private sealed class Killed : Exception;
}
