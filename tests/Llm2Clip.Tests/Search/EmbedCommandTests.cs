using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Llm2Clip.Pipeline;
using Llm2Clip.Search;
using Parquet;

namespace Llm2Clip.Tests.Search;

/// <summary><c>embed</c>: the same vectors in three formats, each read by other means than it was written; those of the search.</summary>
public sealed class EmbedCommandTests(SearchedRun run) : IClassFixture<SearchedRun>
{
    private const int Dimension = 16;

    private readonly string _out = Path.Combine(run.Folder, Guid.NewGuid().ToString("N"));

    [Fact]
    public async Task ImagesInThreeFormats()
    {
        foreach (var extension in VectorFile.Extensions)
        {
            var text = SearchedRun.Done("embed", run.PhotoFolder, "--model", run.Run, "--out", Path.Combine(_out, "v" + extension));
            Assert.Contains($"v{extension}: {SearchedRun.Photos} vectors of {Dimension} elements; ", text, StringComparison.Ordinal);
        }
        var lines = File.ReadLines(Path.Combine(_out, "v.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(line => (Name: line.GetProperty("name").GetString()!, Vector: line.GetProperty("vector").EnumerateArray().Select(v => v.GetSingle()).ToArray()))
            .ToList();
        Assert.Equal(SearchedRun.Photos, lines.Count);
        using (var index = ImageIndex.Open(run.Index))
        {
            foreach (var locator in index.Locators())
            {
                var vector = lines.Single(line => line.Name == index.Record(locator).Path).Vector;
                foreach (var (d, value) in index.Vector(locator).ToArray().Index())
                {
                    Assert.Equal(vector[d], (float)value, 1e-6 + Math.Abs(vector[d]) / 1024); // fp16 has 11 bits
                }
            }
        }

        var npy = File.ReadAllBytes(Path.Combine(_out, "v.npy"));
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0, 118, 0], npy[..10]);
        Assert.Equal($"{{'descr': '<f4', 'fortran_order': False, 'shape': ({SearchedRun.Photos}, {Dimension}), }}", Encoding.ASCII.GetString(npy[10..128]).Trim());
        Assert.Equal((byte)'\n', npy[127]);
        Assert.Equal(128 + SearchedRun.Photos * Dimension * 4, npy.Length);
        var values = Enumerable.Range(0, SearchedRun.Photos * Dimension)
            .Select(i => BinaryPrimitives.ReadSingleLittleEndian(npy.AsSpan(128 + 4 * i)));
        Assert.Equal(lines.SelectMany(line => line.Vector), values);
        Assert.Equal(lines.Select(line => line.Name), File.ReadLines(Path.Combine(_out, "v.names.txt")));

        await using var reader = await ParquetReader.CreateAsync(Path.Combine(_out, "v.parquet"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(SearchedRun.Photos, reader.Metadata!.NumRows);
        Assert.Equal(["name", "vector"], reader.Schema.Fields.Select(field => field.Name));
    }

    [Fact]
    public void SentencesAreThoseOfTheSearch()
    {
        Directory.CreateDirectory(_out);
        var (texts, file) = (Path.Combine(_out, "texts.txt"), Path.Combine(_out, "v.jsonl"));
        string[] sentences = ["ein roter Stern am Himmel", "drei braune Hütten auf der Wiese"];
        File.WriteAllText(texts, string.Join("\n\n", sentences) + "\n");
        Assert.Contains(
            $"2 vectors of {Dimension} elements, language de; ", SearchedRun.Done("embed", "--texts", texts, "--model", run.Run, "--out", file, "--set", "embed.batch_size=1"),
            StringComparison.Ordinal);
        using var searcher = ImageSearch.Open(new RunConfig { Search = new SearchConfig { Index = run.Index } }, SilentLog.Instance);
        var lines = File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        foreach (var (sentence, line) in sentences.Zip(lines))
        {
            Assert.Equal(sentence, line.GetProperty("name").GetString());
            var expected = searcher.EncodeTexts([sentence], "de", TestContext.Current.CancellationToken);
            Assert.Equal(expected, line.GetProperty("vector").EnumerateArray().Select(value => value.GetSingle()));
        }
    }

    [Fact]
    public void WhatIsMissingIsSaid()
    {
        Assert.Contains("2 keys are missing", SearchedRun.Failed(2, "embed", "--model", run.Run), StringComparison.Ordinal);
        Assert.Contains(
            "name images or sentences, not both", SearchedRun.Failed(2, "embed", run.PhotoFolder, "--texts", "x", "--out", "v.npy"), StringComparison.Ordinal);
        var file = Path.Combine(_out, "v.npy");
        Assert.Contains(
            "the sentences cannot be read", SearchedRun.Failed(3, "embed", "--texts", Path.Combine(_out, "x"), "--model", run.Run, "--out", file), StringComparison.Ordinal);
        Assert.False(File.Exists(file));
        Assert.Empty(Directory.GetFiles(_out));
    }
}
