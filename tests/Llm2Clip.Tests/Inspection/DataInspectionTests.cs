using System.Formats.Tar;
using Llm2Clip.Cli;
using Llm2Clip.Cli.Reports;
using Llm2Clip.Data;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Images;
using Llm2Clip.Pipeline;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Inspection;

public sealed class DataInspectionTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public static TheoryData<string> Forms => [.. InspectionCase.Forms];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Forms))]
    public void EveryFormGivesTheSameAnswers(string form)
    {
        var pattern = InspectionCase.Write(_folder, form);
        // An empty image is not written by a conversion, and is none in a Parquet column or a base64 field.
        var converted = form is not ("folder" or "chinese_clip" or "sharegpt4v" or "crossmodal3600");
        var report = InspectionCase.Inspect(_folder, pattern);
        var set = report.Data;
        Assert.Equal((converted ? 5 : 6, 3), (set.Records, set.Images));
        var causes = set.BrokenByCause.ToDictionary(cause => cause.Cause, cause => cause.Count);
        Assert.Equal(1, causes[BadSampleCause.DamagedImage]);
        Assert.Equal(1, causes[BadSampleCause.NotAnImage]);
        Assert.Equal(set.Records - 3, set.Broken);
        Assert.Equal([(20.0, 40.0), (30.0, 60.0)],
            new[] { set.ImageStatistics.Width, set.ImageStatistics.Height }.Select(sides => (sides.Min, sides.Max)));
        Assert.Equal((0.33, 1.33), (set.ImageStatistics.Aspect.Min, set.ImageStatistics.Aspect.Max));
        Assert.Equal([("jpg", 2L), ("png", 1L)], set.ImageStatistics.Formats.Select(format => (format.Key, format.Value)));

        var one = form == "sharegpt4v"; // which has one caption per image
        var captions = one ? 3 : 5;
        Assert.Equal(captions, set.Captions);
        var language = Assert.Single(set.Languages);
        Assert.Equal(form == "chinese_clip" ? "zh" : "en", language.Language);
        Assert.Equal(one ? "long" : "short", Assert.Single(language.Kinds).Key);
        Assert.Equal((captions - 1, 2), (language.Distinct, language.Repeated));
        Assert.Equal((1, one ? 3 : 7), ((int)language.Words.Min, (int)language.Words.Max)); // "A dog runs ." has three
        Assert.Equal(one ? 7 : 17, (int)Math.Round(language.Words.Mean * language.Words.Count));

        var duplicates = Assert.Single(report.Duplicates);
        Assert.Equal(new TwinCount(1, 2, 0), duplicates.Images.SameBytes);
        Assert.Equal(new TwinCount(1, 2, 0), duplicates.Images.SamePixels);
        Assert.Equal(new NearCount(0, 0, 0), duplicates.Images.Near);
        Assert.Equal(new TwinCount(1, 2, 0), duplicates.Captions.Same);
        var text = Assert.Single(duplicates.Captions.Texts);
        Assert.Equal(("A dog runs .", 2), (text.Text, text.InData));
    }

    [Fact]
    public void BrokenSamplesAreCountedByCauseAndNamed()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar,
            ("good.jpg", DataFolder.Image(1)), ("good.txt", DataFolder.Bytes("fine")),
            ("mute.jpg", DataFolder.Image(2)), ("mute.json", DataFolder.Bytes("{}")),
            ("blind.txt", DataFolder.Bytes("no image")),
            ("cut.jpg", DataFolder.Image(3)[..500]), ("cut.txt", DataFolder.Bytes("x")),
            ("void.jpg", []), ("void.txt", DataFolder.Bytes("x")),
            ("html.jpg", DataFolder.Bytes("<html>")), ("html.txt", DataFolder.Bytes("x")),
            ("html2.jpg", DataFolder.Bytes("<html>")), ("html2.txt", DataFolder.Bytes("x")),
            ("huge.jpg", DataFolder.Image(4, 400, 300)), ("huge.txt", DataFolder.Bytes("x")),
            ("odd.jpg", DataFolder.Image(5)), ("odd.json", DataFolder.Bytes("{")));
        var set = InspectionCase.Inspect(_folder, "a.tar", config: new DataConfig { MaxMegapixels = 0.1 },
            inspect: new InspectConfig { Listed = 1 }).Data;
        Assert.Equal((9, 1, 8), (set.Records, set.Images, set.Broken));
        Assert.Equal(
            [
                (BadSampleCause.NotAnImage, 2, "html.jpg"), (BadSampleCause.BadRecord, 1, "odd"), (BadSampleCause.NoCaption, 1, "mute"),
                    (BadSampleCause.NoImage, 1, "blind"),
                (BadSampleCause.EmptyImage, 1, "void.jpg"), (BadSampleCause.TooLarge, 1, "huge.jpg"),
                    (BadSampleCause.DamagedImage, 1, "cut.jpg"),
            ],
            set.BrokenByCause.Select(cause =>
                (cause.Cause, (int)cause.Count, Assert.Single(cause.Samples).Origin[(_folder["a.tar"].Length + 2)..])));
        // The data, its format, and eight bad records by name, though data.max_bad_share is long passed
        Assert.Equal(10, _folder.Lines.Count);
    }

    [Fact]
    public void LeakageBetweenTwoSetsIsFound()
    {
        byte[] Png(RgbImage image) => ImageCodec.EncodePng(image);
        byte[] Jpeg(RgbImage image, int quality) => ImageCodec.EncodeJpeg(image, quality);
        var images = Enumerable.Range(0, 6).Select(i => Rectangles(i, 120, 90)).ToList();
        Shard("train.tar", images.Select((image, i) => ($"t{i}", Png(image), $"caption number {i} of the training set")));
        Shard("test.tar",
        [
            ("copy", Png(images[0]), "something else"),
            ("pixels", [.. Png(images[1])[..^12], .. Chunk()], "CAPTION number 1, of the training set!"),
            ("jpeg", Jpeg(images[2], 40), "caption number 2 of the training sets"),
            ("small", Jpeg(images[3].Resize(60, 45), 80), "no such thing"),
            ("other", Png(PerceptualHashTests.Image(120, 90)), "no such other thing"),
        ]);
        var report = InspectionCase.Inspect(_folder, "train.tar", "test.tar");
        Assert.Equal([Scope.Data, Scope.Against, Scope.Between], report.Duplicates.Select(found => found.Scope));
        Assert.All(report.Duplicates.Take(2), found => Assert.Equal((0, 0), (found.Images.SamePixels.Groups, found.Images.Near.Pairs)));
        var between = report.Duplicates[2];
        Assert.Equal(new TwinCount(1, 1, 1), between.Images.SameBytes);
        Assert.Equal(new TwinCount(2, 2, 2), between.Images.SamePixels);
        Assert.Equal(new NearCount(2, 2, 2), between.Images.Near);
        Assert.Equal(
            ["SameBytes t0 copy", "SamePixels t1 pixels", "Near t2 jpeg", "Near t3 small"],
            between.Images.Pairs.Select(pair => $"{pair.Likeness} {pair.First.Key} {pair.Second.Key}").OrderBy(line => line.Split(' ')[1]));
        Assert.Equal((1, "caption number 1 of the training set"),
            ((int)between.Captions.Same.Groups, Assert.Single(between.Captions.Texts).Text));
        Assert.Contains(between.Captions.Pairs, pair => (pair.FirstKey, pair.SecondKey) == ("t2", "jpeg"));
    }

    [Fact]
    public void CaptionsOfOneImageAreNotHeldAgainstEachOther()
    {
        File.WriteAllText(_folder["l.jsonl"], """
            {"image": "a.jpg", "captions": {"en": ["A man.", "a man", "A man with a red hat rides a horse"], "zh": ["一个人"]}}
            {"image": "b.jpg", "captions": {"en": ["A man", "A man with a red hat rides a horse."], "zh": ["一个人", "两个人"]}}
            {"image": "c.jpg", "captions": {"en": ["A boat on the calm lake", "A boat on the calm lakes"]}}

            """);
        foreach (var (name, i) in new[] { "a", "b", "c" }.Select((name, i) => (name, i)))
        {
            File.WriteAllBytes(_folder[name + ".jpg"], DataFolder.Image(i * 5));
        }
        var report = InspectionCase.Inspect(_folder, "l.jsonl");
        var captions = report.Duplicates[0].Captions;
        Assert.Equal(new TwinCount(3, 7, 0), captions.Same); // "a man" three times, the horse and 一个人 twice
        Assert.Equal(1, captions.WithinImage);
        Assert.Equal(["A man.", "A man with a red hat rides a horse", "一个人"], captions.Texts.Select(text => text.Text));
        Assert.Equal(0, captions.Near.Pairs);
        Assert.Equal([("en", 4L, 5L, "words"), ("zh", 2L, 2L, "characters")],
            report.Data.Languages.Select(language => (language.Language, language.Distinct, language.Repeated, language.Unit)));
    }

    /// <summary>
    /// Keys are held against each other within a data set, across its shards, broken samples included; not between data sets.
    /// </summary>
    [Fact]
    public void KeysThatStandMoreThanOnceAreCountedAndNamed()
    {
        _folder.Shard("s-0.tar", "k", 5);
        _folder.Shard("s-1.tar", "m", 3);
        _folder.Shard("s-2.tar", "k", 7, i => i == 1);
        _folder.Shard("s-3.tar", "m", 2);
        _folder.Tar("s-4.tar", TarEntryFormat.Ustar, ("k3.jpg", DataFolder.Image(1)), ("k3.txt", DataFolder.Bytes("x")),
            ("new.jpg", DataFolder.Image(2)), ("new.txt", DataFolder.Bytes("y")));
        _folder.Shard("other.tar", "k", 7);

        var report = InspectionCase.Inspect(_folder, "s-*.tar", "other.tar");
        var keys = report.Data.RepeatedKeys;
        Assert.Equal((7, 15), (keys.Keys, keys.Records));
        Assert.Equal(["k0", "k1", "k2", "k3", "k4", "m0", "m1"], keys.Listed.Select(key => key.Key));
        Assert.Equal(new ListedKey("k3", 3, _folder["s-0.tar"] + ": k3.jpg", _folder["s-2.tar"] + ": k3.jpg"), keys.Listed[3]);
        Assert.Equal((0, 0, 0), (report.Against!.RepeatedKeys.Keys, report.Against.RepeatedKeys.Records,
            report.Against.RepeatedKeys.Listed.Count));
        var text = Printed(report);
        Assert.Contains($"\n7 keys occur more than once, at 15 records.\n  k0: 2 records, the first are {_folder["s-0.tar"]}: k0.jpg and {_folder["s-2.tar"]}: k0.jpg\n", text);
        Assert.Contains("\nEvery key occurs once.\n", text);
        Assert.Contains("\"repeated_keys\": {\n      \"keys\": 7,\n      \"records\": 15,", report.ToJson());

        var few = InspectionCase.Inspect(_folder, "other.tar", "s-*.tar",
            inspect: new InspectConfig { Listed = 2, Output = _folder["out"] }).Against!.RepeatedKeys;
        Assert.Equal((7, 15), (few.Keys, few.Records));
        Assert.Equal(["k0", "k1"], few.Listed.Select(key => key.Key));
        Assert.Contains("7 repeated keys, the first 2", File.ReadAllText(_folder["out/report.html"]));
    }

    [Fact]
    public void OptionsOfTheDataAreHonoured()
    {
        _folder.Shard("a.tar", "k", 3);
        var jpeg = DataFolder.Image(1);
        // An APP1 segment with one EXIF tag, orientation 6: to be turned by 90 degrees.
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        Shard("turned.tar", [("k", [.. jpeg[..2], .. exif, .. jpeg[2..]], "x")]);
        Assert.Equal(40, InspectionCase.Inspect(_folder, "turned.tar").Data.ImageStatistics.Width.Max);
        Assert.Equal(30, InspectionCase.Inspect(_folder, "turned.tar",
            config: new DataConfig { Upright = true }).Data.ImageStatistics.Width.Max);
        Assert.Equal(3, InspectionCase.Inspect(_folder, "a.tar",
            config: new DataConfig { MaxMegapixels = 0.001 }).Data.BrokenByCause.Single(cause =>
            cause.Cause == BadSampleCause.TooLarge).Count);
        Assert.Throws<ConfigException>(() => InspectionCase.Inspect(_folder, "a.tar", config: new DataConfig { Background = [1] }));
    }

    [Fact]
    public void TheReportDoesNotDependOnTheNumberOfWorkers()
    {
        _folder.Shard("a.tar", "k", 70, i => i % 9 == 4);
        _folder.Shard("b.tar", "m", 70);
        var reports = new[] { 1, 4 }.Select(workers =>
            InspectionCase.Inspect(_folder, "a.tar", "b.tar", new DataConfig { Workers = workers },
            new InspectConfig { SheetImages = 7, Seed = 3 }) with
            { Seconds = 0 }).ToList();
        Assert.Equal(reports[0].ToJson(), reports[1].ToJson());
        Assert.Equal(reports[0].Data.ContactSheet, reports[1].Data.ContactSheet);
        var sheet = ImageCodec.Decode(reports[0].Data.ContactSheet, "sheet");
        Assert.Equal((7 * 124 + 4, 128), (sheet.Width, sheet.Height));
        var other = InspectionCase.Inspect(_folder, "a.tar", inspect: new InspectConfig { SheetImages = 7, Seed = 4 });
        Assert.NotEqual(reports[0].Data.ContactSheet, other.Data.ContactSheet);
    }

    [Fact]
    public void FlatImagesAreCountedAndLikeNothing()
    {
        byte[] Flat(int size, byte value) => ImageCodec.EncodePng(new RgbImage(size, size, [.. Enumerable.Repeat(value, size * size * 3)]));
        Shard("a.tar", [("a", Flat(40, 255), "x"), ("b", Flat(50, 250), "y"), ("c", Flat(40, 255), "z")]);
        var report = InspectionCase.Inspect(_folder, "a.tar");
        Assert.Equal((3, 1, 0), (report.Data.ImageStatistics.Flat, report.Duplicates[0].Images.SamePixels.Groups,
            report.Duplicates[0].Images.Near.Pairs));
    }

    [Fact]
    public void TokensAreTheTeachers()
    {
        var gguf = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");
        _folder.Shard("a.tar", "k", 4);
        var inspect = new InspectConfig { Data = _folder["a.tar"], ContextTokens = 3 };
        var teacher = new TeacherConfig { Path = gguf };
        var report = DataInspect.Run(new RunConfig { Inspect = inspect, Teacher = teacher }, _folder,
            TestContext.Current.CancellationToken);
        using var model = LlamaModel.Load(gguf, fullWindow: false);
        var tokenizer = new CaptionTokenizer(model, "{text}", "", 512);
        var lengths = Enumerable.Range(0, 4).Select(i => tokenizer.Tokenize($"caption {i} of k").Tokens.Length).ToList();
        var tokens = report.Data.Languages[0].Tokens!;
        Assert.Equal((lengths.Min(), lengths.Max(), lengths.Average()), (tokens.Lengths.Min, tokens.Lengths.Max, tokens.Lengths.Mean));
        Assert.Equal((4, 0), (tokens.PastContext, tokens.PastLimit));
        var limited = DataInspect.Run(new RunConfig { Inspect = inspect, Teacher = teacher with { MaxLength = 8 } }, _folder,
            TestContext.Current.CancellationToken);
        Assert.Equal(lengths.Count(length => length > 8), limited.Data.Languages[0].Tokens!.PastLimit);
        Assert.Equal(8, limited.Bounds.TeacherTokens);
    }

    [Fact]
    public void TheKnownPairOfFlickr8kIsFoundAndNoOther()
    {
        var shards = Path.Combine(SharedData.RequireShared("data", "flickr8k"), "flickr8k-{train,val}-*.tar");
        var report = DataInspect.Run(new RunConfig { Inspect = new InspectConfig { Data = shards, SheetImages = 0, ShownPairs = 0 } },
            _folder, TestContext.Current.CancellationToken);
        Assert.Equal((7000, 0), (report.Data.Images, report.Data.Broken));
        var pair = Assert.Single(report.Duplicates[0].Images.Pairs);
        Assert.Equal(["2851198725_37b6027625", "3050606344_af711c726c"],
            new[] { pair.First.Key, pair.Second.Key }.Order(StringComparer.Ordinal));
        Assert.Equal(5, report.Data.Languages.Count);
    }

    /// <summary>An image with the structure of a photo: forty colored rectangles over each other.</summary>
    private static string Printed(InspectionReport report)
    {
        var output = new StringWriter();
        InspectionSummary.Print(report, new Screen(output));
        return output.ToString();
    }

    private static RgbImage Rectangles(int seed, int width, int height)
    {
        var random = new Random(seed);
        var image = new RgbImage(width, height, new byte[width * height * 3]);
        for (var i = 0; i < 40; i++)
        {
            var (left, top, right, bottom) = (random.Next(width), random.Next(height), random.Next(width), random.Next(height));
            byte[] color = [(byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256)];
            for (var place = 0; place < width * height; place++)
            {
                if (place % width >= Math.Min(left, right) && place % width <= Math.Max(left, right)
                    && place / width >= Math.Min(top, bottom) && place / width <= Math.Max(top, bottom))
                {
                    color.CopyTo(image.Pixels, place * 3);
                }
            }
        }
        return image;
    }

    private void Shard(string name, IEnumerable<(string Key, byte[] Image, string Caption)> samples) => _folder.Tar(
        name, TarEntryFormat.Ustar, [.. samples.SelectMany(sample =>
            new[] { ($"{sample.Key}.png", sample.Image), ($"{sample.Key}.txt", DataFolder.Bytes(sample.Caption)) })]);

    /// <summary>A text chunk and the end of a PNG: other bytes, the same pixels.</summary>
    private static byte[] Chunk()
    {
        byte[] content = [.. "tEXtComment\0copied"u8];
        var crc = System.IO.Hashing.Crc32.HashToUInt32(content);
        return [0, 0, 0, (byte)(content.Length - 4), .. content, (byte)(crc >> 24), (byte)(crc >> 16), (byte)(crc >> 8), (byte)crc, 0, 0,
            0, 0, .. "IEND"u8, 0xAE, 0x42, 0x60, 0x82];
    }
}
