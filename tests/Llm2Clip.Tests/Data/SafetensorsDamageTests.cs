using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Llm2Clip.Weights;

namespace Llm2Clip.Tests.Data;

/// <summary>
/// Safetensors files that are cut, garbled or lie: each is refused with an <see cref="InputException"/> that names file and tensor.
/// </summary>
public sealed class SafetensorsDamageTests : IDisposable
{
    private const string Whole = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[2,2],"data_offsets":[8,12]},"__metadata__":{"k":"v"}}""";

    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("llm2clip-damage-").FullName, "x.safetensors");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""", 16, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 16, "gap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12,
        "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8,
        "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "belong to none")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 16,
        "twice")]
    [InlineData("""{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}""", 8, "'F31'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}""", 0, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,9223372036854775804]}}""", 0, "'a'")]
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 0, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,10]}}""", 10, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "'a'")]
    [InlineData("""{"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", 8, "header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}""", 8, "'more'")]
    [InlineData("""{"a":3}""", 0, "'a'")]
    [InlineData("""{"__metadata__":{"k":3}}""", 0, "k")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", 8, "header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x""", 8, "header")]
    [InlineData("""{"a" {}}""", 0, "header")]
    [InlineData("""[]""", 0, "header")]
    [InlineData("", 0, "header")]
    public void LyingHeadersAreRefused(string header, int dataBytes, string mentioned)
    {
        File.WriteAllBytes(_path, Build(header, dataBytes));
        var error = Assert.Throws<InputException>(() => SafetensorsFile.Open(_path));
        Assert.Contains(_path, error.Message, StringComparison.Ordinal);
        Assert.Contains(mentioned, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryCutIsNoticed()
    {
        var whole = Build(Whole, 12);
        File.WriteAllBytes(_path, whole);
        using (var file = SafetensorsFile.Open(_path))
        {
            Assert.Equal(["a", "b"], file.Names);
            Assert.Equal("v", file.Metadata["k"]);
        }
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(_path, whole[..length]);
            Assert.Throws<InputException>(() => SafetensorsFile.Open(_path));
        }
        File.WriteAllBytes(_path, [.. whole, 0]);
        Assert.Throws<InputException>(() => SafetensorsFile.Open(_path));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL << 40)]
    [InlineData(ulong.MaxValue)]
    [InlineData((ulong)long.MaxValue)]
    public void HeaderLengthsOutOfBoundsAreRefused(ulong length)
    {
        var bytes = Build(Whole, 12);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(_path, bytes);
        Assert.Contains(_path, Assert.Throws<InputException>(() => SafetensorsFile.Open(_path)).Message, StringComparison.Ordinal);
    }

    /// <summary>Whatever bytes change: the file is refused, or all that it then says lies within it.</summary>
    [Fact]
    public void ChangedBytesNeverLeadOutside()
    {
        var whole = Build(Whole, 12);
        var changes = Gen.Choose(0, whole.Length - 1).Zip(Gen.Choose(0, 255)).NonEmptyListOf();
        Prop.ForAll(changes.ToArbitrary(), each =>
        {
            var bytes = whole.ToArray();
            foreach (var (at, value) in each)
            {
                bytes[at] = (byte)value;
            }
            return IsRefusedOrConsistent(bytes);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    /// <summary>Any bytes at all.</summary>
    [Fact]
    public void NoiseIsRefused() =>
        Prop.ForAll(Gen.Choose(0, 255).Select(each => (byte)each).ArrayOf().ToArbitrary(), IsRefusedOrConsistent)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void MissingFileAndMissingTensorAreNamed()
    {
        Assert.Contains(_path, Assert.Throws<InputException>(() => SafetensorsFile.Open(_path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(_path, Build(Whole, 12));
        using var file = SafetensorsFile.Open(_path);
        Assert.Contains("'c'", Assert.Throws<InputException>(() => file.Load("c")).Message, StringComparison.Ordinal);
    }

    private bool IsRefusedOrConsistent(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        try
        {
            using var file = SafetensorsFile.Open(_path);
            foreach (var name in file.Names)
            {
                if (file.Bytes(name).Length != file.Info(name).ByteCount || file.Info(name).Offset
                    + file.Info(name).ByteCount > bytes.Length)
                {
                    return false;
                }
            }
            return true;
        }
        catch (InputException error)
        {
            return error.Message.Contains(_path, StringComparison.Ordinal);
        }
    }

    private static byte[] Build(string header, int dataBytes)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }
}
