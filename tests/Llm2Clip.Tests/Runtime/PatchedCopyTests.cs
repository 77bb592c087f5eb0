using System.Runtime.InteropServices;
using Llm2Clip.Runtime;
using Llm2Clip.Tests.Teachers;

namespace Llm2Clip.Tests.Runtime;

/// <summary>One test loads a second library of the same name for a while: not beside tests that ask which one is loaded.</summary>
[Collection("Loaded libraries")]
public sealed class PatchedCopyTests : IDisposable
{
    private const string Name = "libX.so";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheSameContentIsWrittenOnce()
    {
        var path = PatchedCopy.In(_folder.Path, Name, [1, 2, 3]);
        var time = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(path, time);
        Assert.Equal(path, PatchedCopy.In(_folder.Path, Name, [1, 2, 3]));
        Assert.Equal(time, File.GetLastWriteTimeUtc(path));
        Assert.Matches("^libX-[0-9a-f]{32}\\.so$", Path.GetFileName(path));
    }

    [Fact]
    public void AnotherContentIsAnotherFile()
    {
        var first = PatchedCopy.In(_folder.Path, Name, [1, 2, 3]);
        var second = PatchedCopy.In(_folder.Path, Name, [1, 2, 4]);
        Assert.NotEqual(first, second);
        Assert.Equal<byte>([1, 2, 3], File.ReadAllBytes(first));
        Assert.Equal<byte>([1, 2, 4], File.ReadAllBytes(second));
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 1, 2 })]
    [InlineData(new byte[] { 1, 2, 4 })]
    [InlineData(new byte[] { 1, 2, 3, 4 })]
    public void ADamagedFileIsMadeAnew(byte[] damaged)
    {
        var path = PatchedCopy.In(_folder.Path, Name, [1, 2, 3]);
        File.WriteAllBytes(path, damaged);
        Assert.Equal(path, PatchedCopy.In(_folder.Path, Name, [1, 2, 3]));
        Assert.Equal<byte>([1, 2, 3], File.ReadAllBytes(path));
    }

    [Fact]
    public void ManyAtOnceMakeOneWholeFile()
    {
        const int Writers = 16;
        var content = new byte[3 << 20];
        new System.Random(1).NextBytes(content);
        for (var round = 0; round < 5; round++)
        {
            var folder = _folder.File($"round{round}");
            using var start = new Barrier(Writers);
            var paths = new string[Writers];
            List<Thread> threads = [.. Enumerable.Range(0, Writers).Select(i => new Thread(() =>
            {
                start.SignalAndWait();
                paths[i] = PatchedCopy.In(folder, Name, content);
                // What a process loads must be whole at the moment when it loads it, whatever the others still do.
                Assert.True(File.ReadAllBytes(paths[i]).AsSpan().SequenceEqual(content));
            }))];
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            Assert.Equal(Assert.Single(paths.Distinct()), Assert.Single(Directory.GetFiles(folder)));
        }
    }

    [Fact]
    public void AFolderThatCannotBeWrittenIsPassedOver()
    {
        // A file in the place of the folder refuses every user, as rights would not refuse root.
        File.WriteAllText(_folder.File("file"), "");
        var content = File.ReadAllBytes(PackageFile.Path("libtorch.so"));
        TorchRuntime.Load();
        var (handle, path) = TorchLibrary.LoadCopy(content, [Path.Combine(_folder.File("file"), "below"), _folder.File("cache")]);
        Assert.NotEqual(0, handle);
        NativeLibrary.Free(handle);
        Assert.StartsWith(_folder.File("cache"), path, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllBytes(path));
    }

    [Fact]
    public void AFileThatTheLoaderRefusesIsPassedOver()
    {
        string[] folders = [_folder.File("a"), _folder.File("b")];
        var error = Assert.Throws<RunException>(() => TorchLibrary.LoadCopy("no library"u8.ToArray(), folders));
        Assert.Contains("XDG_CACHE_HOME", error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.File("a"), error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.File("b"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAnyFolderTheRemedyIsSaid()
    {
        File.WriteAllText(_folder.File("file"), "");
        var error = Assert.Throws<RunException>(() => TorchLibrary.LoadCopy([1], [Path.Combine(_folder.File("file"), "below")]));
        Assert.Contains("Set XDG_CACHE_HOME to a folder that can be written", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, error.ExitCode);
    }
}
