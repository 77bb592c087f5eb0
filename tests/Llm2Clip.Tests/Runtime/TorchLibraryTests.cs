using System.Runtime.InteropServices;
using Llm2Clip.Runtime;
using Llm2Clip.Tests.Teachers;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Runtime;

[Collection("Loaded libraries")]
public sealed class TorchLibraryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TorchSharpComputes()
    {
        using var scope = NewDisposeScope();
        var left = tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } }, requires_grad: true);
        var right = tensor(new float[,] { { 7, 8 }, { 9, 10 }, { 11, 12 } }, requires_grad: true);
        var product = left.matmul(right);
        Assert.Equal([58, 64, 139, 154], product.data<float>().ToArray());
        product.sum().backward();
        Assert.Equal([15, 19, 23, 15, 19, 23], left.grad!.data<float>().ToArray());
        Assert.Equal([5, 5, 7, 7, 9, 9], right.grad!.data<float>().ToArray());
    }

    [Fact]
    public void WhatIsLoadedIsTheCopyExactlyWhereTheRuntimeIsOlder()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux may need the copy.");
        var state = TorchRuntime.Ready();
        var runtime = CxxRuntime.Find();
        var needs = new ElfSections(PackageFile.TorchSharp()).Needs(ElfWeakVersion.Library).Keys;
        Assert.Equal(!needs.All(runtime.Versions.Contains), state.Library.Patch.Applied);
        Assert.Equal(state.Library.Patch.Applied, state.Library.File != PackageFile.Path("libLibTorchSharp.so"));
        Assert.Equal(state.Library.File, LoadedFiles.Find("libLibTorchSharp"));
    }

    [Fact]
    public void TheRuntimesVersionsAreThoseOfTheLoadedFile()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has the GNU C++ runtime.");
        var runtime = CxxRuntime.Find();
        Assert.Contains("GLIBCXX_3.4", runtime.Versions);
        Assert.Contains("CXXABI_1.3", runtime.Versions);
        // The symbol came with its version, and the loader knows which symbols there are.
        var hasSymbol = NativeLibrary.TryGetExport(NativeLibrary.Load(runtime.File), ElfWeakVersion.NeverCalled, out _);
        Assert.Equal(hasSymbol, runtime.Versions.Contains("GLIBCXX_3.4.32"));
        Assert.Equal(hasSymbol, Version.Parse(runtime.Newest) >= new Version(3, 4, 32));
    }

    [Fact]
    public void AFileThatCannotBeMendedSaysWhatToDo()
    {
        var source = _folder.File("libLibTorchSharp.so");
        File.WriteAllBytes(source, new TinyElf { Imports = [("_Zother", "GLIBCXX_3.4.99")] }.Build());
        var runtime = new CxxRuntime("/lib/libstdc++.so.6", new HashSet<string> { "GLIBCXX_3.4.9", "GLIBCXX_3.4.30" });
        var error = Assert.Throws<RunException>(() => TorchLibrary.Patched(source, runtime));
        Assert.StartsWith(
            $"{source} cannot be used with /lib/libstdc++.so.6, which ends at GLIBCXX_3.4.30: "
            + "it needs GLIBCXX_3.4.99 of libstdc++.so.6 for _Zother. Use a system",
            error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingFileIsNamed()
    {
        var source = _folder.File("absent.so");
        var error = Assert.Throws<RunException>(() => TorchLibrary.Patched(source, new CxxRuntime("x", new HashSet<string>())));
        Assert.Contains(source, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALoadedLibraryIsFoundByTheBeginningOfItsName()
    {
        string[] maps =
        [
            "7f0000000000-7f0000001000 r--p 00000000 08:01 11                         /usr/lib/libstdc++.so.6.0.30",
            "7f0000001000-7f0000002000 r-xp 00001000 08:01 11                         /usr/lib/libstdc++.so.6.0.30",
            "7f0000002000-7f0000003000 rw-p 00000000 00:00 0 ",
            "7f0000003000-7f0000004000 r--p 00000000 08:01 12                         /a folder/libc.so.6",
        ];
        Assert.Equal("/usr/lib/libstdc++.so.6.0.30", LoadedFiles.Find("libstdc++.so.6", maps));
        Assert.Equal("/a folder/libc.so.6", LoadedFiles.Find("libc.so", maps));
        Assert.Null(LoadedFiles.Find("stdc++", maps));
    }

    [Fact]
    public void AnInstalledPackageIsNotWrittenInto()
    {
        var program = Path.Combine(_folder.Path, "llm2clip.tool", "1.0.0", "tools", "net10.0", "any");
        Directory.CreateDirectory(program);
        Assert.False(NativeFolders.IsInPackage(program));
        File.WriteAllText(Path.Combine(_folder.Path, "llm2clip.tool", "1.0.0", ".nupkg.metadata"), "{}");
        Assert.True(NativeFolders.IsInPackage(program));
        Assert.False(NativeFolders.IsInPackage(_folder.Path));
    }
}
