using System.Formats.Tar;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>WebDataset shards, plain, packed and streamed, and tars of caption vectors.</summary>
internal static class TarFormats
{
    private const int Block = 512;
    private static readonly Regex Place = new(@"at byte \d+|near byte|cannot be read|holds no|occurs twice|: \S+\.\S+");

    public static IReadOnlyList<FuzzFormat> All { get; } =
    [
        new("tar", Plain, damaged => FuzzFiles.ReadAll(damaged)) { Mend = (_, bytes) => WithChecksums(bytes), Place = Place, Cases = 1000 },
        new("tar-gz", Packed, damaged => FuzzFiles.ReadAll(damaged)) { Mend = MendPacked, Place = Place, Cases = 600 },
        new("tar-stream", Plain, damaged => FuzzFiles.ReadAll(damaged, $"pipe:cat {damaged.Path}")) { Mend = (_, bytes) =>
            WithChecksums(bytes), Place = Place, Cases = 150 },
        new("text-embeddings", Vectors, damaged => TextEmbeddingTars.Import(
            [Path.Combine(damaged.Folder, "x_text_embeddings.tar")], null, damaged.Output, "t", VectorType.Fp16, SilentLog.Instance))
            { Mend = (_, bytes) => WithChecksums(bytes), Cases = 300 },
    ];

    private static string[] Plain(string folder)
    {
        FuzzFiles.Shard(Path.Combine(folder, "ustar.tar"), TarEntryFormat.Ustar);
        FuzzFiles.Shard(Path.Combine(folder, "gnu.tar"), TarEntryFormat.Gnu, new string('g', 120));
        FuzzFiles.Shard(Path.Combine(folder, "pax.tar"), TarEntryFormat.Pax, new string('狗', 60));
        return ["ustar.tar", "gnu.tar", "pax.tar"];
    }

    private static string[] Packed(string folder)
    {
        foreach (var name in Plain(folder))
        {
            File.WriteAllBytes(Path.Combine(folder, name + ".gz"), Pack(File.ReadAllBytes(Path.Combine(folder, name))));
            File.Delete(Path.Combine(folder, name));
        }
        return ["ustar.tar.gz", "gnu.tar.gz", "pax.tar.gz"];
    }

    private static string[] Vectors(string folder)
    {
        FuzzFiles.Tar(Path.Combine(folder, "x.tar"), TarEntryFormat.Ustar, [.. Enumerable.Range(0, 3).Select(i =>
            ($"k{i}.json", DataFolder.Bytes($$"""{"shortSV_captions": "short {{i}}", "longSV_captions": ["long {{i}}"]}""")))]);
        FuzzFiles.Tar(Path.Combine(folder, "x_text_embeddings.tar"), TarEntryFormat.Ustar, [.. Enumerable.Range(0, 3).SelectMany(i => new[]
        {
            ($"k{i}.shortSV_captions", new byte[16]), ($"k{i}.longSV_captions", new byte[16]),
        })]);
        return ["x.tar", "x_text_embeddings.tar"];
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return memory.ToArray();
    }

    /// <summary>The same damage to the packed bytes would seldom get past the checksum: here the tar inside is what was damaged.</summary>
    private static byte[] MendPacked(byte[] valid, byte[] damaged)
    {
        using var unpacked = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(valid), CompressionMode.Decompress))
        {
            gzip.CopyTo(unpacked);
        }
        var tar = unpacked.ToArray();
        var length = Math.Min(damaged.Length, valid.Length);
        for (var i = 0; i < length; i++)
        {
            // Where the packed bytes differ, so shall headers of the tar.
            if (damaged[i] != valid[i])
            {
                tar[(i * 37) % tar.Length] = damaged[i];
            }
        }
        return Pack(WithChecksums(damaged.Length < valid.Length ? tar[..(int)((long)tar.Length * damaged.Length / valid.Length)] : tar));
    }

    /// <summary>Gives every block that looks like a header its checksum.</summary>
    private static byte[] WithChecksums(byte[] bytes)
    {
        bytes = [.. bytes];
        for (var at = 0; at + Block <= bytes.Length; at += Block)
        {
            var header = bytes.AsSpan(at, Block);
            if (!header.Slice(257, 5).SequenceEqual("ustar"u8))
            {
                continue;
            }
            header.Slice(148, 8).Fill((byte)' ');
            var sum = 0;
            foreach (var value in header)
            {
                sum += value;
            }
            System.Text.Encoding.ASCII.GetBytes(System.Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
        }
        return bytes;
    }
}
