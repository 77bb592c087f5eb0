using Llm2Clip.Files;

namespace Llm2Clip.Tests.Files;

public sealed class FolderLockTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("lock-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void AWriterThatWroteNothingLeavesNothing()
    {
        FolderLock.Take(Path.Combine(_root, "runs", "a")).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_root));

        var mine = Directory.CreateDirectory(Path.Combine(_root, "mine")).FullName;
        FolderLock.Take(mine).Dispose();
        Assert.True(Directory.Exists(mine)); // It was there before.
        Assert.Empty(Directory.GetFileSystemEntries(mine));
    }

    [Fact]
    public void AWriterThatWroteLeavesItsLockFile()
    {
        var folder = Path.Combine(_root, "runs", "a");
        using (FolderLock.Take(folder))
        {
            File.WriteAllText(Path.Combine(folder, "model"), "");
        }
        FolderLock.Take(folder).Dispose();
        Assert.Equal(["model", FolderLock.FileName], Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).Order());
    }

    /// <summary>Lock files come and go while others wait for the moment: there is never more than one holder.</summary>
    [Fact]
    public async Task WritersThatLeaveNothingStillKeepEachOtherOut()
    {
        var folder = Path.Combine(_root, "contended");
        var (inside, most, taken) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                try
                {
                    using var held = FolderLock.Take(folder);
                    most = Math.Max(most, Interlocked.Increment(ref inside));
                    Interlocked.Increment(ref taken);
                    Interlocked.Decrement(ref inside);
                }
                catch (ConfigException)
                {
                    // Another one holds it.
                }
                catch (WriteException)
                {
                    // The folder went away between its making and the lock's.
                }
            }
        })));
        Assert.Equal(1, most);
        Assert.True(taken > 4);
    }
}
