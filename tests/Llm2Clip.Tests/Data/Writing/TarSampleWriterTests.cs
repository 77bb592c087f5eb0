using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Llm2Clip.Data;
using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Tests.Data.Writing;

/// <summary>Tars as webdataset and img2dataset expect them, read by System.Formats.Tar and by the tar of the system.</summary>
public sealed partial class TarSampleWriterTests : IDisposable
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];
    private static readonly byte[] Webp = [.. "RIFF"u8, 0, 0, 0, 0, .. "WEBP"u8, 1];
    private static readonly string LongKey = new('l', 150);

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void MembersStandTogetherWithPlainHeaders()
    {
        var members = Members(Write("a.tar", ("one", Png), ("a.b/c", Webp), (LongKey, [1, 2, 3]), ("Käse", [0xFF, 0xD8, 0xFF, 7])));
        Assert.Equal(
            [.. Names("one", "png"), .. Names("a%2Eb%2Fc", "webp"), .. Names(LongKey, "jpg"), .. Names("Käse", "jpg")],
                members.Select(member => member.Name));
        Assert.All(members, member =>
        {
            Assert.Equal((0, 0, DateTimeOffset.UnixEpoch), (member.Entry.Uid, member.Entry.Gid, member.Entry.ModificationTime));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                member.Entry.Mode);
            Assert.Equal(member.Name.StartsWith('l') || member.Name.StartsWith('K') ? TarEntryFormat.Pax : TarEntryFormat.Ustar,
                member.Entry.Format);
        });
        Assert.Equal(Webp, members[3].Content);
        Assert.Equal("caption of a.b/c", Encoding.UTF8.GetString(members[5].Content));
        using var json = JsonDocument.Parse(members[4].Content);
        Assert.Equal("a.b/c", json.RootElement.GetProperty("key").GetString());
        Assert.Equal("caption of a.b/c", json.RootElement.GetProperty("caption").GetString());
        Assert.Equal("lang", json.RootElement.GetProperty("captions").GetProperty("de").GetProperty("long")[0].GetString());
    }

    /// <summary>
    /// webdataset's own rule of what a sample is (webdataset 0.2, tariterators.base_plus_ext): neighbors with the same start of name.
    /// </summary>
    [Fact]
    public void EveryMemberBelongsToTheKeyThatWebdatasetReads()
    {
        var keys = new[] { "x.y.z", ".hidden", "dir/file", "a%b", "", "same", "same", "same~2", "..", "tab\there" };
        var members = Members(Write("a.tar", [.. keys.Select(key => (key, Png))]));
        var found = members.Select(member => WebdatasetName().Match(member.Name)).ToList();
        Assert.All(found, match => Assert.True(match.Success));
        Assert.Equal(keys.Length, found.Select(match => match.Groups[1].Value).Distinct().Count());
        Assert.All(found.Chunk(3), sample =>
        {
            Assert.Single(sample.Select(match => match.Groups[1].Value).Distinct());
            Assert.Equal(["png", "json", "txt"], sample.Select(match => match.Groups[2].Value));
        });
    }

    [Fact]
    public void HeaderFieldsStandWhereTheStandardHasThem()
    {
        var header = File.ReadAllBytes(Write("a.tar", ("k", Enumerable.Repeat((byte)1, 600).ToArray()))).AsSpan(0, 512).ToArray();
        Assert.Equal("k.jpg\0", Text(header, 0, 6));
        // Mode, user, group, size 600, time
        Assert.Equal("0000644\00000000\00000000\0" + "00000001130\0" + "00000000000\0", Text(header, 100, 48));
        Assert.Equal("0", Text(header, 156, 1));
        Assert.Equal("ustar\0" + "00", Text(header, 257, 8));
        var sum = header.Select((value, at) => at is >= 148 and < 156 ? (int)' ' : value).Sum();
        Assert.Equal(System.Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ", Text(header, 148, 8));
    }

    [Fact]
    public void TheSystemsTarListsAndUnpacksIt()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/tar") || File.Exists("/bin/tar"), "This system has no tar.");
        var path = Write("a.tar", ("one", Png), (LongKey, [1, 2, 3]), ("Käse", Webp));
        var start = new System.Diagnostics.ProcessStartInfo("tar", ["-xvf", path, "-C", _folder.Path])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true
        };
        using var tar = System.Diagnostics.Process.Start(start)!;
        tar.StandardOutput.ReadToEnd();
        Assert.Equal("", tar.StandardError.ReadToEnd());
        tar.WaitForExit();
        Assert.Equal(0, tar.ExitCode);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_folder[LongKey + ".jpg"]));
        Assert.Equal(Webp, File.ReadAllBytes(_folder["Käse.webp"]));
    }

    [Fact]
    public void WithoutCompleteNothingIsLeft()
    {
        using (var writer = new TarSampleWriter(_folder["a.tar"]))
        {
            writer.Add(Sample("k"), Png);
        }
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void VeryLongKeysAreCutAndStayApart()
    {
        var (a, b) = (new string('ä', 300) + "1", new string('ä', 300) + "2");
        var names = new SampleNames();
        var (first, second) = (names.Next(a), names.Next(b));
        Assert.NotEqual(first, second);
        Assert.All([first, second], name => Assert.InRange(Encoding.UTF8.GetByteCount(name), 100, 200));
        Assert.Equal(first, new SampleNames().Next(a));
    }

    private string Write(string name, params (string Key, byte[] Image)[] samples)
    {
        using var writer = new TarSampleWriter(_folder[name]);
        foreach (var (key, image) in samples)
        {
            writer.Add(Sample(key), image);
        }
        writer.Complete();
        return _folder[name];
    }

    private static Sample Sample(string key) => new(
        key, key, [new Caption("caption of " + key, "en", CaptionKind.Short), new Caption("lang", "de", CaptionKind.Long)],
            new MemoryImage(Png));

    private static List<(string Name, byte[] Content, PosixTarEntry Entry)> Members(string path)
    {
        using var reader = new TarReader(File.OpenRead(path));
        var members = new List<(string, byte[], PosixTarEntry)>();
        while (reader.GetNextEntry() is { } entry)
        {
            var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            members.Add((entry.Name, content.ToArray(), (PosixTarEntry)entry));
        }
        return members;
    }

    private static string[] Names(string key, string extension) => [$"{key}.{extension}", $"{key}.json", $"{key}.txt"];

    private static string Text(byte[] header, int at, int length) => Encoding.ASCII.GetString(header, at, length);

    [GeneratedRegex("^((?:.*/|)[^.]+)[.]([^/]*)$")]
    private static partial Regex WebdatasetName();
}
