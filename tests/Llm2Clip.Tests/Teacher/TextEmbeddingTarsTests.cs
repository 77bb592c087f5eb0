using System.Formats.Tar;
using System.Runtime.InteropServices;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Teachers;

public sealed class TextEmbeddingTarsTests : IDisposable
{
    private readonly DataFolder _folder = new();

    private string Store => _folder["store"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("shortSV_captions", "longSV_captions")]
    [InlineData("shortsv_captions", "longsv_captions")] // as webdataset writes extensions
    public void VectorsFindTheirCaptionsByKeyAndFieldInAnyOrder(string shortField, string longField)
    {
        var data = Data("x.tar", 4);
        var members = Enumerable.Range(0, 4)
            .SelectMany(i => new[] { ($"k{i}.{shortField}", Vector(i)), ($"k{i}.{longField}", Vector(100 + i)) }).Reverse();
        var vectors = _folder.Tar("x_text_embeddings.tar", TarEntryFormat.Ustar, [.. members]);
        Assert.True(TextEmbeddingTars.Is(vectors));
        Assert.False(TextEmbeddingTars.Is(data));

        Assert.Equal(8, TextEmbeddingTars.Import([vectors], null, Store, "llama-3-8b-cc", VectorType.Fp32, _folder));
        Assert.Equal(0, TextEmbeddingTars.Import([vectors], null, Store, "llama-3-8b-cc", VectorType.Fp32, _folder));
        using var store = EmbeddingStore.Open(Store, "llama-3-8b-cc");
        Assert.Equal((8, 3), (store.Count, store.Dimension));
        var read = new float[6];
        store.Gather(["short 2", "long 3"], read);
        Assert.Equal([2f, 2.5f, -2f, 103f, 103.5f, -103f], read); // not normalized
        Assert.Empty(_folder.Lines);
    }

    [Fact]
    public void VectorsWithoutCaptionAreCountedAndNamed()
    {
        Data("x.tar", 2);
        var vectors = _folder.Tar("x_text_embeddings.tar", TarEntryFormat.Ustar, ("k0.shortSV_captions", Vector(0)),
            ("k7.shortSV_captions", Vector(7)), ("k1.other", Vector(1)));
        Assert.Equal(1, TextEmbeddingTars.Import([vectors], null, Store, "t", VectorType.Fp16, _folder));
        Assert.Contains(_folder.Lines, line =>
            line.Contains("2 of 3 vectors have no caption of their key and field in")
            && line.Contains("the first is k7.shortSV_captions; left out"));
    }

    [Fact]
    public void DataTarsMayLieElsewhere()
    {
        Data("x.tar", 2);
        Directory.CreateDirectory(_folder["data"]);
        File.Move(_folder["x.tar"], Path.Combine(_folder["data"], "x.tar"));
        var vectors = _folder.Tar("x_text_embeddings.tar", TarEntryFormat.Ustar, ("k0.shortSV_captions", Vector(0)));
        Assert.Contains("the captions are looked for in", Assert.Throws<InputException>(() => Import(vectors)).Message);
        Assert.Equal(1, TextEmbeddingTars.Import([vectors], _folder["data"], Store, "t", VectorType.Fp16, _folder));
    }

    [Fact]
    public void WrongTarsAreRefusedByName()
    {
        Data("x.tar", 2);
        var vectors = _folder.Tar("x_text_embeddings.tar", TarEntryFormat.Ustar, ("k0.shortSV_captions", Vector(0)),
            ("k1.shortSV_captions", Vector(1)[..10]));
        Assert.Contains("x_text_embeddings.tar: k1.shortSV_captions has 10 bytes; the store's vectors of 3 32-bit floats have 12",
            Assert.Throws<InputException>(() => Import(vectors)).Message);
        _folder.Tar("x_text_embeddings.tar", TarEntryFormat.Ustar, ("k0.shortSV_captions", Vector(0)), ("k0.shortSV_captions", Vector(1)));
        Assert.Contains("k0.shortSV_captions occurs twice", Assert.Throws<InputException>(() => Import(vectors)).Message);
        _folder.Tar("x_text_embeddings.tar", TarEntryFormat.Ustar, ("z.shortSV_captions", Vector(0)));
        Assert.Contains("1 of 1 vectors have no caption", Assert.Throws<InputException>(() => Import(vectors)).Message);
        _folder.Tar("x_text_embeddings.tar", TarEntryFormat.Ustar, ("readme", Vector(0)));
        Assert.Contains("holds no vector", Assert.Throws<InputException>(() => Import(vectors)).Message);
        _folder.Tar("x_text_embeddings.tar", TarEntryFormat.Ustar,
            ("k0.shortSV_captions", MemoryMarshal.AsBytes<float>([1, float.NaN, 2]).ToArray()));
        Assert.Contains("k0.shortSV_captions", Assert.Throws<InputException>(() => Import(vectors)).Message);
        Assert.Contains("--fingerprint",
            Assert.Throws<ConfigException>(() => TextEmbeddingTars.Import([vectors], null, Store, null, VectorType.Fp16, _folder)).Message);
    }

    private static byte[] Vector(int i) => MemoryMarshal.AsBytes<float>([i, i + 0.5f, -i]).ToArray();

    private long Import(string vectors) =>
        TextEmbeddingTars.Import([vectors], null, _folder[$"store-{Guid.NewGuid():n}"], "t", VectorType.Fp32, _folder);

    private string Data(string name, int count) =>
        _folder.Tar(name, TarEntryFormat.Ustar, [.. Enumerable.Range(0, count).SelectMany(i => new[]
    {
        ($"k{i}.jpg", DataFolder.Bytes("unused")),
        ($"k{i}.json", DataFolder.Bytes($$"""{"shortSV_captions": "short {{i}}", "longSV_captions": [" long {{i}} "], "raw": 5}""")),
    })]);
}
