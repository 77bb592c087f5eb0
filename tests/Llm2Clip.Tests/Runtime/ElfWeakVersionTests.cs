using Llm2Clip.Runtime;

namespace Llm2Clip.Tests.Runtime;

public class ElfWeakVersionTests
{
    private const string New = "GLIBCXX_3.4.32";
    private static readonly HashSet<string> Old = ["GLIBCXX_3.4", "GLIBCXX_3.4.30"];

    [Fact]
    public void InTheRealFileTwoPlacesChange()
    {
        var file = PackageFile.TorchSharp();
        var sections = new ElfSections(file);
        var needs = sections.Needs(ElfWeakVersion.Library);
        var info = Assert.Single(sections.InfoOf(ElfWeakVersion.NeverCalled));
        Assert.Equal(0, file[needs[New].FlagsAt]);
        Assert.Equal(1, file[info] >> 4);

        var patched = ElfWeakVersion.Make(file, needs.Keys.Where(version => version != New).ToHashSet());

        Assert.NotNull(patched);
        int[] changed = [.. Enumerable.Range(0, file.Length).Where(i => patched[i] != file[i])];
        Assert.Equal([info, needs[New].FlagsAt], changed);
        Assert.Equal(2, patched[needs[New].FlagsAt]);
        Assert.Equal(2, patched[info] >> 4);
        Assert.Equal(file[info] & 0xF, patched[info] & 0xF);
    }

    [Fact]
    public void WhatTheRealFileNeedsIsReadAsReadelfReadsIt()
    {
        var file = PackageFile.TorchSharp();
        var expected = new ElfSections(file).Needs(ElfWeakVersion.Library);
        var read = new ElfImage(file).NeededVersions().Where(need => need.Library == ElfWeakVersion.Library).ToList();
        Assert.Equal(expected.Keys.Order(), read.Select(need => need.Version).Order());
        Assert.All(read, need => Assert.Equal(expected[need.Version], (need.FlagsAt, need.Index)));
        Assert.DoesNotContain(read, need => need.IsWeak);
    }

    [Fact]
    public void NothingIsChangedWhereNothingIsLacking()
    {
        var file = PackageFile.TorchSharp();
        var all = new ElfSections(file).Needs(ElfWeakVersion.Library).Keys.ToHashSet();
        Assert.Null(ElfWeakVersion.Make(file, all));
        all.Remove(New);
        Assert.Null(ElfWeakVersion.Make(ElfWeakVersion.Make(file, all)!, all));
    }

    [Fact]
    public void ARealFileThatNeedsMoreIsRefused()
    {
        var file = PackageFile.TorchSharp();
        var all = new ElfSections(file).Needs(ElfWeakVersion.Library).Keys;
        var oldest = all.Where(version => version is not (New or "GLIBCXX_3.4.29")).ToHashSet();
        var error = Assert.Throws<ElfException>(() => ElfWeakVersion.Make(file, oldest));
        Assert.Matches("^it needs GLIBCXX_3.4.(29|32), GLIBCXX_3.4.(29|32) of libstdc\\+\\+.so.6 for _Z\\w+$", error.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BothTablesOfSymbolsAreRead(bool oldHash)
    {
        (string, string)[] imports = [("puts", "GLIBCXX_3.4"), (ElfWeakVersion.NeverCalled, New)];
        var file = new TinyElf { Imports = imports, Called = "puts", OldHash = oldHash }.Build();
        var patched = ElfWeakVersion.Make(file, Old);
        Assert.Equal(2, Enumerable.Range(0, file.Length).Count(i => patched![i] != file[i]));
        Assert.Empty(ElfWeakVersion.Lacking(new ElfImage(patched), Old));
    }

    [Fact]
    public void ASecondSymbolOfTheVersionIsRefused() =>
        Assert.Equal(
            $"it needs {New} of libstdc++.so.6 for _Zother",
            Refusal(new TinyElf { Imports = [(ElfWeakVersion.NeverCalled, New), ("_Zother", New)] }));

    [Fact]
    public void AnotherLackingVersionIsRefused() =>
        Assert.Equal(
            $"it needs {New}, GLIBCXX_3.4.33 of libstdc++.so.6 for _Zother",
            Refusal(new TinyElf { Imports = [(ElfWeakVersion.NeverCalled, New), ("_Zother", "GLIBCXX_3.4.33")] }));

    [Fact]
    public void AVersionThatNoSymbolIsBoundToIsRefused() =>
        Assert.Equal(
            $"it needs {New} of libstdc++.so.6, but names 0 symbols for it; it must be one",
            Refusal(new TinyElf { Imports = [("puts", "GLIBCXX_3.4")], MoreVersions = [New] }));

    [Fact]
    public void ASymbolThatIsCalledIsRefused() =>
        Assert.Equal(
            $"it needs {New} of libstdc++.so.6, as it calls {ElfWeakVersion.NeverCalled}",
            Refusal(new TinyElf { Imports = [(ElfWeakVersion.NeverCalled, New)], Called = ElfWeakVersion.NeverCalled }));

    [Fact]
    public void AFileWithoutTheVersionStaysAsItIs()
    {
        Assert.Null(ElfWeakVersion.Make(new TinyElf { Imports = [("puts", "GLIBCXX_3.4")] }.Build(), Old));
        Assert.Null(ElfWeakVersion.Make(new TinyElf { Imports = [] }.Build(), Old));
    }

    [Fact]
    public void VersionsOfOtherLibrariesAreLeftAlone() =>
        Assert.Null(ElfWeakVersion.Make(new TinyElf { Imports = [("f", "GLIBC_9")], Library = "libc.so.6" }.Build(), Old));

    private static string Refusal(TinyElf elf) => Assert.Throws<ElfException>(() => ElfWeakVersion.Make(elf.Build(), Old)).Message;
}
