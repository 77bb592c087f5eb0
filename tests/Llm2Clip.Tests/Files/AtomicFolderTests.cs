using Llm2Clip.Files;

namespace Llm2Clip.Tests.Files;

public sealed class AtomicFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("checkpoint-").FullName;

    private string Folder => Path.Combine(_root, "last");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void AWholeFolderIsThereWheneverTheProcessEnds()
    {
        Assert.Null(AtomicFolder.Find(Folder));
        AtomicFolder.Replace(Folder, into => File.WriteAllText(Path.Combine(into, "a"), "one"));
        Assert.Throws<InvalidOperationException>(() => AtomicFolder.Replace(Folder, into =>
        {
            File.WriteAllText(Path.Combine(into, "a"), "half");
            throw new InvalidOperationException();
        }));
        Assert.Equal("one", File.ReadAllText(Path.Combine(AtomicFolder.Find(Folder)!, "a")));

        // The process ended between the two renames.
        Directory.Move(Folder, Folder + ".previous");
        Assert.Equal("one", File.ReadAllText(Path.Combine(AtomicFolder.Find(Folder)!, "a")));

        AtomicFolder.Replace(Folder, into => File.WriteAllText(Path.Combine(into, "a"), "two"));
        Assert.Equal("two", File.ReadAllText(Path.Combine(AtomicFolder.Find(Folder)!, "a")));
        Assert.Equal([Folder], Directory.GetDirectories(_root));
    }

    [Fact]
    public void WhatCannotBeWrittenIsARunErrorAndKeepsTheOld()
    {
        AtomicFolder.Replace(Folder, into => File.WriteAllText(Path.Combine(into, "a"), "one"));
        var error = Assert.Throws<RunException>(() => AtomicFolder.Replace(Folder, _ => throw new IOException("No space left on device")));
        Assert.Contains("No space left on device", error.Message);
        Assert.Equal("one", File.ReadAllText(Path.Combine(Folder, "a")));
        Assert.Equal([Folder], Directory.GetDirectories(_root));
    }
}
