using Llm2Clip.Data;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Teachers;

[CollectionDefinition("Temporary folder", DisableParallelization = true)]
public static class TemporaryFolderCollection;

/// <summary>One road from raw vector to teacher vector: what a single query gets live is what the store and the cache hold.</summary>
[Collection("Temporary folder")]
public sealed class LiveVectorsTests : IDisposable
{
    private const int Dimension = 12;

    private readonly string _root = Directory.CreateTempSubdirectory("live-").FullName;
    private readonly FakeEncoder _encoder = new(Dimension);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(true, "raw")]
    public void ALiveQueryIsTheStoresVector(bool adapted, string rawStore)
    {
        using var adapter = adapted ? Adapter() : null;
        var teacher = new Teacher(_encoder, new TeacherSettings(), adapter);
        var config = new ExtractConfig
        {
            Store = Path.Combine(_root, "store"), RawStore = rawStore.Length > 0 ? Path.Combine(_root, rawStore) : "", Languages = [],
            Dtype = VectorType.Fp32,
        };
        var data = new DataConfig { Train = FakeData.Write(_root, "train", 0, 20, 2, "en", "zh") };
        Extract.Run(new RunConfig { Output = _root, Extract = config, Data = data }, teacher, SilentLog.Instance,
            TestContext.Current.CancellationToken);

        using var store = EmbeddingStore.Open(config.Store, teacher.Fingerprint);
        foreach (var language in new[] { "en", "zh" })
        {
            var text = FakeEncoder.Text(language, 7, 21);
            var stored = new float[teacher.Dimension];
            Assert.True(store.TryGet(text, stored));
            AssertClose(stored, Live(teacher, text, language, CenteringMode.Training));
        }
    }

    [Theory]
    [InlineData(CenteringMode.Training)]
    [InlineData(CenteringMode.Own)]
    public void ALiveQueryIsWhatEvaluationGetsFromItsCache(CenteringMode mode)
    {
        using var adapter = Adapter();
        var teacher = new Teacher(_encoder, new TeacherSettings(), adapter);
        using var cached = new TeacherVectors(teacher, Path.Combine(_root, "raw"), VectorType.Fp32, SilentLog.Instance);
        string[] texts = [FakeEncoder.Text("zh", 1, 2), FakeEncoder.Text("zh", 3, 4)];
        var vectors = cached.Embed(texts, "zh", mode, TestContext.Current.CancellationToken);
        AssertClose(vectors[teacher.Dimension..], Live(teacher, texts[1], "zh", mode));
        Assert.NotEqual(Live(teacher, texts[1], "zh", CenteringMode.Training), Live(teacher, texts[1], "zh", CenteringMode.Own));
    }

    /// <summary>
    /// The cache makes a folder for the time of its life; a live query makes none, and needs no lock that another process holds.
    /// </summary>
    [Fact]
    public void ALiveQueryMakesNoFolderAndNoLock()
    {
        using var adapter = Adapter();
        var teacher = new Teacher(_encoder, new TeacherSettings(), adapter);
        var text = FakeEncoder.Text("en", 1, 2);
        using var writer = EmbeddingStore.Create(Path.Combine(_root, "store"), teacher.Fingerprint, teacher.Dimension); // Holds the lock.
        var temporary = Directory.CreateDirectory(Path.Combine(_root, "tmp")).FullName;
        string[] names = ["TMPDIR", "TMP", "TEMP"];
        var before = names.Select(Environment.GetEnvironmentVariable).ToList();
        try
        {
            Array.ForEach(names, name => Environment.SetEnvironmentVariable(name, temporary));
            var entries = Directory.GetFileSystemEntries(_root, "*", SearchOption.AllDirectories);
            Live(teacher, text, "en", CenteringMode.Own);
            Assert.Equal(entries, Directory.GetFileSystemEntries(_root, "*", SearchOption.AllDirectories));

            using var cached = new TeacherVectors(teacher, "", VectorType.Fp32, SilentLog.Instance);
            cached.Embed([text], "en", CenteringMode.Own, TestContext.Current.CancellationToken);
            Assert.NotEmpty(Directory.GetFileSystemEntries(temporary)); // What is looked for would be seen.
        }
        finally
        {
            names.Zip(before).ToList().ForEach(pair => Environment.SetEnvironmentVariable(pair.First, pair.Second));
        }
    }

    private static CcAdapter Adapter()
    {
        var (overall, chinese) = (new float[Dimension], new float[Dimension]);
        (overall[0], chinese[1]) = (3, -2);
        return CcAdapter.Create(new AdapterConfig { Dimension = 5 },
            new LanguageMeans(overall, [new LanguageMean("zh", chinese, 9, "sentences", Training: false)]), 1);
    }

    private static float[] Live(Teacher teacher, string text, string language, CenteringMode mode) =>
        teacher.Embed([text], language, mode, SilentLog.Instance, TestContext.Current.CancellationToken).Vectors;

    /// <summary>A product of one row and one of many sum in another order.</summary>
    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var d = 0; d < expected.Length; d++)
        {
            Assert.InRange(found[d], expected[d] - 1e-5f, expected[d] + 1e-5f);
        }
    }
}
