using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage2;
using Llm2Clip.Weights;
using TorchSharp;

namespace Llm2Clip.Tests.Nets;

/// <summary>
/// Twenty steps of both stages on the quick start's data, in fp32 on one thread, against stored curves. A change of structure leaves every
/// number where it is.
/// </summary>
/// <remarks>
/// Tolerances: an fp32 product of length n is off by about sqrt(n) * 6e-8 (8e-7 at n = 192), a loss of the first step by the same. AdamW
/// divides the
/// gradient by its own size, so an element whose gradient is near zero may move by up to the rate in another direction; over twenty steps
/// that
/// drives losses apart by some 1e-5 of their size and single weights by a share of rate * steps.
/// </remarks>
public sealed class LossCurveTests : IDisposable
{
    private const int Steps = 20;
    private readonly string _root = Directory.CreateTempSubdirectory("curve-").FullName;
    private readonly int _threads = torch.get_num_threads();

    public LossCurveTests() => torch.set_num_threads(1);

    public void Dispose()
    {
        torch.set_num_threads(_threads);
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void CaptionContrastiveTraining()
    {
        var config = new CcFinetuneConfig
        {
            Output = Path.Combine(_root, "teacher"),
            RawStore = Path.Combine(_root, "raw"),
            RawDtype = VectorType.Fp32,
            Adapter = new AdapterConfig { Dimension = 32, Dropout = 0.1, Start = AdapterStart.Random },
            Scale = 20,
            BatchSize = 62, // of 1,250 images: twenty steps
            Epochs = 1,
            LearningRate = 1e-3,
            WarmupSteps = 5,
        };
        var data = new DataConfig { Train = Data("train-00000.tar") };
        using var teacher = new Teacher(new WordSumEncoder(),
            new TeacherSettings())
        { Model = new TeacherModel(Path.Combine(_root, "none.gguf"), "00") };
        var curve = new Curve();
        var result = CcTrainer.Run(config, data, teacher, curve, SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.Equal(Steps, result.Steps);
        using var adapter = SafetensorsFile.Open(Path.Combine(config.Output, CcAdapter.FileName));
        foreach (var name in adapter.Names.Order(StringComparer.Ordinal))
        {
            curve.Weight(name, GoldenTensors.Values(adapter.Load(name)));
        }
        curve.MustEqualStored("stage1.curve", relative: 2e-5, weights: config.LearningRate * Steps / 100);
    }

    [Fact]
    public void StudentTraining()
    {
        var config = new ClipTrainConfig
        {
            Output = Path.Combine(_root, "student"), Device = "cpu", Precision = Precision.Fp32, Seed = 7, BatchSize = 50, Steps = Steps,
            LearningRate = 1e-3,
            WarmupSteps = 5, DropPath = 0.1, PatchDropout = 0.25, TextDropout = 0.1, AverageDecay = 0.9, LogEvery = 5,
        };
        var model = new StudentConfig
        {
            ImageSize = 64, PatchSize = 8, Width = 64, Layers = 3, Heads = 4, EmbedDim = 32,
            AdapterBlocks = 1
        };
        using var student = Student.Create(model, 64, config.LogitScaleStart, (ulong)config.Seed, torch.CPU);
        var curve = new Curve();
        ClipTrainer.Run(
            new ClipTrainInputs
            {
                Student = student, Config = config, Batches = new FileOrder(Data("train-00000.tar"), student.Transform, config.BatchSize),
                Vectors = new WordSums(),
                Sampler = config.CreateSampler(), Output = config.Output, Metrics = curve,
            },
            TestContext.Current.CancellationToken);
        foreach (var (name, parameter) in student.NamedParameters().OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            curve.Weight(name, GoldenTensors.Values(parameter));
        }
        curve.MustEqualStored("stage2.curve", relative: 2e-5, weights: config.LearningRate * Steps / 100);
    }

    private static string Data(string name) => Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", name);

    /// <summary>
    /// Images in the order of the file, in the evaluation transform, each with its first caption: no generator but the noise of the model
    /// takes part.
    /// </summary>
    private sealed class FileOrder(string path, ImageTransformConfig transform, int batchSize) : ITrainingBatches
    {
        private readonly IReadOnlyList<Sample> _samples =
            [.. Datasets.ReadAll(Datasets.Open(path, new DataConfig(), SilentLog.Instance), new DataConfig(), SilentLog.Instance)];

        public long BatchesPerEpoch(CancellationToken cancellation = default) => _samples.Count / batchSize;

        public IEnumerable<SampleBatch> Epoch(int epoch, long skip = 0, CancellationToken cancellation = default)
        {
            var pipeline = new ImagePipeline(transform);
            for (var index = skip; index < BatchesPerEpoch(cancellation); index++)
            {
                var samples = _samples.Skip((int)index * batchSize).Take(batchSize)
                    .Select(sample => sample with { Captions = [sample.Captions[0]] }).ToList();
                byte[] pixels = [.. samples.SelectMany(sample => pipeline.Eval(sample.Image.Read(), sample.Origin))];
                yield return new SampleBatch(index, samples, pixels, transform.ImageSize, _ => { });
            }
        }

        public void Dispose()
        {
        }
    }

    private sealed class WordSums : ICaptionVectors
    {
        public int Dimension => 64;

        public string Fingerprint => "word-sum";

        public void Gather(IReadOnlyList<Caption> captions, Span<float> into)
        {
            into.Clear();
            for (var i = 0; i < captions.Count; i++)
            {
                WordSumEncoder.AddWords(captions[i].Text, into.Slice(i * Dimension, Dimension));
            }
        }
    }
}
