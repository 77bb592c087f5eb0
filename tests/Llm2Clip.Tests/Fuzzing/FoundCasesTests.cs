using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Lists;
using Llm2Clip.Data.Lists.Records;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Siglip;
using Llm2Clip.Models.Text;
using Llm2Clip.Pipeline;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Data;
using Llm2Clip.Tests.Data.Parquet;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Tests.Training;
using Llm2Clip.Weights;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>
/// What the fuzzer found, a test each: the smallest damage that once ended in another exception, a full memory or a dead process.
/// </summary>
public sealed class FoundCasesTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Recognizing the form of a list read the names of its fields, which were not UTF-8 or half a surrogate pair.</summary>
    [Theory]
    [InlineData("a.jsonl", "{\"\xFF\": 1}\n")]
    [InlineData("a.jsonl", "{\"\\ud800\": 1}\n")]
    [InlineData("a.json", "[{\"im\xC3\": 1}]")]
    public void FieldNamesThatAreNoUnicodeAreNotRecognized(string name, string latin1)
    {
        File.WriteAllBytes(_folder[name], Encoding.Latin1.GetBytes(latin1));
        var bad = new List<BadSample>();
        var error = Record.Exception(() =>
        {
            var source = Datasets.Open(_folder[name], FuzzFiles.Lenient, SilentLog.Instance);
            _ = source.ReadShard(0, bad.Add, TestContext.Current.CancellationToken).Count();
        });
        Assert.True(error is InputException ? error.Message.Contains(_folder[name], StringComparison.Ordinal) : error is null
            && bad is [{ Origin: var origin }] && origin == _folder[name] + ": line 1");
    }

    /// <summary>So did walking through a JSON file.</summary>
    [Theory]
    [InlineData("\xC3")]
    [InlineData("\\ud800")]
    public void FieldNamesOfAJsonFileThatAreNoUnicodeAreRefusedWithTheirPlace(string latin1)
    {
        File.WriteAllBytes(_folder["a.json"], Encoding.Latin1.GetBytes($"{{\"images\": [], \"{latin1}\": 1}}"));
        var error = Assert.Throws<InputException>(() =>
            Datasets.Open(_folder["a.json"], FuzzFiles.Lenient with { Format = DatasetFormat.Coco }, SilentLog.Instance));
        Assert.Equal($"{_folder["a.json"]}: broken JSON at byte 15: the name of a field is not Unicode", error.Message);
        Assert.Equal("7"u8, JsonFields.Raw("{\"\\ud800\": 1, \"id\": 7}"u8, "id"u8));
    }

    /// <summary>Records were cut out of what stands between the two.</summary>
    [Fact]
    public void AListThatStandsTwiceInAJsonFileIsRefused()
    {
        File.WriteAllText(_folder["a.json"],
            """{"images": [{"id": 1, "file_name": "a"}], "annotations": [], "x": 1, "images": [{"id": 2, "file_name": "b"}]}""");
        var error = Assert.Throws<InputException>(() => Datasets.Open(_folder["a.json"], FuzzFiles.Lenient, SilentLog.Instance));
        Assert.StartsWith($"{_folder["a.json"]}: the list `images` occurs twice, again near byte ", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ACaptionWithHalfASurrogatePairIsRefusedWithItsLine()
    {
        File.WriteAllText(_folder["a.jsonl"], "{\"caption\": \"a\"}\n{\"caption\": \"\\ud800\"}\n");
        var config = new TextSourceConfig { Path = _folder["a.jsonl"], Language = "en" };
        var error = Assert.Throws<InputException>(() =>
            CaptionStream.Of(config, new DataConfig(), SilentLog.Instance, TestContext.Current.CancellationToken).Count());
        Assert.StartsWith($"{_folder["a.jsonl"]}, line 2: ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Not by the fuzzer: a text of 20 KB may unpack to a line of any length.</summary>
    [Theory]
    [InlineData("a.txt.gz")]
    [InlineData("a.jsonl.gz")]
    public void APackedTextWithoutLineBreaksIsRefusedWithItsLine(string name)
    {
        using (var gzip = new GZipStream(File.Create(_folder[name]), CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.ASCII.GetBytes("{\"caption\": \"a\"}\r\n" + new string('a', 17 << 20)));
        }
        var config = new TextSourceConfig { Path = _folder[name], Language = "en" };
        var error = Assert.Throws<InputException>(() =>
            CaptionStream.Of(config, new DataConfig(), SilentLog.Instance, TestContext.Current.CancellationToken).Count());
        Assert.StartsWith($"{_folder[name]}: line 2 is longer than 16", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"tag\":\"\\ud800\",\"step\":1,\"value\":1}")]
    [InlineData("{\"tag\":1,\"step\":1,\"value\":1}")]
    [InlineData("{\"tag\":null,\"step\":1,\"value\":1}")]
    [InlineData("{\"tag\":\"a\",\"step\":1e30,\"value\":1}")]
    [InlineData("{\"tag\":\"a\",\"step\":1,\"value\":[]}")]
    [InlineData("[]")]
    public void LinesOfMetricsThatMakeNoSenseAreLeftOut(string line)
    {
        File.WriteAllText(_folder["metrics.jsonl"], "{\"tag\":\"a\",\"step\":1,\"value\":2}\n" + line + "\n");
        var (tag, points) = Assert.Single(MetricsLog.Read(_folder.Path));
        Assert.Equal("a", tag);
        Assert.Equal(new MetricPoint(1, 2), Assert.Single(points));
    }

    /// <summary>Reading a value calls itself: 20,000 brackets took the stack and with it the process.</summary>
    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    public void ARunFileNestedBeyondReasonIsRefusedWithItsLine(string open)
    {
        var yaml = "data:\n  train: " + string.Concat(Enumerable.Repeat(open, 20_000)) + "1";
        var error = Assert.Throws<ConfigException>(() => ConfigBinder.Parse<RunConfig>(yaml, "run.yaml"));
        Assert.StartsWith("run.yaml:2: this is not YAML: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnIndexOfWeightsThatNamesAFileWithAZeroCharacterIsRefused()
    {
        File.WriteAllText(_folder["model.safetensors.index.json"], """{"weight_map": {"a": "\u0000"}}""");
        var error = Assert.Throws<InputException>(() => ShardedSafetensors.Open(_folder.Path));
        Assert.Contains("model.safetensors.index.json: '\0' is not the name of a file in the same folder", error.Message,
            StringComparison.Ordinal);
    }

    /// <summary>A row number of an index with its highest bit set became a negative offset.</summary>
    [Theory]
    [InlineData(0x80)]
    [InlineData(0xFF)]
    public void AnIndexThatPointsFarBehindTheLastRowIsRefused(byte high)
    {
        using (var writer = EmbeddingStoreWriter.Open(_folder["store"], "t", 2, VectorType.Fp32))
        {
            StoreCases.Append(writer, 0, 1);
            writer.Complete();
        }
        var index = Assert.Single(Directory.GetFiles(_folder["store"], "index-*.bin"));
        var bytes = File.ReadAllBytes(index);
        bytes[16 + 3] = high; // of the locator, little endian: the highest byte of the row
        File.WriteAllBytes(index, bytes);
        using var store = EmbeddingStore.Open(_folder["store"]);
        var error = Assert.Throws<InputException>(() => store.TryGet(StoreCases.Text(0), new float[2]));
        Assert.StartsWith($"{_folder["store"]}: the index points to row {(uint)high << 24} of shard 0", error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"shards\": [null]")]
    [InlineData("\"index\": [null]")]
    [InlineData("\"shards\": null")]
    [InlineData("\"index\": [{\"file\": \"index-000000.bin\", \"entries\": 9223372036854775807, \"checksum\": \"\"}, {\"file\": \"index-000001.bin\", \"entries\": 9223372036854775807, \"checksum\": \"\"}]")]
    [InlineData("\"index\": [{\"file\": \"\\u0000\", \"entries\": 1, \"checksum\": \"\"}]")]
    [InlineData("\"teacher\": \"\\ud800\"")]
    [InlineData("\"dtype\": 17")]
    [InlineData("\"dimension\": 1, \"dimension\": 1")]
    public void AManifestOfAStoreThatContradictsItselfIsRefused(string field)
    {
        var fields = new Dictionary<string, string>
        {
            ["format"] = "1", ["teacher"] = "\"t\"", ["dimension"] = "2", ["dtype"] = "\"fp32\"", ["rows_per_shard"] = "8",
            ["shards"] = "[]", ["index"] = "[]",
        };
        fields.Remove(field.Split('"')[1]);
        File.WriteAllText(_folder["manifest.json"],
            $"{{{string.Concat(fields.Select(each => $"\"{each.Key}\": {each.Value}, "))}{field}}}");
        var error = Assert.Throws<InputException>(() => EmbeddingStore.Open(_folder.Path));
        Assert.StartsWith(_folder["manifest.json"], error.Message, StringComparison.Ordinal);
    }

    /// <summary>A size in a description took memory for a model that no file holds, up to all there is.</summary>
    [Theory]
    [InlineData("config.json", "hidden_size", "1048576")]
    [InlineData("config.json", "num_hidden_layers", "1048576")]
    [InlineData("config.json", "image_size", "1048576")]
    [InlineData("config.json", "projection_dim", "1048576")]
    [InlineData("text_adapter.json", "input_dim", "1048576")]
    [InlineData("text_adapter.json", "blocks", "1048576")]
    [InlineData("text_adapter.json", "blocks", "-1")]
    [InlineData("text_adapter.json", "embed_dim", "17")]
    [InlineData("text_adapter.json", "expansion", "1048576")]
    public void SizesThatTheWeightsDoNotFillAreRefused(string file, string key, string value)
    {
        WriteStudent();
        var path = _folder[file];
        File.WriteAllText(path, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(path), $"\"{key}\": [^,\n]*",
            $"\"{key}\": {value}"));
        var before = GC.GetTotalAllocatedBytes();
        var error = Assert.Throws<InputException>(() => Student.Load(_folder.Path, CPU));
        Assert.Contains(_folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 1L << 30);
    }

    /// <summary>The counts by which a description is held against a file are those of the models themselves.</summary>
    [Fact]
    public void CountedWeightsAreThoseOfTheModels()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        var clip = Assert.IsType<ClipVisionModel>(student.ImageEncoder);
        var (tower, projection) = clip.Config.WeightCount;
        Assert.Equal(clip.parameters().Sum(p => p.numel()), (long)(tower + projection));
        using var siglip = new SiglipVisionModel(
            new SiglipVisionConfig { ImageSize = 12, PatchSize = 4, Width = 10, Layers = 3, Heads = 2, MlpWidth = 17 }, CPU);
        Assert.Equal(siglip.parameters().Sum(p => p.numel()), (long)siglip.Config.WeightCount.Tower);
        Assert.Equal(student.TextAdapter.parameters().Sum(p => p.numel()), (long)student.TextAdapter.Config.WeightCount);
        foreach (var config in new[] { new AdapterConfig { Dimension = 3, Blocks = 2 },
            new AdapterConfig { Dimension = 3, Kind = AdapterKind.Linear } })
        {
            using var adapter = CcAdapter.Create(config, new LanguageMeans(new float[5], []), 1);
            Assert.Equal(adapter.Module.parameters().Sum(p => p.numel()), (long)config.WeightCount(5));
        }
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("preprocessor_config.json")]
    [InlineData("text_adapter.json")]
    public void KeysThatStandTwiceAndBrokenTextsAreRefused(string file)
    {
        WriteStudent();
        var valid = File.ReadAllText(_folder[file]);
        foreach (var field in new[] { "\"a\": 1, \"a\": 2, ", "\"\\ud800\": 1, ", "\"a\": \"\\udc00\", " })
        {
            File.WriteAllText(_folder[file], valid.Insert(1, field));
            var error = Assert.Throws<InputException>(() => Student.Load(_folder.Path, CPU));
            Assert.StartsWith($"{_folder[file]} cannot be read as ", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>The settings of a teacher folder were refused as if the run file had made the mistake.</summary>
    [Fact]
    public void SettingsOfATeacherFolderThatMakeNoSenseNameItsManifest()
    {
        FuzzFormats.ByName("teacher-folder").Plant(_folder.Path);
        var path = _folder[TeacherFolder.ManifestName];
        var valid = File.ReadAllText(path);
        var length = JsonDocument.Parse(valid).RootElement.GetProperty("settings").GetProperty("max_length").GetInt32();
        File.WriteAllText(path, valid.Replace($"\"max_length\": {length}", "\"max_length\": 0", StringComparison.Ordinal));
        Assert.StartsWith($"{path}: teacher.max_length is 0", Refusal(), StringComparison.Ordinal);
        File.WriteAllText(path, valid.Replace("f16.gguf", "\\u0000", StringComparison.Ordinal));
        Assert.StartsWith($"{path}: cannot be read as a teacher: no file's name can hold a zero character", Refusal(),
            StringComparison.Ordinal);

        string Refusal() => Assert.Throws<InputException>(() => Teacher.Open(_folder.Path, LlamaCases.OneThread)).Message;
    }

    [Theory]
    [InlineData("\"input_dimension\":32", "\"input_dimension\":2147483647")]
    [InlineData("\"input_dimension\":32", "\"input_dimension\":-1")]
    [InlineData("\"blocks\":1", "\"blocks\":2000000000")]
    [InlineData("\"blocks\":1", "\"blocks\":-1")]
    [InlineData("\"language\":\"zh\"", "\"language\":\"en\"")]
    [InlineData("\"language\":\"zh\"", "\"language\":null")]
    [InlineData("\"means\":[", "\"means\":[null,")]
    [InlineData("\"kind\":\"residual\"", "\"kind\":17")]
    public void SettingsOfAnAdapterThatMakeNoSenseAreRefused(string valid, string damaged)
    {
        FuzzFormats.ByName("adapter").Plant(_folder.Path);
        var path = _folder[CcAdapter.FileName];
        using (var scope = NewDisposeScope())
        {
            Dictionary<string, Tensor> tensors;
            string settings;
            using (var file = SafetensorsFile.Open(path))
            {
                tensors = file.Names.ToDictionary(name => name, name => file.Load(name));
                settings = Assert.Single(file.Metadata).Value;
            }
            Assert.Contains(valid, settings, StringComparison.Ordinal);
            Safetensors.Save(path, tensors, new Dictionary<string,
                string>
            { ["llm2clip.adapter"] = settings.Replace(valid, damaged, StringComparison.Ordinal) });
        }
        Assert.Contains(path, Assert.Throws<InputException>(() => CcAdapter.Load(path)).Message, StringComparison.Ordinal);
    }

    /// <summary>The names of tar and member were cut to the length of a caption.</summary>
    [Fact]
    public void AVectorThatCannotBeStoredIsNamedInFull()
    {
        var member = new string('k', 90);
        _folder.Tar("x.tar", System.Formats.Tar.TarEntryFormat.Pax, ($"{member}.json", DataFolder.Bytes("{\"c\": \"text\"}")));
        var vectors = _folder.Tar("x_text_embeddings.tar", System.Formats.Tar.TarEntryFormat.Pax,
            ($"{member}.c", BitConverter.GetBytes(float.NaN)));
        var error = Assert.Throws<InputException>(() =>
            TextEmbeddingTars.Import([vectors], null, _folder["store"], "t", VectorType.Fp16, _folder));
        Assert.StartsWith($"The teacher's vector of {vectors}: {member}.c holds a value that is not finite", error.Message,
            StringComparison.Ordinal);
    }

    /// <summary>libllama asserts on both, which ends the process.</summary>
    [Fact]
    public void ModelsOnWhichLibllamaWouldEndTheProcessAreRefused()
    {
        FuzzFormats.ByName("gguf-llama").Plant(_folder.Path);
        var path = _folder["f16.gguf"];
        var valid = File.ReadAllBytes(path);
        Write("<0x41>", "<0x42>");
        Assert.StartsWith($"{path}: the tokenizer (key 'tokenizer.ggml.tokens') has the token '<0x42>' 2 times", Refusal(),
            StringComparison.Ordinal);
        Write("llama.block_count\x04\0\0\0\x01\0", "llama.block_count\x04\0\0\0\x01\x02");
        Assert.StartsWith($"{path}: key 'llama.block_count' is 513; libllama takes up to 512", Refusal(), StringComparison.Ordinal);
        // Libllama gives it out as a negative number
        Write("llama.context_length\x04\0\0\0\x40\0\0\0", "llama.context_length\x04\0\0\0\x40\0\0\x80");
        Assert.StartsWith($"{path}: key 'llama.context_length' is 2147483712; it must be", Refusal(), StringComparison.Ordinal);

        Write("llama.attention.layer_norm_rms_epsilon\x06\0\0\0", "llama.attention.layer_norm_rms_epsilon\x06\0\0\0\0\0\x80\xBF"); // -1
        Assert.StartsWith($"{path}: key 'llama.attention.layer_norm_rms_epsilon' is -1; it must be 0 or more", Refusal(),
            StringComparison.Ordinal);

        void Write(string text, string by)
        {
            var at = valid.AsSpan().IndexOf(Encoding.Latin1.GetBytes(text));
            File.WriteAllBytes(path, [.. valid[..at], .. Encoding.Latin1.GetBytes(by), .. valid[(at + by.Length)..]]);
        }

        string Refusal() => Assert.Throws<InputException>(() => LlamaModel.Load(path, fullWindow: true)).Message;
    }

    /// <summary>A width beyond libvips' bound kept its loader busy for minutes.</summary>
    [Theory]
    [InlineData(0x08000018, 18, "more than max_megapixels")]
    [InlineData(100_000, 100_000, "more than max_megapixels")]
    [InlineData(100_000, 1, "sides of more than 65535 are refused")]
    public void AvifSizesAreCheckedBeforeDecoding(int width, int height, string why)
    {
        FuzzFormats.ByName("avif").Plant(_folder.Path);
        var bytes = File.ReadAllBytes(_folder["vips.avif"]);
        Assert.Equal((24u, 18u), HeifSizes.Largest(bytes));
        var at = bytes.AsSpan().IndexOf("ispe"u8) + 8;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), width);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at + 4), height);
        var error = Assert.Throws<ImageException>(() => ImageCodec.Decode(bytes, "a.avif"));
        Assert.StartsWith($"a.avif: the image cannot be decoded: it declares {width} x {height} pixels", error.Message,
            StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Equal(ImageProblem.TooLarge, error.Problem);
        for (var length = 0; length < bytes.Length; length++)
        {
            _ = HeifSizes.Largest(bytes.AsSpan(0, length));
        }
    }

    [Theory]
    [InlineData("{\"c\": \"\xFF\"}")]
    [InlineData("{\"c\": \"\\ud800\"}")]
    [InlineData("{\"\\ud800\": \"a\"}")]
    public void CaptionsOfImportedVectorsThatAreNoUnicodeAreRefused(string latin1)
    {
        var data = _folder.Tar("x.tar", System.Formats.Tar.TarEntryFormat.Ustar, ("k.json", Encoding.Latin1.GetBytes(latin1)));
        var vectors = _folder.Tar("x_text_embeddings.tar", System.Formats.Tar.TarEntryFormat.Ustar, ("k.c", new byte[8]));
        var error = Assert.Throws<InputException>(() =>
            TextEmbeddingTars.Import([vectors], null, _folder["store"], "t", VectorType.Fp16, _folder));
        Assert.StartsWith($"{data}: k.json: ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// A frame of 24 x 18 in an image that says it is 65,535 high: each row was tried, in time that grows with the square of their number
    /// (42 s).
    /// </summary>
    [Fact]
    public async Task AnAvifOfAnotherHeightThanItsFrameIsRefusedAtOnce()
    {
        FuzzFormats.ByName("avif").Plant(_folder.Path);
        var bytes = File.ReadAllBytes(_folder["vips.avif"]);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(bytes.AsSpan().IndexOf("ispe"u8) + 12), 65_535);
        var decoding = Task.Run(() => Record.Exception(() => ImageCodec.Decode(bytes.AsSpan(..^8), "a.avif")),
            TestContext.Current.CancellationToken);
        Assert.IsType<ImageException>(await decoding.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void APngOfMoreRowsThanAnyNeedsIsRefused()
    {
        var bytes = ImageCodec.EncodePng(new RgbImage(1, 65_536, new byte[65_536 * 3]));
        var error = Assert.Throws<ImageException>(() => ImageCodec.Decode(bytes, "a.png"));
        Assert.Equal("a.png: the image cannot be decoded: it declares 1 x 65536 pixels; sides of more than 65535 are refused.",
            error.Message);
    }

    /// <summary>A tar that ends behind a member's last byte was imported without a word.</summary>
    [Fact]
    public void AnImportSaysThatATarMayBeCutShort()
    {
        FuzzFormats.ByName("text-embeddings").Plant(_folder.Path);
        var path = _folder["x_text_embeddings.tar"];
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..600]);
        Assert.Equal(1, TextEmbeddingTars.Import([path], null, _folder["store"], "t", VectorType.Fp16, _folder));
        Assert.Contains(_folder.Lines, line =>
            line == $"warning: {path}: the end-of-archive blocks are missing; the file may be cut short.");
    }

    [Fact]
    public void AParquetFileOfVectorsWithoutANameForTheTeacherIsRefused()
    {
        ParquetRows.Write(_folder["a.parquet"],
            [new("text", ColumnType.Text), new("vector", ColumnType.FloatVector), new("teacher", ColumnType.Text)],
            [["a", new float[] { 1 }, ""]]);
        var error = Assert.Throws<ConfigException>(() =>
            EmbeddingStoreParquet.Import([_folder["a.parquet"]], _folder["store"], null, VectorType.Fp32));
        Assert.StartsWith($"{_folder["a.parquet"]} does not say whose vectors these are", error.Message, StringComparison.Ordinal);
    }

    private void WriteStudent()
    {
        using var student = TinyTraining.NewStudent(TinyTraining.Config);
        student.Save(_folder.Path);
    }
}
