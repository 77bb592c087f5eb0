using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Data;
using Llm2Clip.Files;
using Llm2Clip.MakeQuickStart;
using Llm2Clip.Randomness;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Conversion;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Weights;

namespace Llm2Clip.Tests.PowerCuts;

/// <summary>The promises of docs/power-cuts.md, kept by real processes that are killed at random moments.</summary>
public sealed class KilledCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-cuts").FullName;
    private readonly string _straight;
    private readonly string _broken;

    public KilledCommandTests() => (_straight, _broken) = (Path.Combine(_folder, "straight"), Path.Combine(_folder, "broken"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Gguf => Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");

    private string Data(int images)
    {
        var scenes = new SceneData(seed: 11, validationCount: 24);
        SceneShards.Write(_folder, "train", images, 20, scenes.Training);
        SceneShards.Write(_folder, "val", 24, 24, scenes.Validation);
        return Path.Combine(_folder, "train-*.tar");
    }

    [Fact]
    public void Extract()
    {
        var data = Data(160);
        var highest = 0L;
        new CutRun(output =>
        [
            "extract", "--teacher", Gguf, "--data", data, "--store", output,
            "--set", "teacher.threads=1", "--set", "teacher.max_length=256", "--set", "extract.window=16",
        ]).Compare(_straight, _broken, AfterCut, AtEnd);

        void AfterCut()
        {
            if (!EmbeddingStore.Exists(_broken))
            {
                return;
            }
            using var store = EmbeddingStore.Open(_broken);
            Assert.True(store.Count >= highest, $"{store.Count} vectors, but {highest} were committed.");
            highest = store.Count;
            Assert.Empty(EmbeddingStoreRecovery.Verify(_broken));
        }

        void AtEnd()
        {
            using var expected = EmbeddingStore.Open(_straight);
            using var found = EmbeddingStore.Open(_broken, expected.Fingerprint);
            Assert.Equal(expected.Count, found.Count);
            Assert.Empty(EmbeddingStoreRecovery.Verify(_broken));
            var (a, b) = (new float[expected.Dimension], new float[expected.Dimension]);
            foreach (var (key, row) in expected.Rows())
            {
                expected.Read(row, a);
                found.Read(found.Find(key), b);
                // After a cut the batches are others, whose sums libllama rounds in another order; then come the 11 bits of fp16.
                Assert.True(Distance(a, b) < 1e-3 * Distance(a, new float[a.Length]), $"{key}: {Distance(a, b)}");
            }
            highest = 0;
        }
    }

    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => Math.Pow((double)x - y, 2)).Sum());

    [Fact]
    public void CcFinetune()
    {
        var data = Data(80);
        string[] settings =
        [
            "teacher.threads=1", "teacher.max_length=256", $"data.val={_folder}/val-*.tar", "cc_finetune.adapter.dimension=32",
                "cc_finetune.adapter.dropout=0.1",
            "cc_finetune.batch_size=16", "cc_finetune.epochs=8", "cc_finetune.evaluate_every=2", "cc_finetune.checkpoint_every=1",
                "cc_finetune.selection=held_out",
            "cc_finetune.held_out_images=25", "cc_finetune.hard_negatives=2", "cc_finetune.mine_every=3", "cc_finetune.device=cpu",
            $"cc_finetune.raw_store={_folder}/raw",
        ];
        new CutRun(output => ["cc-finetune", "--teacher", Gguf, "--data", data, "--output", output,
            .. settings.SelectMany(setting => new[] { "--set", setting })])
            .Compare(_straight, _broken, () => AssertAtMostOneStepIsLost(Path.Combine(_broken, "checkpoint"), "cc/loss"), AtEnd);

        void AtEnd()
        {
            AssertSameBytes(CcAdapter.FileName);
            AssertSameBytes(TeacherFolder.ManifestName);
            AssertSameBytes("checkpoint/weights.safetensors");
            AssertSameBytes("checkpoint/optimizer.safetensors");
            Assert.Equal(Report(_straight), Report(_broken));
            AssertSameMetrics("cc/loss", "cc/criterion");
        }
    }

    [Fact]
    public void ClipTrain()
    {
        var data = Data(100);
        var store = Path.Combine(_folder, "store");
        MakeStore(store, data, Path.Combine(_folder, "val-*.tar"));
        string[] settings =
        [
            $"data.val={_folder}/val-*.tar", "data.workers=1", "data.augment.crop_scale_min=0.5", "eval.batch_size=12",
            "model.image_size=32", "model.patch_size=8", "model.width=32", "model.layers=2", "model.heads=2", "model.embed_dim=16",
                "model.adapter_blocks=1",
            "clip_train.steps=40", "clip_train.checkpoint_every=1", "clip_train.eval_every=6", "clip_train.batch_size=16",
                "clip_train.drop_path=0.2",
            "clip_train.average_decay=0.9", "clip_train.warmup_steps=4", "clip_train.log_every=1", "clip_train.device=cpu",
        ];
        new CutRun(output => ["clip-train", "--data", data, "--store", store, "--output", output,
            .. settings.SelectMany(setting => new[] { "--set", setting })])
            .Compare(_straight, _broken, () =>
                AssertAtMostOneStepIsLost(Path.Combine(_broken, "checkpoints", "last"), "train/loss"), AtEnd);

        void AtEnd()
        {
            foreach (var file in Directory.GetFiles(Path.Combine(_straight, "model")))
            {
                AssertSameBytes(Path.GetRelativePath(_straight, file));
            }
            AssertSameBytes("checkpoints/last/weights.safetensors");
            AssertSameBytes("checkpoints/last/optimizer.safetensors");
            AssertSameBytes("checkpoints/best/weights.safetensors");
            AssertSameMetrics("train/loss");
        }
    }

    /// <summary>
    /// An imported store cannot be extracted again: every row whose checksum holds must come through, whatever moment a repair is killed
    /// at.
    /// </summary>
    [Fact]
    public void StoreRepair()
    {
        const int Rows = 20_000;
        const int Lost = 3;
        new CutRun(output => ["data", "store", "repair", output], plant: Plant).Compare(_straight, _broken, AfterCut, AtEnd);

        void Plant(string folder)
        {
            using (var writer = EmbeddingStoreWriter.Open(folder, "t", 8, VectorType.Fp32, rowsPerShard: Rows / 8))
            {
                StoreCases.Append(writer, 0, Rows);
                writer.Complete();
            }
            File.Delete(Path.Combine(folder, FolderLock.FileName));
            foreach (var shard in new[] { 1, 3, 7 })
            {
                using var file = File.OpenWrite(Path.Combine(folder, ShardEntry.VectorFile(shard)));
                file.Position = 32 * 100;
                file.WriteByte(0xA5); // of the first element's lowest byte
            }
        }

        void AfterCut()
        {
            // Between the renaming of a damaged shard and the manifest without it, the store is refused and says what to do.
            if (Record.Exception(() => EmbeddingStore.Open(_broken).Dispose()) is { } refused)
            {
                Assert.Contains("data store repair", Assert.IsType<InputException>(refused).Message, StringComparison.Ordinal);
            }
        }

        void AtEnd()
        {
            Assert.Empty(EmbeddingStoreRecovery.Verify(_broken));
            Assert.Empty(Directory.GetFiles(_broken, "damaged-*"));
            using var store = EmbeddingStore.Open(_broken);
            Assert.Equal(Rows - Lost, store.Count);
            var vector = new float[8];
            for (var i = 0; i < Rows; i++)
            {
                if (store.Find(CaptionHash.Of(StoreCases.Text(i))) is >= 0 and var row)
                {
                    store.Read(row, vector);
                    StoreCases.AssertVector(i, vector, 0);
                }
            }
        }
    }

    [Theory]
    [InlineData("webdataset")]
    [InlineData("tsv")]
    [InlineData("parquet")]
    public void DataConvert(string form)
    {
        var data = Data(240);
        SortedDictionary<string, string>? expected = null;
        new CutRun(output => ["data", "convert", "--data", data, "--to", output, "--format", form, "--samples-per-shard", "8"], ".convert")
            .Compare(_straight, _broken, AfterCut, () =>
                Assert.Equal(expected ??= ConversionCase.Files(_straight), ConversionCase.Files(_broken)));

        void AfterCut()
        {
            expected ??= ConversionCase.Files(_straight);
            if (Directory.Exists(_broken))
            {
                // Files that have their names are whole.
                Assert.All(ConversionCase.Files(_broken)
                    .Where(file => !file.Key.StartsWith('.') && !file.Key.Contains(".llm2clip-tmp", StringComparison.Ordinal)),
                    file => Assert.Equal(expected[file.Key], file.Value));
            }
        }
    }

    /// <summary>The checkpoint is whole, and stands at the last step that the metrics tell of or one before.</summary>
    private void AssertAtMostOneStepIsLost(string checkpoint, string loss)
    {
        var done = MetricsLog.Read(_broken).GetValueOrDefault(loss)?[^1].Step ?? 0;
        if (AtomicFolder.Find(checkpoint) is not { } found)
        {
            // Over and deleted, or not begun.
            Assert.True(done <= 1 || File.Exists(Path.Combine(_broken, TeacherFolder.ManifestName)), $"No checkpoint after {done} steps.");
            return;
        }
        var state = JsonNode.Parse(File.ReadAllText(Path.Combine(found, "state.json")))!["state"]!;
        Assert.InRange((long)state["step"]!, done - 1, done);
        foreach (var file in Directory.GetFiles(found, "*.safetensors"))
        {
            SafetensorsFile.Open(file).Dispose();
        }
    }

    private void AssertSameBytes(string file) => Assert.True(
        File.ReadAllBytes(Path.Combine(_straight, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(_broken, file))),
            $"{file} differs.");

    private void AssertSameMetrics(params string[] tags)
    {
        var (expected, found) = (MetricsLog.Read(_straight), MetricsLog.Read(_broken));
        Assert.Equal(expected.Keys, found.Keys);
        Assert.All(tags, tag => Assert.Equal(expected[tag], found[tag]));
    }

    /// <summary>The result of cc-finetune without names and times.</summary>
    private static string Report(string folder)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "cc-finetune.json")))!.AsObject();
        foreach (var key in new[] { "output", "seconds", "train_seconds" })
        {
            Assert.True(json.Remove(key));
        }
        return json.ToJsonString();
    }

    private static void MakeStore(string folder, params string[] patterns)
    {
        using var store = EmbeddingStore.Create(folder, "made up", 32);
        var config = new DataConfig();
        foreach (var text in patterns.SelectMany(pattern =>
            Datasets.ReadAll(Datasets.Open(pattern, config, SilentLog.Instance), config, SilentLog.Instance))
            .SelectMany(sample => sample.Captions).Select(caption => caption.Text))
        {
            var random = SeededRandom.For([.. text.Select(c => (long)c)]);
            var vector = new float[32];
            foreach (ref var value in vector.AsSpan())
            {
                value = random.NextGaussian();
            }
            store.Append([text], vector);
        }
        store.Complete();
    }
}
