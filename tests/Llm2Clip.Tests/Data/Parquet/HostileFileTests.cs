using System.Diagnostics;
using System.IO.Compression;
using Llm2Clip.Data.Parquet;
using static Llm2Clip.Tests.Data.Parquet.HandMadeParquet;

namespace Llm2Clip.Tests.Data.Parquet;

/// <summary>
/// Files that lie on purpose. Each is refused by name, at once, without memory for what it claims; the comments say what Parquet.Net 6.1
/// alone was seen to do with it.
/// </summary>
public sealed class HostileFileTests : IDisposable
{
    private const long MostBytes = 64 << 20;

    private static readonly HandMadeParquet TwoNumbers = new() { Pages = [Page(2, Longs(3, 4))] };
    private static readonly HandMadeParquet TwoOptional =
        TwoNumbers with { Repetition = 1, Pages = [Page(2, [.. Levels((2, 1)), .. Longs(3, 4)])] };

    private static readonly ThriftBytes Root = new ThriftBytes().Text(4, "root").Number(5, 1);
    private static readonly ThriftBytes Column = new ThriftBytes().Number(1, Number).Text(4, "c");

    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-hostile").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheSameFilesWithoutLiesAreRead()
    {
        Assert.Equal([[3L], [4L]], Read(TwoNumbers.File()));
        Assert.Equal([[3L], [4L]], Read(TwoOptional.File()));
        var indexed = TwoNumbers with
        {
            Values = 3,
            Rows = 3,
            Pages = [Dictionary(2, Longs(3, 4)), Page(3, [1, .. Varint(3), 0b101], encoding: 8)],
        };
        Assert.Equal([[4L], [3L], [4L]], Read(indexed.File()));
    }

    public static TheoryData<string, string> Footers => new()
    {
        // Ends the process: the stack overflows.
        { "nested", "nested deeper than 64" },
        // Reads past the end for ever.
        { "cut", "cut short" },
        // Asks for an array that no machine has.
        { "groups", "cut short" },
        { "negative length", "claims a footer of -1 bytes" },
        { "long length", "claims a footer of 2,147,483,647 bytes" },
        // Takes its content for fields of the footer.
        { "unknown structure", "a structure that is not known" },
        // Reads a text as a number, and goes on in the middle of it.
        { "other type", "is of type 8 where 6 was expected" },
        { "no name", "lacks one of its fields" },
        { "more columns", "more columns than it states" },
        { "negative rows", "states -5 rows" },
        { "no mark", "does not begin and end as Parquet does" },
    };

    [Theory]
    [MemberData(nameof(Footers))]
    public void Footer(string lie, string reason)
    {
        var valid = TwoNumbers.File();
        var file = lie switch
        {
            "nested" => (TwoNumbers with
            {
                Schema = [.. Enumerable.Repeat(Root, 200_000), Column],
            }).File(),
            "cut" => Whole(valid[..4], [.. new ThriftBytes().Number(1, 1).Head(2, 9).Bytes[..^1], 0xFF, 0xFF]),
            "groups" => Whole(valid[..4], new ThriftBytes().Number(1, 1).Structs(2).Long(3, 0).List(4, 12, int.MaxValue).Bytes),
            "negative length" => [.. valid[..^8], 0xFF, 0xFF, 0xFF, 0xFF, .. valid[^4..]],
            "long length" => [.. valid[..^8], 0xFF, 0xFF, 0xFF, 0x7F, .. valid[^4..]],
            "unknown structure" => (TwoNumbers with { Footer = footer => footer.Struct(12, new ThriftBytes().Long(1, 7)) }).File(),
            "other type" => (TwoNumbers with { Column = column => column.Text(10, "xxxx") }).File(),
            "no name" => (TwoNumbers with { Schema = [Root, new ThriftBytes().Number(1, Number)] }).File(),
            "more columns" => (TwoNumbers with { Schema = [Root, Column, Column] }).File(),
            "negative rows" => (TwoNumbers with { Rows = -5 }).File(),
            _ => [.. valid[..^1], (byte)'2'],
        };
        Refused(file, reason);
    }

    public static TheoryData<string, string> Pages => new()
    {
        { "negative size", "negative size" },
        { "beyond the file", "where" },
        { "outside", "contradicts itself" },
        { "no pages", "cut short" },
        // Gives what earlier pages left in memory.
        { "short", "a page of 2 values that holds 1" },
        { "short of optional", "a page of 2 values that holds 1" },
        { "short of indexes", "a page of 9 values that holds 8" },
        { "more values", "more than the 2 values that are stated" },
        { "fewer rows", "states 2 values for 3 rows" },
        // Takes 24 GB.
        { "run", "states 2,000,000,000 values" },
        { "levels beyond", "levels are beyond" },
        { "levels short", "does not say which of its 2 values are null" },
        { "levels long", "levels are larger than the page" },
        { "old levels", "BIT_PACKED" },
        // Takes 16 GB.
        { "dictionary", "a dictionary that does not hold its 2,000,000,000 entries" },
        { "two dictionaries", "a second dictionary" },
        { "no dictionary", "without a dictionary" },
        { "index", "index" },
        // Takes 4 GB.
        { "block", "an impossible header" },
        { "differences short", "cut short" },
        { "text", "claims 2,147,483,647 bytes" },
        { "repeated", "its lists are more than the rows" },
        { "unknown encoding", "encoding RLE, which is not read" },
        { "unknown codec", "compressed by LZO" },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public void PageOf(string lie, string reason) => Refused((lie switch
    {
        "negative size" => TwoNumbers with { Pages = [Page(0, [], packed: -20)] },
        "beyond the file" => TwoNumbers with { Pages = [Page(2, Longs(3, 4), packed: 5000, unpacked: 5000)] },
        "outside" => TwoNumbers with { Offset = 1 << 30 },
        "no pages" => TwoNumbers with { Pages = [] },
        "short" => TwoNumbers with { Pages = [Page(2, Longs(3))] },
        "short of optional" => TwoOptional with { Pages = [Page(2, [.. Levels((2, 1)), .. Longs(3)])] },
        "short of indexes" => TwoNumbers with
        {
            Values = 9,
            Rows = 9,
            Pages = [Dictionary(2, Longs(3, 4)), Page(9, [1, .. Varint(3), 0], encoding: 8)],
        },
        "more values" => TwoNumbers with { Pages = [Page(1, Longs(3)), Page(2, Longs(3, 4))] },
        "fewer rows" => TwoNumbers with { Rows = 3 },
        "run" => TwoOptional with
        {
            Values = 2_000_000_000,
            Rows = 2_000_000_000,
            Pages = [Page(2_000_000_000, Levels((2_000_000_000, 0)))],
        },
        "levels beyond" => TwoOptional with { Pages = [Page(2, [.. Levels((2, 3)), .. Longs(3, 4)])] },
        "levels short" => TwoOptional with { Pages = [Page(2, [.. Levels((1, 1)), .. Longs(3, 4)])] },
        "levels long" => TwoOptional with { Pages = [Page(2, [0xFF, 0xFF, 0, 0, 2, 1, .. Longs(3, 4)])] },
        "old levels" => TwoOptional with { Pages = [Page(2, [3, .. Longs(3, 4)], levels: 4)] },
        "dictionary" => TwoNumbers with
        {
            Pages = [Dictionary(2_000_000_000, Longs(3, 4)), Page(2, [1, .. Varint(4), 1], encoding: 8)],
        },
        "two dictionaries" => TwoNumbers with
        {
            Pages = [Dictionary(1, Longs(3)), Dictionary(1, Longs(3)), Page(2, [1, .. Varint(4), 0], encoding: 8)],
        },
        "no dictionary" => TwoNumbers with { Pages = [Page(2, [1, .. Varint(4), 0], encoding: 8)] },
        "index" => TwoNumbers with { Pages = [Dictionary(1, Longs(3)), Page(2, [8, .. Varint(4), 200], encoding: 8)] },
        "block" => TwoNumbers with { Pages = [Page(2, [.. Varint(1UL << 30), 1, 2, 0, 0, 0], encoding: 5)] },
        "differences short" => TwoNumbers with { Pages = [Page(2, [.. Varint(128), 4, 2, 0, 0, 64, 0, 0, 0], encoding: 5)] },
        "text" => TwoNumbers with { Type = ByteArray, Pages = [Page(2, [0xFF, 0xFF, 0xFF, 0x7F, 65, 0, 0, 0, 0])] },
        "repeated" => new HandMadeParquet
        {
            Type = Float, Repetition = 2, Values = 3, Pages = [Page(3, [.. Levels((3, 0)), .. Levels((3, 1)), .. new byte[12]])],
        },
        "unknown encoding" => TwoNumbers with { Pages = [Page(2, Longs(3, 4), encoding: 3)] },
        _ => TwoNumbers with { Codec = 3 },
    }).File(), reason);

    /// <summary>For four of these codecs Parquet.Net takes 2 GB, and of all it reads the page.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void APageThatClaimsTwoGigabytes(int codec) => Refused(
        (TwoNumbers with { Codec = codec, Pages = [Page(2, Packed(codec, Longs(3, 4)), unpacked: 2_000_000_000)] }).File(),
        "that claims to hold 2,000,000,000");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(7)]
    public void APageThatUnpacksToLess(int codec)
    {
        var two = TwoNumbers with { Codec = codec };
        Assert.Equal([[3L], [4L]], Read((two with { Pages = [Page(2, Packed(codec, Longs(3, 4)), unpacked: 16)] }).File()));
        Refused((two with { Pages = [Page(2, Packed(codec, Longs(3)), unpacked: 16)] }).File(), "");
        Refused((two with { Pages = [Page(2, [0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5], unpacked: 16)] }).File(), "");
    }

    /// <summary>Few bytes may stand for any number of long texts: the entries of a dictionary.</summary>
    [Fact]
    public void AListOfMoreTextThanIsReadAtOnce()
    {
        const int Items = 1000;
        byte[] text = [.. BitConverter.GetBytes(100_000), .. new byte[100_000]];
        var file = new HandMadeParquet
        {
            Type = ByteArray, IsText = true, Repetition = 2, Values = Items, Rows = 1,
            Pages =
            [
                Dictionary(1, text),
                Page(Items, [.. Levels((1, 0), (Items - 1, 1)), .. Levels((Items, 1)), 1, .. Varint(Items << 1), 0], encoding: 8),
            ],
        };
        Refused(file.File(), "holds 100,000,000 characters", MostBytes);
    }

    private static byte[] Packed(int codec, byte[] bytes)
    {
        var packed = new byte[200];
        using var stream = new MemoryStream();
        switch (codec)
        {
            case 1:
                return Snappier.Snappy.CompressToArray(bytes);
            case 2:
                using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
                {
                    gzip.Write(bytes);
                }
                return stream.ToArray();
            case 4:
                Assert.True(BrotliEncoder.TryCompress(bytes, packed, out var written));
                return packed[..written];
            case 5 or 7:
                return packed[..K4os.Compression.LZ4.LZ4Codec.Encode(bytes, packed)];
            case 6:
                using (var zstd = new ZstdSharp.Compressor())
                {
                    return zstd.Wrap(bytes).ToArray();
                }
            default:
                return bytes;
        }
    }

    private void Refused(byte[] file, string reason, long most = MostBytes)
    {
        var (before, clock) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
        var path = Path.Combine(_folder, "a.parquet");
        var message = Assert.Throws<ParquetException>(() => Read(file)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, most);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 20);
    }

    private List<object?[]> Read(byte[] file)
    {
        var path = Path.Combine(_folder, "a.parquet");
        File.WriteAllBytes(path, file);
        return [.. ParquetRows.Read(path, ["c"])];
    }
}
