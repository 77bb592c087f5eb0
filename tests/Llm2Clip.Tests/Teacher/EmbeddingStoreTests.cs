using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Teachers;

public sealed class EmbeddingStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("store-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(VectorType.Fp32, 0f)]
    [InlineData(VectorType.Fp16, 1e-3f)]
    public void VectorsComeBackInAnyOrder(VectorType type, float tolerance)
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStore.Create(folder, "t1", 5, type))
        {
            for (var start = 0; start < 40; start += 8)
            {
                Assert.Equal(8, StoreCases.Append(writer, start, 8));
            }
        }
        using var store = EmbeddingStore.Open(folder, "t1");
        Assert.Equal((40, 5, type), (store.Count, store.Dimension, store.Type));
        var texts = Enumerable.Range(0, 40).Reverse().Select(StoreCases.Text).ToList();
        var got = new float[40 * 5];
        store.Gather(texts, got);
        for (var i = 0; i < 40; i++)
        {
            StoreCases.AssertVector(39 - i, got.AsSpan(i * 5, 5), tolerance);
        }
        Assert.False(store.TryGet("not there", got));
        Assert.Equal(40, store.Rows().Select(r => r.Key).Distinct().Count());
    }

    [Fact]
    public void DuplicatesAreStoredOnceAndAppendingGoesOn()
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStoreWriter.Open(folder, "t", 4, VectorType.Fp32, rowsPerShard: 7))
        {
            Assert.Equal(2, writer.Append(["x", "y", "x"], [1, 1, 1, 1, 2, 2, 2, 2, 9, 9, 9, 9]));
            Assert.Equal(0, writer.Append(["y"], [8, 8, 8, 8]));
        }
        for (var round = 0; round < 9; round++)
        {
            using var writer = EmbeddingStore.Create(folder, "t", 4, VectorType.Fp32);
            Assert.True(writer.Contains("x"));
            StoreCases.Append(writer, round * 3, 5); // Two of the five are there from the second round on.
            Assert.Equal(2 + 5 + (round * 3), writer.Count);
        }
        using var store = EmbeddingStore.Open(folder);
        var one = new float[4];
        Assert.True(store.TryGet("x", one));
        Assert.Equal([1f, 1, 1, 1], one);
        Assert.Equal(31, store.Count);
        StoreCases.AssertHolds(store, 29);
        Assert.Empty(EmbeddingStoreRecovery.Verify(folder));
    }

    [Fact]
    public void CompletingLeavesOneIndexPartAndNoStrays()
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStoreWriter.Open(folder, "t", 4, VectorType.Fp32, rowsPerShard: 16))
        {
            foreach (var (start, count) in new[] { (0, 50), (50, 9), (59, 3), (62, 1) })
            {
                StoreCases.Append(writer, start, count);
                writer.Commit();
            }
            Assert.True(Directory.GetFiles(folder, "index-*.bin").Length > 1);
            writer.Complete();
            Assert.Single(Directory.GetFiles(folder, "index-*.bin"));
        }
        Assert.Equal(4, Directory.GetFiles(folder, "vectors-*.bin").Length);
        using var store = EmbeddingStore.Open(folder);
        StoreCases.AssertHolds(store, 63);
    }

    [Fact]
    public void AnotherTeachersStoreIsRefusedNamingBoth()
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStore.Create(folder, "teacher-one", 4))
        {
            writer.Complete(); // A store that is neither filled nor completed is taken away again.
        }
        foreach (var open in new Action[] { () => EmbeddingStore.Open(folder, "teacher-two"), () =>
            EmbeddingStore.Create(folder, "teacher-two", 4) })
        {
            var error = Assert.Throws<InputException>(open);
            Assert.Contains("teacher-one", error.Message);
            Assert.Contains("teacher-two", error.Message);
        }
        Assert.Contains("elements", Assert.Throws<InputException>(() => EmbeddingStore.Create(folder, "teacher-one", 5)).Message);
        Assert.Contains("fp16", Assert.Throws<InputException>(() =>
            EmbeddingStore.Create(folder, "teacher-one", 4, VectorType.Fp32)).Message);
    }

    [Theory]
    [InlineData(65504f, true)]
    [InlineData(65505f, false)]
    [InlineData(-70000f, false)]
    [InlineData(float.NaN, false)]
    [InlineData(float.NegativeInfinity, false)]
    public void ValuesThatHalfCannotHoldAreRefusedNamingTheCaption(float value, bool fits)
    {
        using var writer = EmbeddingStore.Create(StoreCases.Path(_root, "a"), "t", 2, VectorType.Fp16);
        if (fits)
        {
            Assert.Equal(1, writer.Append(["a dog"], [1, value]));
            return;
        }
        var error = Assert.Throws<InputException>(() => writer.Append(["fine", "a dog"], [1, 2, 3, value]));
        Assert.Contains("a dog", error.Message);
        Assert.Equal(0, writer.Count);
        Assert.Equal(!float.IsFinite(value), !error.Message.Contains("fp32"));
    }

    [Fact]
    public void MissingCaptionsAreNamedAndOthersGathered()
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStore.Create(folder, "t", 4, VectorType.Fp32))
        {
            StoreCases.Append(writer, 0, 3);
        }
        using var store = EmbeddingStore.Open(folder);
        var into = new float[12];
        var texts = new[] { StoreCases.Text(2), "nowhere to be found", StoreCases.Text(0) };
        Assert.Equal([1], store.GatherPresent(texts, into));
        StoreCases.AssertVector(2, into.AsSpan(0, 4), 0);
        StoreCases.AssertVector(0, into.AsSpan(8, 4), 0);
        Assert.Contains("nowhere to be found", Assert.Throws<InputException>(() => store.Gather(texts, into)).Message);
    }

    [Fact]
    public void FoldersThatAreNoStoreAreRefused()
    {
        Assert.Contains("manifest.json",
            Assert.Throws<InputException>(() => EmbeddingStore.Open(StoreCases.Path(_root, "nothing"))).Message);
        var foreign = Directory.CreateDirectory(StoreCases.Path(_root, "photos")).FullName;
        File.WriteAllText(Path.Combine(foreign, "holiday.jpg"), "");
        Assert.Contains("holiday.jpg", Assert.Throws<InputException>(() => EmbeddingStore.Create(foreign, "t", 4)).Message);
        Assert.Single(Directory.GetFileSystemEntries(foreign, "*.jpg"));
        File.WriteAllText(Path.Combine(foreign, "manifest.json"), "{\"format\": 1, \"surprise\": 2}");
        Assert.Throws<InputException>(() => EmbeddingStore.Open(foreign));
    }

    [Fact]
    public void OneWriterAtATime()
    {
        var folder = StoreCases.Path(_root, "a");
        using (EmbeddingStore.Create(folder, "t", 4))
        {
            Assert.Throws<ConfigException>(() => EmbeddingStore.Create(folder, "t", 4));
        }
        EmbeddingStore.Create(folder, "t", 4).Dispose();
    }

    [Fact]
    public void AReaderBesideAWriterSeesWhatWasCommitted()
    {
        var folder = StoreCases.Path(_root, "a");
        using var writer = EmbeddingStore.Create(folder, "t", 4, VectorType.Fp32);
        StoreCases.Append(writer, 0, 10);
        writer.Commit();
        using var before = EmbeddingStore.Open(folder);
        StoreCases.Append(writer, 10, 10);
        writer.Complete();
        using var after = EmbeddingStore.Open(folder);
        StoreCases.AssertHolds(before, 10);
        Assert.Equal(10, before.Count);
        StoreCases.AssertHolds(after, 20);
    }

    [Fact]
    public void KeysFollowXxHash128OfUtf8()
    {
        // python3: xxhash.xxh128("two dogs 两只狗".encode()).hexdigest(); the empty text's is published in xxHash's own test vectors.
        Assert.Equal("99aa06d3014798d86001c324468d497f", CaptionHash.Of("").ToString());
        var key = CaptionHash.Of("two dogs 两只狗");
        Assert.Equal(System.IO.Hashing.XxHash128.Hash("two dogs 两只狗"u8), Convert.FromHexString(key.ToString()));
        Assert.True(CaptionHash.TryParse(key.ToString(), out var parsed));
        Assert.Equal(key, parsed);
        Assert.Equal(CaptionHash.Of(new string('x', 5000)), CaptionHash.Of(new string('x', 5000)));
        Assert.False(CaptionHash.TryParse("xyz", out _));
    }
}
