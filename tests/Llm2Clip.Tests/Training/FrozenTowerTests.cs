using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Training.Stage2;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>Locked towers: what trains of them, and that features from the disk train as images do.</summary>
public sealed class FrozenTowerTests : IDisposable
{
    private static readonly string[] Small =
    [
        "model.image_size=16", "model.patch_size=8", "model.width=16", "model.layers=2", "model.heads=1", "model.head=mlp",
        "model.head_width=24", "clip_train.batch_size=8", "clip_train.unlocked_blocks=0", "clip_train.precision=fp32",
    ];

    private readonly ClipTrainCommand _command = new(images: 20, width: 20, height: 24);

    public void Dispose() => _command.Dispose();

    [Fact]
    public void OnlyTheHeadAndTheTextSideLearn()
    {
        _command.Run("run", [.. Small, "clip_train.steps=6", "clip_train.learning_rate=0.01"]);
        using var trained = Student.Load(Folder("run"), CPU);
        using var started = Student.Create(
            new StudentConfig
            {
                ImageSize = 16, PatchSize = 8, Width = 16, Layers = 2, Heads = 1, EmbedDim = 32, AdapterBlocks = 1,
                Head = ImageHeadKind.Mlp, HeadWidth = 24,
            },
            32, 0, 3, CPU);
        var before = started.NamedParameters().ToDictionary(p => p.Name, p => GoldenTensors.Values(p.Parameter));
        foreach (var (name, parameter) in trained.NamedParameters())
        {
            var same = before[name].AsSpan().SequenceEqual(GoldenTensors.Values(parameter));
            Assert.True(same == name.StartsWith("visual.", StringComparison.Ordinal), name);
        }
    }

    [Fact]
    public void ACheckpointOfALockedTowerIsAWholeStudent()
    {
        _command.Run("run", [.. Small, "clip_train.steps=5", "clip_train.average_decay=0.5"]);
        using var model = Student.Load(Folder("run"), CPU);
        using var checkpoint = Student.Load(Path.Combine(Folder("run"), "checkpoints", "last"), CPU);
        Assert.Equal(TinyTraining.Weights(model), TinyTraining.Weights(checkpoint));
    }

    [Fact]
    public void AResumedRunEqualsOneThatWasNotStopped()
    {
        string[] views = [.. Small, "clip_train.views=2", "clip_train.schedule=constant", "clip_train.head_dropout=0.3"];
        _command.Run("whole", [.. views, "clip_train.steps=7"]);
        _command.Run("parts", [.. views, "clip_train.steps=3"]);
        _command.Run("parts", [.. views, "clip_train.steps=7"]);
        using var whole = Student.Load(Folder("whole"), CPU);
        using var parts = Student.Load(Folder("parts"), CPU);
        Assert.Equal(TinyTraining.Weights(whole), TinyTraining.Weights(parts));
    }

    [Fact]
    public void EachViewIsEncodedOnceAndAReplacedImageAgain()
    {
        string[] shared = [.. Small, "clip_train.views=2", "clip_train.steps=2", $"clip_train.feature_cache={Folder("features")}"];
        Assert.Equal(2, Count(_command.Run("first", shared), "Encode images, view"));
        Assert.Equal(0, Count(_command.Run("second", [.. shared, "clip_train.learning_rate=0.1"]), "Encode images, view"));
        File.Copy(Path.Combine(_command.Folder, "images", "3.png"), Path.Combine(_command.Folder, "images", "5.png"), overwrite: true);
        Assert.Equal(2, Count(_command.Run("third", shared), "Encode images, view"));
        Assert.Single(Directory.GetDirectories(Folder("features")));
        _command.Run("fourth", [.. shared, "data.augment.flip=0.5"]);
        Assert.Equal(2, Directory.GetDirectories(Folder("features")).Length);
    }

    [Fact]
    public void RunsOfOneViewSeedShareFeaturesWhileOneOfThemTrains()
    {
        _command.Run("start", [.. Small, "clip_train.steps=1"]); // A new encoder follows from the seed.
        string[] shared =
        [
            .. Small, "clip_train.views=2", "clip_train.steps=2", "data.augment.flip=0.5", $"clip_train.init={Folder("start")}",
            $"clip_train.feature_cache={Folder("features")}",
        ];
        _command.Run("first", shared);
        using var held = FolderLock.Take(Assert.Single(Directory.GetDirectories(Folder("features"))));
        Assert.Equal(0, Count(_command.Run("second", [.. shared, "clip_train.seed=1", "clip_train.view_seed=3"]), "Encode images, view"));
        Assert.Equal(2, Count(_command.Run("third", [.. shared, "clip_train.seed=1"]), "Encode images, view"));
    }

    /// <summary>
    /// The same run on stored features and on images. Features are stored in fp16 (relative rounding 2^-11); the layer norms that see them
    /// are of order one, so that losses differ by a few times that.
    /// </summary>
    [Fact]
    public void StoredFeaturesTrainAsImagesDo()
    {
        const double Tolerance = 4.0 / (1 << 11);
        var config = TinyTraining.Config with
        {
            UnlockedBlocks = 0,
            DropPath = 0,
            PatchDropout = 0,
            Views = 2,
            HeadDropout = 0.2,
        };
        var source = Datasets.Open(Path.Combine(_command.Folder, "images", "list.jsonl"), new DataConfig(), SilentLog.Instance);
        Assert.Equal(Losses(stored: true), Losses(stored: false), (a, b) => Math.Abs(a - b) <= Tolerance);

        List<double> Losses(bool stored)
        {
            using var student = Student.Create(
                TinyTraining.Model with { Head = ImageHeadKind.Mlp, HeadWidth = 24 }, TinyTraining.VectorLength, 2, 1, CPU);
            var loader = LoaderConfig.ForTraining(
                new DataConfig { Augment = new AugmentConfig { Flip = 0.5, CropScaleMin = 0.5 } }, student.Transform, config.BatchSize,
                config.Seed);
            using var batches = stored ? Stored(student, loader) : new SampleLoader(source, loader, SilentLog.Instance);
            var step = new ClipTrainStep(student, config, new TinyVectors(), config.CreateSampler(), config.CreateLoss(CPU));
            var losses = new List<double>();
            for (var epoch = 0; epoch < 2; epoch++)
            {
                foreach (var batch in batches.Epoch(epoch))
                {
                    using (batch)
                    {
                        losses.Add(step.Backward(batch, epoch, losses.Count));
                    }
                }
            }
            Assert.Equal(4, losses.Count);
            Assert.Equal(4, losses.Distinct().Count());
            return losses;
        }

        ITrainingBatches Stored(Student student, LoaderConfig loader)
        {
            var features = new PooledFeatures(student, source, loader, Folder("features"));
            features.Fill(2, null, SilentLog.Instance, CancellationToken.None);
            return new FrozenBatches([features], [TrainSet.Of(source, loader.Data)], loader, 2, _ => true, SilentLog.Instance);
        }
    }

    [Theory]
    [InlineData(null, ImageHeadKind.Own, "embeddings pre_layrnorm encoder.layers.0 encoder.layers.1 post_layernorm visual_projection")]
    [InlineData(2, ImageHeadKind.Own, "encoder.layers.0 encoder.layers.1 post_layernorm visual_projection")]
    [InlineData(1, ImageHeadKind.Own, "encoder.layers.1 post_layernorm visual_projection")]
    [InlineData(1, ImageHeadKind.Linear, "encoder.layers.1 post_layernorm")]
    [InlineData(0, ImageHeadKind.Own, "visual_projection")]
    [InlineData(0, ImageHeadKind.Linear, "")]
    public void WhatTrains(int? unlocked, ImageHeadKind head, string expected)
    {
        using var student = Student.Create(TinyTraining.Model with { Head = head }, TinyTraining.VectorLength, 0, 1, CPU);
        var parts = expected.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool Expected(string name) => !name.StartsWith("visual.", StringComparison.Ordinal) || parts.Any(part => Has(name, part));
        Assert.All(
            student.NamedParameters(),
            parameter => Assert.True(Locking.Trains(student, parameter.Name, unlocked) == Expected(parameter.Name), parameter.Name));
        Assert.All(parts, part => Assert.Contains(student.NamedParameters(), p => Has(p.Name, part)));

        static bool Has(string name, string part) => name.Contains("." + part + ".", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clip_train.drop_path=0.1", "drop_path")]
    [InlineData("clip_train.patch_dropout=0.1", "patch_dropout")]
    [InlineData("clip_train.unlocked_blocks=3", "has 2 blocks")]
    [InlineData("clip_train.unlocked_blocks=1 clip_train.views=2", "views")]
    public void WhatMakesNoSenseIsRefused(string settings, string named)
    {
        var (code, text) = _command.Finish("refused", [.. Small, "clip_train.steps=1", .. settings.Split(' ')]);
        Assert.True(code == 2, text);
        Assert.Contains(named, text, StringComparison.Ordinal);
    }

    [Fact]
    public void AHeadOfAnotherEncoderIsRefused()
    {
        _command.Run("run", [.. Small, "clip_train.steps=1"]);
        var path = Path.Combine(Folder("run"), "model", "image_head.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("16", "24", StringComparison.Ordinal));
        var error = Assert.Throws<InputException>(() => Student.Load(Folder("run"), CPU));
        Assert.Contains("image_head.json is for pooled features of 24", error.Message, StringComparison.Ordinal);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private string Folder(string name) => Path.Combine(_command.Folder, name);
}
