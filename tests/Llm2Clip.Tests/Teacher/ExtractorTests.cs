using Llm2Clip.Data;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Teachers;

public sealed class ExtractorTests : IDisposable
{
    private const int Dimension = 12;

    private readonly string _root = Directory.CreateTempSubdirectory("extract-").FullName;
    private readonly FakeEncoder _encoder = new(Dimension);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void ConfiguredLanguagesAreEmbeddedOnceEach()
    {
        var data = new DataConfig { Train = FakeData.Write(_root, "train", 0, 30, 3, "en", "zh") };
        var config = new ExtractConfig { Store = Path.Combine(_root, "store"), Languages = ["en"], Dtype = VectorType.Fp32, Window = 7 };
        var result = Run(config, data);
        Assert.Equal((90, 90, 90, 0), (result.Captions, result.Added, result.Stored, result.Truncated));
        Assert.Equal(90, _encoder.Encoded.Distinct().Count());
        Assert.All(_encoder.Encoded, text => Assert.StartsWith("en", text));

        var again = Run(config with { Languages = [] }, data);
        Assert.Equal((180, 90, 180), (again.Captions, again.Added, again.Stored)); // Only the Chinese ones were missing.
        Assert.Equal(180, _encoder.Encoded.Count);

        using var store = EmbeddingStore.Open(config.Store, _encoder.Fingerprint);
        var text = FakeEncoder.Text("zh", 3, 10);
        var stored = new float[Dimension];
        Assert.True(store.TryGet(text, stored));
        Assert.Equal(_encoder.Encode([text], SilentLog.Instance, TestContext.Current.CancellationToken).Vectors, stored);
    }

    [Fact]
    public void AnInterruptedRunGoesOnWhereItStopped()
    {
        var data = new DataConfig { Train = FakeData.Write(_root, "train", 0, 40, 2, "en") };
        var config = new ExtractConfig { Store = Path.Combine(_root, "store"), Window = 8 };
        using var cancellation = new CancellationTokenSource();
        _encoder.BeforeBatch = done =>
        {
            if (done >= 32)
            {
                cancellation.Cancel();
            }
        };
        Assert.Throws<OperationCanceledException>(() => Run(config, data, cancellation.Token));
        Assert.Equal(32, _encoder.Encoded.Count);
        _encoder.BeforeBatch = _ => { };
        var result = Run(config, data);
        Assert.Equal((80, 48, 80), (result.Captions, result.Added, result.Stored));
        Assert.Equal(80, _encoder.Encoded.Distinct().Count());
        Assert.Equal(80, _encoder.Encoded.Count); // Nothing was embedded twice.
    }

    [Fact]
    public void DuplicatesTruncationsAndBadSamplesAreCounted()
    {
        var path = FakeData.Write(_root, "train", 0, 20, 2, "en");
        File.AppendAllLines(path,
        [
            "{\"key\": \"twice\", \"image\": \"0.jpg\", \"captions\": {\"en\": [\"" + FakeEncoder.Text("en", 0, 0)
                + "\", \"something long\"]}}",
            "{\"key\": \"bad\", \"image\": \"1.jpg\"}",
        ]);
        var result = Run(new ExtractConfig { Store = Path.Combine(_root, "store"), Window = 5 },
            new DataConfig { Train = path, MaxBadShare = 0.1 });
        Assert.Equal((42, 41, 1, 1), (result.Captions, result.Added, result.Truncated, result.BadSamples));
        Assert.Equal(41, _encoder.Encoded.Count);
    }

    [Fact]
    public void ATunedTeachersVectorsAreDerivedFromRawOnesWithoutTheLlm()
    {
        var data = new DataConfig { Train = FakeData.Write(_root, "train", 0, 10, 2, "en") };
        var raw = Path.Combine(_root, "raw");
        Run(new ExtractConfig { Store = raw, Dtype = VectorType.Fp32 }, data);
        var ran = _encoder.Encoded.Count;

        var mean = new float[Dimension];
        mean[0] = 3;
        using var adapter = CcAdapter.Create(new AdapterConfig { Dimension = 5 }, new LanguageMeans(mean, []), 1);
        var config = new ExtractConfig { Store = Path.Combine(_root, "tuned"), RawStore = raw, Dtype = VectorType.Fp32 };
        var result = Extract.Run(new RunConfig { Extract = config, Data = data }, new Teacher(_encoder, new TeacherSettings(), adapter),
            SilentLog.Instance, TestContext.Current.CancellationToken);
        Assert.Equal((20, ran), (result.Added, _encoder.Encoded.Count));

        using var store = EmbeddingStore.Open(config.Store);
        Assert.NotEqual(_encoder.Fingerprint, store.Fingerprint);
        var text = FakeEncoder.Text("en", 4, 12);
        var stored = new float[5];
        Assert.True(store.TryGet(text, stored));
        var live = new Teacher(_encoder, new TeacherSettings(), adapter)
            .Embed([text], "en", CenteringMode.Training, SilentLog.Instance, TestContext.Current.CancellationToken).Vectors;
        for (var d = 0; d < 5; d++)
        {
            Assert.InRange(stored[d], live[d] - 1e-5f, live[d] + 1e-5f);
        }
        // The bare LLM must not write into the tuned teacher's store.
        Assert.Throws<InputException>(() => Run(config with { RawStore = "" }, data));
    }

    [Fact]
    public void WithoutDataTheKeyIsNamed() => Assert.StartsWith(
        "data.train is empty", Assert.Throws<ConfigException>(() => Run(new ExtractConfig(), new DataConfig())).Message,
            StringComparison.Ordinal);

    [Fact]
    public void ValCaptionsAreEmbeddedInTheLanguagesOfTheTrainingData()
    {
        var data = new DataConfig
        {
            Train = FakeData.Write(_root, "train", 0, 6, 1, "en", "de"), Val = FakeData.Write(_root, "val", 100, 4, 1, "en", "de", "zh"),
        };
        var result = Run(new ExtractConfig(), data);
        Assert.Equal(((6 * 2) + (4 * 2), Path.Combine(_root, "vectors")), (result.Captions, result.Store));
        Assert.DoesNotContain(_encoder.Encoded, text => text.StartsWith("zh", StringComparison.Ordinal));
    }

    [Fact]
    public void ABareLlmFindsTheVectorsThatCcFinetuneComputed()
    {
        var data = new DataConfig { Train = FakeData.Write(_root, "train", 0, 6, 2, "en") };
        Run(new ExtractConfig { Store = Path.Combine(_root, "teacher-raw") }, data);
        var ran = _encoder.Encoded.Count;
        var result = Run(new ExtractConfig(), data);
        Assert.Equal((12, ran), (result.Added, _encoder.Encoded.Count));
    }

    [Fact]
    public void AFailedStartLeavesNothing()
    {
        var path = Path.Combine(_root, "train.jsonl");
        File.WriteAllLines(path, Enumerable.Range(0, 20).Select(i => $"{{\"key\": \"{i}\", \"image\": \"{i}.jpg\"}}"));
        var stores = Path.Combine(_root, "stores");
        var config = new ExtractConfig { Store = Path.Combine(stores, "store"), RawStore = Path.Combine(stores, "raw") };
        Assert.Throws<InputException>(() => Run(config, new DataConfig { Train = path }));
        Assert.False(Directory.Exists(stores));
    }

    private ExtractResult Run(ExtractConfig config, DataConfig data, CancellationToken? cancellation = null) => Extract.Run(
        new RunConfig { Output = _root, Extract = config, Data = data }, new Teacher(_encoder, new TeacherSettings()), SilentLog.Instance,
        cancellation ?? TestContext.Current.CancellationToken);
}
