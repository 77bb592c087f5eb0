using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Llm2Clip.Data;

namespace Llm2Clip.Tests.Data;

public sealed class WebDatasetSourceTests : IDisposable
{
    private static readonly byte[] Jpeg = DataFolder.Image(1);
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public void EveryTarFormatGivesItsSamples(TarEntryFormat format)
    {
        var longKey = format == TarEntryFormat.V7 ? "short" : format == TarEntryFormat.Ustar ? new string('d', 120) + "/key"
            : new string('ä', 180);
        _folder.Tar("a.tar", format, (longKey + ".jpg", Jpeg), (longKey + ".txt", DataFolder.Bytes(" ein Bild ")), ("b.png", [1, 2, 3]),
            ("b.json", Json("""{"caption": "b"}""")));
        var samples = _folder.ReadAll("a.tar");
        Assert.Equal([longKey, "b"], samples.Select(sample => sample.Key));
        Assert.Equal(new Caption("ein Bild", "en", CaptionKind.Short), Assert.Single(samples[0].Captions));
        Assert.Equal(Jpeg, samples[0].Image.Read());
        Assert.Equal([1, 2, 3], samples[1].Image.Read());
        Assert.Contains("a.tar", samples[0].Origin);
    }

    [Fact]
    public void GzipShardsGiveTheSame()
    {
        _folder.Shard("a.tar", "k", 5);
        Pack("a.tar", "b.tar.gz");
        var (plain, gzip) = (_folder.ReadAll("a.tar"), _folder.ReadAll("b.tar.gz"));
        Assert.Equal(plain.Select(sample => sample.Key), gzip.Select(sample => sample.Key));
        Assert.Equal(plain[3].Image.Read(), gzip[3].Image.Read());
    }

    /// <summary>64 MB of zeros in a file of 64 KB: what is not asked for is not unpacked.</summary>
    [Fact]
    public void GzipShardsAreUnpackedSampleBySample()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar,
            [.. Enumerable.Range(0, 64).SelectMany(i =>
            new[] { ($"{i}.jpg", new byte[1 << 20]), ($"{i}.txt", DataFolder.Bytes($"caption {i}")) })]);
        Pack("a.tar", "a.tar.gz");
        var source = Datasets.Open(_folder["a.tar.gz"], new DataConfig(), _folder);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(1 << 20, source.ReadShard(0, _ => { }, TestContext.Current.CancellationToken).First().Image.Read().Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
        Assert.Equal(64, source.ReadShard(0, _ => { }, TestContext.Current.CancellationToken).Count());
    }

    [Fact]
    public void AGzipShardSaysWhatIsWrongWithIt()
    {
        _folder.Shard("a.tar", "k", 50);
        Pack("a.tar", "a.tar.gz");
        var packed = File.ReadAllBytes(_folder["a.tar.gz"]);
        File.WriteAllBytes(_folder["cut.tar.gz"], packed[..(packed.Length / 2)]);
        Assert.Contains("cut.tar.gz: ", Assert.Throws<InputException>(() => _folder.ReadAll("cut.tar.gz")).Message);
        File.WriteAllBytes(_folder["joined.tar.gz"], [.. packed, .. packed]);
        Assert.Contains("joined.tar.gz: data follows the end of the archive",
            Assert.Throws<InputException>(() => _folder.ReadAll("joined.tar.gz")).Message);
        packed.AsSpan(packed.Length / 2, 64).Fill(0xA5);
        File.WriteAllBytes(_folder["bad.tgz"], packed);
        Assert.Contains("bad.tgz: ", Assert.Throws<InputException>(() => _folder.ReadAll("bad.tgz")).Message);
        _folder.Tar("apart.tar", TarEntryFormat.Ustar, ("1.jpg", Jpeg), ("2.jpg", Jpeg), ("2.txt", DataFolder.Bytes("two")),
            ("1.txt", DataFolder.Bytes("one")));
        Pack("apart.tar", "apart.tgz");
        Assert.Contains("max_bad_share", Assert.Throws<InputException>(() => _folder.ReadAll("apart.tgz")).Message);
        Assert.Contains(_folder.Lines, line =>
            line.Contains("1.txt: is apart from the other members of its sample, which a streamed or gzip tar must hold side by side",
            StringComparison.Ordinal));
    }

    /// <summary>Of tars joined with cat the second would be lost; zeros behind an archive are harmless.</summary>
    [Fact]
    public void JoinedTarsAreRefusedAndZerosAreNot()
    {
        var one = File.ReadAllBytes(_folder.Shard("a.tar", "k", 3));
        File.WriteAllBytes(_folder["joined.tar"], [.. one, .. one]);
        File.WriteAllBytes(_folder["zeros.tar"], [.. one, .. new byte[100_000]]);
        File.WriteAllBytes(_folder["late.tar"], [.. one, .. new byte[100_000], 1]);
        foreach (var name in new[] { "joined.tar", "late.tar" })
        {
            Assert.Contains($"{name}: data follows the end of the archive (near byte ",
                Assert.Throws<InputException>(() => _folder.ReadAll(name)).Message);
        }
        Assert.Equal(3, _folder.ReadAll("zeros.tar").Count);
    }

    /// <summary>A caption of 32 MB is refused by its header, and not taken into memory first.</summary>
    [Fact]
    public void ACaptionOfAGzipShardThatIsTooLongIsNotUnpacked()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", Jpeg), ("1.txt", new byte[32 << 20]), ("2.jpg", Jpeg),
            ("2.txt", DataFolder.Bytes("two")));
        Pack("a.tar", "a.tar.gz");
        var source = Datasets.Open(_folder["a.tar.gz"], new DataConfig(), _folder);
        var bad = new List<BadSample>();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("2", Assert.Single(source.ReadShard(0, bad.Add, TestContext.Current.CancellationToken)).Key);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
        Assert.Contains("captions of more than", Assert.Single(bad).Reason);
    }

    [Fact]
    public void MembersNeedNotStandTogether()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("./1.jpg", Jpeg), ("./2.jpg", Jpeg), ("2.json", Json("""{"caption": "two"}""")),
            ("1.seg.png", [0]), ("1.JSON", Json("""{"caption": "one"}""")));
        Assert.Equal(["one", "two"], _folder.ReadAll("a.tar").Select(sample => sample.Captions[0].Text));
    }

    [Theory]
    [InlineData("""{"captions": {"en": ["a", "b"], "zh-mt": "c"}}""", "a/en/Short b/en/Short c/zh-mt/Short")]
    [InlineData("""{"captions": {"de": {"long": ["a"], "short": "b"}}}""", "a/de/Long b/de/Short")]
    [InlineData("""{"captions": ["a", null, "b"]}""", "a/en/Short b/en/Short")]
    [InlineData("""{"caption": "a", "url": "u", "key": "0"}""", "a/en/Short")]
    public void CaptionForms(string json, string expected)
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", Jpeg), ("1.json", Json(json)), ("1.txt", DataFolder.Bytes("text")));
        var captions = Assert.Single(_folder.ReadAll("a.tar")).Captions;
        Assert.Equal(expected, string.Join(' ', captions.Select(caption => $"{caption.Text}/{caption.Language}/{caption.Kind}")));
    }

    [Fact]
    public void ConfiguredKeysAloneAreRead()
    {
        var config = new DataConfig
        {
            Language = "fr",
            Kind = CaptionKind.Raw,
            CaptionKeys = [new CaptionKey { Key = "dense", Language = "en", Kind = CaptionKind.Long }, new CaptionKey { Key = "txt" },
                new CaptionKey { Key = "absent" }],
        };
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", Jpeg), ("1.json", Json("""{"dense": ["a", "b"], "caption": "no"}""")),
            ("1.txt", DataFolder.Bytes("t")));
        var captions = Assert.Single(_folder.ReadAll("a.tar", config)).Captions;
        Assert.Equal([new("a", "en", CaptionKind.Long), new("b", "en", CaptionKind.Long), new Caption("t", "fr", CaptionKind.Raw)],
            captions);
    }

    [Theory]
    [InlineData("""{"url": "x"}""", "no caption (looked for captions, caption, txt, text, texts, sentences, title, description, alt_text; its JSON has url). Name its field with data.caption_keys")]
    [InlineData("""{"captions": {"en": []}}""", "no caption")]
    [InlineData("""{"captions": {"en": ["", "  "]}}""", "captions.en[0] is empty")]
    [InlineData("""{"captions": {"en": [5]}}""", "captions.en[0] is a number")]
    [InlineData("""{"captions": {"en": {"middle": "x"}}}""", "captions.en.middle is not a caption kind")]
    [InlineData("""{"captions": 3}""", "captions is a number")]
    [InlineData("""["a"]""", "not an object but a list")]
    [InlineData("""{"caption": "a" """, "its captions cannot be read")]
    [InlineData("""{"caption": "\ud800"}""", "its captions cannot be read")]
    public void BadCaptionsAreNamedAndPastTheShareTheRunStops(string json, string reason)
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("good.jpg", Jpeg), ("good.txt", DataFolder.Bytes("x")), ("bad.jpg", Jpeg),
            ("bad.json", Json(json)));
        Assert.Equal("good", Assert.Single(_folder.ReadAll("a.tar", new DataConfig { MaxBadShare = 0.5 })).Key);
        Assert.Contains(_folder.Lines, line => line.Contains("a.tar: bad: ") && line.Contains(reason));
        var error = Assert.Throws<InputException>(() => _folder.ReadAll("a.tar"));
        Assert.Contains("1 of 2 records are bad", error.Message);
        Assert.Contains(reason, error.Message);
        Assert.Equal(3, error.ExitCode);
    }

    [Fact]
    public void OneEmptyCaptionIsARemarkNotABadSample()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", Jpeg), ("1.json", Json("""{"captions": {"en": ["", "b"]}}""")));
        Assert.Equal("b", Assert.Single(Assert.Single(_folder.ReadAll("a.tar")).Captions).Text);
        Assert.Contains(_folder.Lines, line => line.Contains("captions.en[0] is empty"));
    }

    [Theory]
    [InlineData("../x.jpg")]
    [InlineData("a/../../x.jpg")]
    [InlineData("/etc/x.jpg")]
    public void NamesThatPointOutsideAreRefused(string name)
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("y.jpg", Jpeg), ("y.txt", DataFolder.Bytes("t")), (name, Jpeg));
        var error = Assert.Throws<InputException>(() => _folder.ReadAll("a.tar"));
        Assert.Contains("points outside the archive", error.Message);
        Assert.Contains(name, error.Message);
    }

    [Fact]
    public void MissingPartsAndDuplicatesAreNamed()
    {
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", Jpeg), ("2.txt", DataFolder.Bytes("t")), ("3.jpg", Jpeg),
            ("3.txt", DataFolder.Bytes("first")), ("3.txt", DataFolder.Bytes("second")));
        _folder.Tar("b.tar", TarEntryFormat.Ustar, ("3.jpg", Jpeg), ("3.txt", DataFolder.Bytes("again")));
        var samples = _folder.ReadAll("[ab].tar", new DataConfig { MaxBadShare = 1 });
        Assert.Equal(["first", "again"], samples.Select(sample => sample.Captions[0].Text));
        Assert.Contains(_folder.Lines, line => line.Contains("a.tar: 1: no caption"));
        Assert.Contains(_folder.Lines, line => line.Contains("a.tar: 2: has no image"));
        Assert.Contains(_folder.Lines, line => line.Contains("a.tar: 3.txt: occurs twice"));
        Assert.Contains(_folder.Lines, line => line.Contains("1 samples have a key that another sample has"));
    }

    [Fact]
    public void ATarCutAnywhereIsAnErrorWithShardAndOffsetOrARemark()
    {
        _folder.Shard("a.tar", "k", 3);
        var whole = File.ReadAllBytes(_folder["a.tar"]);
        var end = whole.Length;
        while (whole.AsSpan(end - 512, 512).IndexOfAnyExcept((byte)0) < 0)
        {
            end -= 512;
        }
        for (var cut = 1; cut < end; cut += 97)
        {
            File.WriteAllBytes(_folder["b.tar"], whole[..cut]);
            var before = _folder.Lines.Count;
            var error = Record.Exception(() => _folder.ReadAll("b.tar", new DataConfig { MaxBadShare = 1 }));
            if (error is null)
            {
                // Cut exactly between members: all that stands there is whole, and the missing end is remarked.
                Assert.Contains(_folder.Lines.Skip(before), line => line.Contains("end-of-archive"));
                continue;
            }
            Assert.IsType<InputException>(error);
            Assert.Matches(@"b\.tar: damaged tar at byte \d+: .*cut short", error.Message);
        }
    }

    [Fact]
    public void HostileHeadersAreErrorsNotCrashes()
    {
        _folder.Shard("a.tar", "k", 2);
        var whole = File.ReadAllBytes(_folder["a.tar"]);
        var random = new Random(5);
        for (var round = 0; round < 500; round++)
        {
            var damaged = (byte[])whole.Clone();
            var header = random.Next(2) == 0 ? 0 : 512 + (int)((long)Jpeg.Length / 512 * 512);
            for (var i = 0; i < 1 + round % 4; i++)
            {
                damaged[Math.Min(damaged.Length - 1, header + random.Next(512))] = (byte)random.Next(256);
            }
            if (round % 2 == 0)
            {
                Checksum(damaged);
            }
            File.WriteAllBytes(_folder["b.tar"], damaged);
            var error = Record.Exception(() =>
                _folder.ReadAll("b.tar", new DataConfig { MaxBadShare = 1 }).ForEach(sample => sample.Image.Read()));
            Assert.True(error is null or InputException, error?.ToString());
        }
    }

    [Theory]
    [InlineData("77777777777", "cut short")]
    [InlineData("0000000zzzz", "not octal")]
    public void ALyingSizeIsAnError(string size, string message)
    {
        _folder.Shard("a.tar", "k", 1);
        var tar = File.ReadAllBytes(_folder["a.tar"]);
        Encoding.ASCII.GetBytes(size, tar.AsSpan(124));
        Checksum(tar);
        File.WriteAllBytes(_folder["a.tar"], tar);
        Assert.Contains(message, Assert.Throws<InputException>(() => _folder.ReadAll("a.tar")).Message);
    }

    [Fact]
    public void OtherFilesAreNotTars()
    {
        File.WriteAllBytes(_folder["a.tar"], Jpeg.Concat(Jpeg).ToArray());
        Assert.Contains("not a tar file", Assert.Throws<InputException>(() => _folder.ReadAll("a.tar")).Message);
        File.WriteAllBytes(_folder["b.tgz"], Jpeg);
        Assert.Contains("b.tgz: cannot be read", Assert.Throws<InputException>(() => _folder.ReadAll("b.tgz")).Message);
    }

    private void Pack(string tar, string into)
    {
        using var packed = new GZipStream(File.Create(_folder[into]), CompressionLevel.Fastest);
        packed.Write(File.ReadAllBytes(_folder[tar]));
    }

    private static byte[] Json(string text) => DataFolder.Bytes(text);

    private static void Checksum(byte[] tar)
    {
        tar.AsSpan(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var value in tar.AsSpan(0, 512))
        {
            sum += value;
        }
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ", tar.AsSpan(148));
    }
}
