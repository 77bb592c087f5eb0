using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Data;

/// <summary>Whole safetensors files: what is written is read, every element type, and the golden files.</summary>
public sealed class SafetensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-safetensors-").FullName;

    public static TheoryData<ScalarType> Types =>
    [
        ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32,
            ScalarType.Int16, ScalarType.Int8,
        ScalarType.Byte, ScalarType.Bool,
    ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Types))]
    public void EveryElementTypeComesBack(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "types.safetensors");
        var values = (arange(24) - (type is ScalarType.Byte or ScalarType.Bool ? 0 : 12)).view(2, 3, 4).to(type);

        Safetensors.Save(path, new Dictionary<string, Tensor> { ["values"] = values });

        using var file = SafetensorsFile.Open(path);
        var read = file.Load("values");
        Assert.Equal(type, read.dtype);
        Assert.Equal([2, 3, 4], read.shape);
        Assert.True(read.Equals(values));
        Assert.Equal(values.bytes.ToArray(), file.Bytes("values").ToArray());
        Assert.True(file.Load("values", ScalarType.Float32).Equals(values.to(ScalarType.Float32)));
    }

    [Fact]
    public void ScalarsEmptyAndStridedTensorsAndMetadataComeBack()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "shapes.safetensors");
        var tensors = new Dictionary<string, Tensor>
        {
            ["scalar"] = tensor(4.5f),
            ["empty"] = zeros(3, 0),
            ["transposed"] = arange(6, dtype: ScalarType.Int64).view(2, 3).t(),
            ["tracked"] = ones(2, requires_grad: true) * 3,
            ["name with \"quotes\" and ü"] = ones(1, dtype: ScalarType.BFloat16),
        };

        Safetensors.Save(path, tensors, new Dictionary<string, string> { ["format"] = "pt", ["note"] = "ä\n" });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Names);
        Assert.Equal("ä\n", file.Metadata["note"]);
        foreach (var (name, value) in tensors)
        {
            var read = file.Load(name);
            Assert.Equal(value.shape, read.shape);
            Assert.True(read.Equals(value), name);
            Assert.False(read.requires_grad);
        }
    }

    [Fact]
    public void TheSameTensorsGiveTheSameAlignedBytes()
    {
        using var scope = NewDisposeScope();
        var (one, other) = (Path.Combine(_folder, "one"), Path.Combine(_folder, "other"));
        var tensors = new Dictionary<string,
            Tensor>
        { ["b"] = ones(3, dtype: ScalarType.Byte), ["a"] = ones(3), ["c"] = ones(1, dtype: ScalarType.Float64) };

        Safetensors.Save(one, tensors);
        Safetensors.Save(other, tensors.Reverse().ToDictionary());

        Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(other));
        Assert.Equal(0, BitConverter.ToInt64(File.ReadAllBytes(one)) % 8);
        using var file = SafetensorsFile.Open(one);
        Assert.All(file.Names, name => Assert.Equal(0, file.Info(name).Offset % (file.Info(name).ByteCount / file.Info(name).Count)));
        Assert.Equal([one, other], Directory.GetFiles(_folder).Order());
    }

    [Fact]
    public void LoadedTensorsOutliveTheFile()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "life.safetensors");
        Safetensors.Save(path, new Dictionary<string, Tensor> { ["x"] = ones(1000) });
        Tensor read;
        using (var file = SafetensorsFile.Open(path))
        {
            read = file.Load("x");
        }
        File.Delete(path);
        Assert.Equal(1000, read.sum().ToDouble());
    }

    [Fact]
    public void WhatCannotBeWrittenLeavesTheOldFile()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "old.safetensors");
        Safetensors.Save(path, new Dictionary<string, Tensor> { ["x"] = ones(2) });
        var before = File.ReadAllBytes(path);

        Assert.Throws<ArgumentException>(() =>
            Safetensors.Save(path, new Dictionary<string, Tensor> { ["x"] = ones(2), ["y"] = ones(2, dtype: ScalarType.ComplexFloat32) }));
        Directory.CreateDirectory(path + ".llm2clip-tmp");
        Assert.Throws<RunException>(() => Safetensors.Save(path, new Dictionary<string, Tensor> { ["x"] = zeros(2) }));

        Assert.Equal(before, File.ReadAllBytes(path));
        var missing = Path.Combine(_folder, "missing", "x.safetensors");
        Assert.Contains(missing, Assert.Throws<RunException>(() => Safetensors.Save(missing, new Dictionary<string, Tensor>())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ShardsAreReadAsOneModel()
    {
        using var scope = NewDisposeScope();
        WriteShards();
        using var model = ShardedSafetensors.Open(_folder);
        Assert.Equal(["a", "b", "c"], model.Names);
        Assert.Equal(3, model.Load("c").sum().ToDouble());
        Assert.Equal(ScalarType.Float64, model.Load("c", ScalarType.Float64).dtype);
        Assert.Equal([1], model.Info("a").Shape);
        Assert.Contains("'d'", Assert.Throws<InputException>(() => model.Info("d")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"a\": \"one.safetensors\", \"c\": \"two.safetensors\"", "'b'")]
    [InlineData("\"a\": \"one.safetensors\", \"b\": \"one.safetensors\", \"c\": \"one.safetensors\"", "'c'")]
    [InlineData("\"a\": \"one.safetensors\", \"b\": \"one.safetensors\", \"c\": \"two.safetensors\", \"d\": \"two.safetensors\"", "'d'")]
    [InlineData("\"a\": \"one.safetensors\", \"b\": \"one.safetensors\", \"c\": \"three.safetensors\"", "three.safetensors")]
    [InlineData("\"a\": \"../one.safetensors\"", "../one.safetensors")]
    [InlineData("\"a\": \"one.safetensors\", \"a\": \"two.safetensors\"", "index")]
    [InlineData("\"a\": 3", "index")]
    [InlineData("\"a\"", "index")]
    public void IndexAndShardsMustAgree(string map, string mentioned)
    {
        WriteShards();
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), $"{{\"weight_map\": {{{map}}}}}");
        Assert.Contains(mentioned, Assert.Throws<InputException>(() => ShardedSafetensors.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FolderWithoutWeightsIsNamed() =>
        Assert.Contains(_folder, Assert.Throws<InputException>(() => ShardedSafetensors.Open(_folder)).Message, StringComparison.Ordinal);

    [Fact]
    [Trait("Category", "Golden")]
    public void EveryGoldenFileLoads()
    {
        var files = Directory.GetFiles(SharedData.RequireGolden(), "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (var path in files)
        {
            using var file = SafetensorsFile.Open(path);
            Assert.NotEmpty(file.Names);
            foreach (var name in file.Names)
            {
                using var scope = NewDisposeScope();
                var loaded = file.Load(name);
                Assert.Equal(file.Info(name).Shape, loaded.shape);
                Assert.Equal(file.Info(name).Type, loaded.dtype);
                Assert.True(file.Bytes(name).SequenceEqual(loaded.bytes), $"{path}: {name}");
            }
        }
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void EveryGoldenIndexOpens()
    {
        foreach (var index in Directory.GetFiles(SharedData.RequireGolden(), "model.safetensors.index.json", SearchOption.AllDirectories))
        {
            using var scope = NewDisposeScope();
            using var model = ShardedSafetensors.Open(Path.GetDirectoryName(index)!);
            Assert.All(model.Names, name => Assert.Equal(model.Info(name).Shape, model.Load(name).shape));
        }
    }

    private void WriteShards()
    {
        using var scope = NewDisposeScope();
        Safetensors.Save(Path.Combine(_folder, "one.safetensors"), new Dictionary<string, Tensor> { ["a"] = ones(1), ["b"] = ones(2) });
        Safetensors.Save(Path.Combine(_folder, "two.safetensors"), new Dictionary<string, Tensor> { ["c"] = ones(3) });
        File.WriteAllText(
            Path.Combine(_folder, "model.safetensors.index.json"),
            """{"metadata": {"total_size": 24}, "weight_map": {"a": "one.safetensors", "b": "one.safetensors", "c": "two.safetensors"}}""");
    }
}
