using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Llm2Clip.Runtime;

namespace Llm2Clip.Tests.Runtime;

/// <summary>
/// Damaged files are refused by <see cref="ElfException"/>, or patched as far as they are sound; nothing else comes out of them.
/// </summary>
public class ElfDamageTests
{
    private static readonly HashSet<string> Old = ["GLIBCXX_3.4"];
    private static readonly byte[] Tiny =
        new TinyElf { Imports = [("puts", "GLIBCXX_3.4"), (ElfWeakVersion.NeverCalled, "GLIBCXX_3.4.32")], Called = "puts" }.Build();

    [Theory]
    [InlineData("", "it is cut off")]
    [InlineData("#!/bin/sh and so on, longer than the header of an ELF file is, by a little", "it is not an ELF file")]
    public void OtherFilesAreRefused(string text, string reason) =>
        Assert.StartsWith(reason, Refusal(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData(4, 1)]
    [InlineData(5, 2)]
    public void OtherWidthsAndByteOrdersAreRefused(int at, byte value)
    {
        var file = Tiny.ToArray();
        file[at] = value;
        Assert.Equal("it is not a 64-bit little-endian ELF file", Refusal(file));
    }

    [Fact]
    public void EveryCutOfASmallFileIsNoticed()
    {
        for (var length = 0; length < Tiny.Length; length++)
        {
            var file = Tiny[..length];
            Assert.Throws<ElfException>(() => ElfWeakVersion.Make(file, Old));
        }
    }

    [Fact]
    public void CutsOfTheRealFileAreNoticed()
    {
        var file = PackageFile.TorchSharp();
        var random = new System.Random(5);
        var headers = Enumerable.Range(0, 64 + (10 * 56));
        var tables = Enumerable.Range(0, 200).Select(_ => random.Next(0x50000));
        foreach (var length in headers.Concat(tables))
        {
            Assert.Throws<ElfException>(() => ElfWeakVersion.Make(file.AsMemory(0, length), Old));
        }
    }

    [Fact]
    public void DamageEndsInARefusalOrAPatch()
    {
        var change = Gen.Zip(Gen.Choose(0, Tiny.Length - 1), Gen.Elements<byte>(0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF));
        var damage = change.ListOf().Where(list => list.Count > 0);
        Prop.ForAll(damage.ToArbitrary(), list =>
        {
            var file = Tiny.ToArray();
            foreach (var (at, value) in list)
            {
                file[at] = value;
            }
            return IsRefusedOrPatched(file);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
    }

    [Fact]
    public void EveryByteOfASmallFileMayBeAnything()
    {
        foreach (var value in new byte[] { 0, 1, 0x10, 0x7F, 0x80, 0xFF })
        {
            for (var at = 0; at < Tiny.Length; at++)
            {
                var file = Tiny.ToArray();
                file[at] = value;
                Assert.True(IsRefusedOrPatched(file), $"byte {at} = {value}");
            }
        }
    }

    private static string Refusal(byte[] file) => Assert.Throws<ElfException>(() => ElfWeakVersion.Make(file, Old)).Message;

    /// <summary>True, or the exception that must not come.</summary>
    private static bool IsRefusedOrPatched(byte[] file)
    {
        try
        {
            var patched = ElfWeakVersion.Make(file, Old);
            return patched is null
                || (patched.Length == file.Length && Enumerable.Range(0, file.Length).Count(i => patched[i] != file[i]) <= 3);
        }
        catch (ElfException)
        {
            return true;
        }
    }
}
