using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Pipeline;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Conversion;

public sealed class DataSetConversionTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The forms that are written here.</summary>
    public static TheoryData<DatasetFormat> Forms() =>
        [DatasetFormat.Webdataset, DatasetFormat.Folder, DatasetFormat.Csv, DatasetFormat.Tsv, DatasetFormat.Karpathy, DatasetFormat.Coco,
            DatasetFormat.Parquet];

    [Theory]
    [MemberData(nameof(Forms))]
    public void WhatIsReadBackEqualsTheSource(DatasetFormat form)
    {
        var source = ListedSource.Make(3, 20);
        var expected = ConversionCase.Good(source);
        var result = ConversionCase.Convert(_folder, source, "out", form);
        var samples = _folder.ReadAll("out");
        Assert.Equal(expected.Select(ConversionCase.Content), samples.Select(ConversionCase.Content));
        if (form != DatasetFormat.Webdataset)
        {
            Assert.Equal(expected.Select(sample => sample.Key), samples.Select(sample => sample.Key));
        }
        var part = Assert.Single(result.Parts);
        Assert.Equal((expected.Count, expected.Sum(sample => sample.Captions.Count), (expected.Count + 3) / 4),
            ((int)part.Images, (int)part.Captions, part.Shards));
        Assert.Equal((60, 60 - expected.Count, 0, 0), ((int)result.Seen, (int)result.BadSamples, (int)result.LeftOut, (int)result.Kept));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void EveryFormLeavesTheSameBytesWheneverItIsWrittenAndNothingElse(DatasetFormat form)
    {
        ConversionCase.Convert(_folder, ListedSource.Make(3, 20), "a", form);
        ConversionCase.Convert(_folder, ListedSource.Make(3, 20), "b", form);
        var files = ConversionCase.Files(_folder["a"]);
        Assert.Equal(files, ConversionCase.Files(_folder["b"]));
        Assert.DoesNotContain(files.Keys, name => name.EndsWith(".llm2clip-tmp", StringComparison.Ordinal));
        Assert.Equal([".convert/progress.json"], files.Keys.Where(name => name.StartsWith(".convert", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(DatasetFormat.Csv, "captions.csv", ',')]
    [InlineData(DatasetFormat.Tsv, "captions.tsv", '\t')]
    public void TablesHaveARowACaption(DatasetFormat form, string name, char separator)
    {
        var source = ListedSource.Make(2, 8);
        ConversionCase.Convert(_folder, source, "out", form);
        var rows = Rows(File.ReadAllText(_folder[$"out/{name}"]), separator);
        Assert.Equal(["filepath", "title", "language", "kind", "key"], rows[0]);
        var expected = ConversionCase.Good(source).SelectMany(sample => sample.Captions.Select(c => (sample, c))).ToList();
        Assert.Equal(expected.Select(e => (string[])[e.c.Text, e.c.Language, e.c.Kind.ToString().ToLowerInvariant(), e.sample.Key]),
            rows.Skip(1).Select(row => row[1..]));
        Assert.Equal(expected.Select(e => e.sample.Image.Read()), rows.Skip(1).Select(row => File.ReadAllBytes(_folder[$"out/{row[0]}"])));
    }

    [Fact]
    public void KarpathyHasItsFields()
    {
        var source = ListedSource.Make(2, 8);
        ConversionCase.Convert(_folder, source, "out", DatasetFormat.Karpathy);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["out/dataset.json"]));
        var images = json.RootElement.GetProperty("images").EnumerateArray().ToList();
        var expected = ConversionCase.Good(source);
        Assert.Equal(expected.Select(sample => sample.Key), images.Select(image => image.GetProperty("key").GetString()));
        Assert.Equal(Enumerable.Range(0, images.Count), images.Select(image => image.GetProperty("imgid").GetInt32()));
        Assert.All(images, image => Assert.Equal("train", image.GetProperty("split").GetString()));
        Assert.Equal(expected.Select(sample => sample.Image.Read()),
            images.Select(image => File.ReadAllBytes(
                _folder[$"out/{image.GetProperty("filepath").GetString()}/{image.GetProperty("filename").GetString()}"])));
        var sentences = images.SelectMany(image => image.GetProperty("sentences").EnumerateArray()).ToList();
        Assert.Equal(expected.SelectMany(sample => sample.Captions).Select(c => (c.Text, c.Language)),
            sentences.Select(s => (s.GetProperty("raw").GetString()!, s.GetProperty("language").GetString()!)));
        Assert.Equal(Enumerable.Range(0, sentences.Count), sentences.Select(s => s.GetProperty("sentid").GetInt32()));
    }

    [Fact]
    public void CocoHasImagesAndAnnotations()
    {
        var source = ListedSource.Make(2, 8);
        ConversionCase.Convert(_folder, source, "out", DatasetFormat.Coco);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["out/captions.json"]));
        var files = json.RootElement.GetProperty("images").EnumerateArray()
            .ToDictionary(image => image.GetProperty("id").GetInt32(), image => image.GetProperty("file_name").GetString()!);
        var annotations = json.RootElement.GetProperty("annotations").EnumerateArray().ToList();
        var expected = ConversionCase.Good(source).SelectMany(sample => sample.Captions.Select(c => (c.Text, Image: sample.Image.Read())))
            .ToList();
        Assert.Equal(expected.Select(e => e.Text), annotations.Select(a => a.GetProperty("caption").GetString()!));
        Assert.Equal(expected.Select(e => e.Image),
            annotations.Select(a => File.ReadAllBytes(_folder["out/" + files[a.GetProperty("image_id").GetInt32()]])));
        Assert.Equal(Enumerable.Range(1, annotations.Count), annotations.Select(a => a.GetProperty("id").GetInt32()));
    }

    [Fact]
    public void ConvertingOnceMoreChangesNoByteOfTheTars()
    {
        ConversionCase.Convert(_folder, ListedSource.Make(3, 20), "a", DatasetFormat.Folder);
        DataConvert.Run(new RunConfig
        {
            Convert =
            ConversionCase.Config(_folder, "b", DatasetFormat.Webdataset) with { Data = _folder["a"] }, Data = new DataConfig()
        }, _folder,
            CancellationToken.None);
        DataConvert.Run(new RunConfig
        {
            Convert = ConversionCase.Config(_folder, "c", DatasetFormat.Folder) with { Data = _folder["b"] },
            Data = new DataConfig()
        }, _folder, CancellationToken.None);
        DataConvert.Run(new RunConfig
        {
            Convert =
            ConversionCase.Config(_folder, "d", DatasetFormat.Webdataset) with { Data = _folder["a"] }, Data = new DataConfig()
        }, _folder,
            CancellationToken.None);
        Assert.Equal(File.ReadAllBytes(_folder["b/data-00002.tar"]), File.ReadAllBytes(_folder["d/data-00002.tar"]));
        Assert.Equal(_folder.ReadAll("b").Select(ConversionCase.Content), _folder.ReadAll("c").Select(ConversionCase.Content));
    }

    [Fact]
    public void ShardsAreCutByImagesAndByBytes()
    {
        var source = new ListedSource([[.. new[] { 700_000, 299_999, 1, 2_000_000, 5, 999_995, 1 }.Select((size, i) =>
            new Sample($"{i}", $"{i}", [new Caption("c", "en", CaptionKind.Short)],
                new MemoryImage(Enumerable.Repeat((byte)(i + 1), size).ToArray())))]]);
        var config = ConversionCase.Config(_folder, "out", DatasetFormat.Folder, 100) with { ShardMb = 1 };
        DataSetConversion.Convert(source, config, ConversionCase.Lenient, _folder, CancellationToken.None);
        Assert.Equal(["0,1,2", "3", "4,5", "6"], Directory.GetDirectories(_folder["out/images"]).Order().Select(shard =>
            string.Join(',', Directory.GetFiles(shard).Select(Path.GetFileNameWithoutExtension).Order())));
    }

    [Fact]
    public void LanguagesAndKindsAreChosen()
    {
        var config = ConversionCase.Config(_folder, "out", DatasetFormat.Folder) with
        {
            Languages = ["de", "zh-mt"],
            Kinds = [CaptionKind.Long]
        };
        var result = DataSetConversion.Convert(ListedSource.Make(3, 20), config, ConversionCase.Lenient, _folder, CancellationToken.None);
        var captions = _folder.ReadAll("out").SelectMany(sample => sample.Captions).ToList();
        Assert.All(captions, caption => Assert.Equal(("de", CaptionKind.Long), (caption.Language, caption.Kind)));
        Assert.Equal(result.Seen, captions.Count + result.LeftOut + result.BadSamples);
        Assert.True(result.LeftOut > 0);
        var error = Assert.Throws<InputException>(() => DataSetConversion.Convert(
            ListedSource.Make(1, 20), config with { To = _folder["none"], Languages = ["xx"] }, ConversionCase.Lenient, _folder,
                CancellationToken.None));
        Assert.Contains("nothing is left to write; of 20 records 1 are bad and 19 have no caption", error.Message);
        Assert.Empty(ConversionCase.Files(_folder["none"]));
    }

    [Fact]
    public void EmptyAndMissingImagesAreBadAndPastTheShareTheRunStops()
    {
        File.WriteAllBytes(_folder["empty.jpg"], []);
        File.WriteAllBytes(_folder["good.jpg"], [1]);
        File.WriteAllLines(_folder["list.jsonl"],
            new[] { "good", "empty", "absent" }.Select(name => $$"""{"image": "{{name}}.jpg", "caption": "c"}"""));
        var config = ConversionCase.Config(_folder, "out", DatasetFormat.Webdataset) with { Data = _folder["list.jsonl"] };
        var error = Assert.Throws<InputException>(() =>
            DataConvert.Run(new RunConfig { Convert = config, Data = new DataConfig() }, _folder, CancellationToken.None));
        Assert.Contains("2 of 3 records are bad", error.Message);
        Assert.Contains("its image is empty", error.Message);
        Assert.Empty(ConversionCase.Files(_folder["out"]));
        Assert.Equal(2, DataConvert.Run(new RunConfig { Convert = config, Data = new DataConfig { MaxBadShare = 0.7 } }, _folder,
            CancellationToken.None).BadSamples);
        Assert.Contains(_folder.Lines, line => line.Contains("list.jsonl: line 2: empty.jpg: its image is empty; left out"));
        Assert.Equal("good", Assert.Single(_folder.ReadAll("out")).Key);
    }

    private static List<string[]> Rows(string text, char separator)
    {
        // Written for this test from RFC 4180, by states rather than by splitting.
        var (rows, row, cell, quoted) = (new List<string[]>(), new List<string>(), new System.Text.StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                if (quoted && i + 1 < text.Length && text[i + 1] == '"')
                {
                    cell.Append('"');
                    i++;
                    continue;
                }
                quoted = !quoted;
            }
            else if (!quoted && (text[i] == separator || text[i] == '\n'))
            {
                row.Add(cell.ToString());
                cell.Clear();
                if (text[i] == '\n')
                {
                    rows.Add([.. row]);
                    row.Clear();
                }
            }
            else
            {
                cell.Append(text[i]);
            }
        }
        Assert.True(!quoted && row.Count == 0 && cell.Length == 0);
        return rows;
    }
}
