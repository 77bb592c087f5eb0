using Llm2Clip.Weights;
using Llm2Clip.Weights.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models;

/// <summary>Weights of ONNX files: what is read, and what is refused. The golden of ResNet-18 reads one of somebody else's.</summary>
public sealed class OnnxFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("onnx-").FullName, "a.onnx");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public void BothWaysToWriteValuesAreRead()
    {
        byte[] half = [0x00, 0x3c, 0x00, 0xc0];  // 1, -2
        byte[] bfloat = [0x80, 0x3f, 0x40, 0xc0]; // 1, -3
        using var file = Open(
            OnnxBytes.Tensor("typed", OnnxBytes.Float, [2, 3], 4, OnnxBytes.Floats(1, 2, 3, 4, 5, 6)),
            OnnxBytes.Tensor("raw", OnnxBytes.Float, [2], 9, OnnxBytes.Floats(-1, 0.5f)),
            OnnxBytes.Tensor("half", OnnxBytes.Half, [2, 1], 9, half),
            OnnxBytes.Tensor("bfloat", OnnxBytes.BFloat, [2], 9, bfloat),
            OnnxBytes.Tensor("double", OnnxBytes.Double, [1], 10, BitConverter.GetBytes(0.25)),
            OnnxBytes.Tensor("scalar", OnnxBytes.Float, [], 9, OnnxBytes.Floats(7)),
            OnnxBytes.Tensor("shape", OnnxBytes.Int64, [1], 9, BitConverter.GetBytes(3L)));
        Assert.Equal(["bfloat", "double", "half", "raw", "scalar", "typed"], file.Names);
        Assert.Equal([2L, 3], file.Info("typed").Shape);
        Assert.Equal([1f, 2, 3, 4, 5, 6], Values(file, "typed"));
        Assert.Equal([-1f, 0.5f], Values(file, "raw"));
        Assert.Equal([1f, -2], Values(file, "half"));
        Assert.Equal([1f, -3], Values(file, "bfloat"));
        Assert.Equal([0.25f], Values(file, "double"));
        Assert.Equal([7f], Values(file, "scalar"));
        Assert.False(file.Contains("shape"));
    }

    [Fact]
    public void PackedSizesAreRead()
    {
        byte[] tensor =
            [.. OnnxBytes.Field(1, [2, 2]), .. OnnxBytes.Number(2, 1), .. OnnxBytes.Field(8, "w"u8), .. OnnxBytes.Field(9, new byte[16])];
        using var file = Open(tensor);
        Assert.Equal([2L, 2], file.Info("w").Shape);
    }

    [Fact]
    public void WhatIsMissingIsListed()
    {
        using var file = Open(OnnxBytes.Tensor("a", OnnxBytes.Float, [2], 9, OnnxBytes.Floats(1, 2)));
        using var scope = NewDisposeScope();
        var targets = new Dictionary<string, Tensor> { ["a"] = zeros(3), ["b"] = zeros(2, 2), ["c"] = zeros(1) };
        var error = Assert.Throws<InputException>(() => StrictWeights.Load(file, _path, targets));
        Assert.Equal(
            $"{_path} does not hold the weights of this model:\n  shape: a is [2], expected [3]\n  missing: b [2, 2]\n  missing: c [1]",
            error.Message);
    }

    public static TheoryData<string, byte[], string> Damaged => new()
    {
        { "length", OnnxBytes.Tensor("w", 1, [2, 3], 4, OnnxBytes.Floats(1, 2)), "initializer 'w': [2, 3] of Float32 is 24 bytes, but it has 8" },
        { "negative", OnnxBytes.Tensor("w", 1, [-2, 3], 9, new byte[24]), "initializer 0: one of its sizes is -2" },
        {
            "huge", OnnxBytes.Tensor("w", 1, [1L << 40, 1L << 40], 9, new byte[8]),
            "initializer 'w': [1099511627776, 1099511627776] of Float32 is more than a file of this format can hold"
        },
        {
            "huge and empty", OnnxBytes.Tensor("w", 1, [1L << 40, 0], 9, []),
            "initializer 'w': [1099511627776, 0] of Float32 is more than a file of this format can hold"
        },
        { "none", OnnxBytes.Tensor("w", 1, [2], 8, []), "initializer 'w': [2] of Float32 is 8 bytes, but it has 0" },
        { "nameless", OnnxBytes.Tensor("", 1, [1], 9, new byte[4]), "initializer 0: it has no name" },
        { "as integers", OnnxBytes.Tensor("w", OnnxBytes.Half, [1], 5, [1]), "initializer 'w': its values are of Float16, but in field 5" },
        {
            "elsewhere", [.. OnnxBytes.Tensor("w", 1, [1], 9, new byte[4]), .. OnnxBytes.Number(14, 1)],
            "initializer 'w': its values are in another file (external_data)"
        },
        {
            "two pieces", [.. OnnxBytes.Tensor("w", 1, [1], 9, new byte[4]), .. OnnxBytes.Field(4, new byte[4])],
            "initializer 'w': its values are in several pieces"
        },
        {
            "too many sizes", OnnxBytes.Tensor("w", 1, [.. Enumerable.Repeat(1L, 17)], 9, new byte[4]),
            "initializer 0: it has more than 16 dimensions"
        },
        { "past the end", [0x42, 0x7f, 0x41], "initializer 0: field 8 has 127 bytes, but 1 are left" },
        { "endless integer", [0x08, .. Enumerable.Repeat((byte)0xff, 9), 0x7f], "initializer 0: the integer before byte" },
        { "cut integer", [0x08, 0xff], "initializer 0: it ends within an integer" },
        { "group", [0x0b], "initializer 0: field 1 at byte" },
        { "field 0", [0x00, 0x01], "initializer 0: there is no field 0" },
        { "name", [.. OnnxBytes.Number(2, 1), .. OnnxBytes.Field(8, [0xff])], "initializer 0: its name is not UTF-8" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void DamageIsNamed(string what, byte[] initializer, string message)
    {
        var error = Assert.Throws<InputException>(() => Open(initializer));
        Assert.True(error.Message.StartsWith($"{_path}: {message}", StringComparison.Ordinal), $"{what}: {error.Message}");
    }

    [Fact]
    public void EveryCutIsRefused()
    {
        var whole = OnnxBytes.Model(OnnxBytes.Tensor("w", 1, [2], 4, OnnxBytes.Floats(1, 2)));
        var graph = whole.AsSpan().IndexOf((byte)0x3a); // Before it, only the graph is missing.
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_path, whole[..length]);
            var error = Assert.Throws<InputException>(() => OnnxFile.Open(_path));
            Assert.Contains(length <= graph ? "not an ONNX file" : "or a damaged one", error.Message);
        }
    }

    [Fact]
    public void WhatIsNoOnnxFileIsRefused()
    {
        Assert.Contains("cannot be opened", Assert.Throws<InputException>(() => OnnxFile.Open(_path)).Message);
        File.WriteAllBytes(_path, [.. OnnxBytes.Model(), .. OnnxBytes.Model()]);
        Assert.Contains("it has two graphs", Assert.Throws<InputException>(() => OnnxFile.Open(_path)).Message);
        var twice = OnnxBytes.Tensor("w", 1, [1], 9, new byte[4]);
        Assert.Contains("initializer 'w': another one has the same name", Assert.Throws<InputException>(() => Open(twice, twice)).Message);
    }

    private OnnxFile Open(params byte[][] initializers)
    {
        File.WriteAllBytes(_path, OnnxBytes.Model(initializers));
        return OnnxFile.Open(_path);
    }

    private static float[] Values(OnnxFile file, string name)
    {
        using var tensor = file.Load(name, ScalarType.Float32);
        return GoldenTensors.Values(tensor);
    }
}
