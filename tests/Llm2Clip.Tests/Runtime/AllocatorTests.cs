using System.Runtime.InteropServices;
using Llm2Clip.Runtime;

namespace Llm2Clip.Tests.Runtime;

/// <summary>Counts the whole process's mapped blocks, so it runs alone.</summary>
[CollectionDefinition("Allocator", DisableParallelization = true)]
public sealed class AllocatorCollection;

[Collection("Allocator")]
public partial class AllocatorTests
{
    /// <summary>
    /// By default a block of this size is mapped apart, as the threshold never rises above 32 MB by itself. It fits into the 64 MB that
    /// glibc
    /// has for the heap of a thread which is not the first.
    /// </summary>
    private const nuint LargeBlock = 40 << 20;

    [Fact]
    public void ALargeBlockIsNotMappedApart()
    {
        Assert.SkipUnless(TorchRuntime.Ready().Allocator.Tuned, TorchRuntime.Ready().Allocator.Reason);
        var before = mallinfo2().MappedBlocks;
        var block = malloc(LargeBlock);
        var after = mallinfo2().MappedBlocks;
        free(block);
        Assert.NotEqual(0, block);
        Assert.Equal(before, after);
    }

    [DllImport("libc")]
    private static extern Info mallinfo2();

    [LibraryImport("libc")]
    private static partial nint malloc(nuint bytes);

    [LibraryImport("libc")]
    private static partial void free(nint block);

    /// <summary>mallinfo2(3): sizes in bytes and numbers of blocks.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Info
    {
        public readonly nuint Arena;
        public readonly nuint FreeChunks;
        public readonly nuint FastBins;
        public readonly nuint MappedBlocks;
        public readonly nuint MappedBytes;
        public readonly nuint Unused;
        public readonly nuint FastBytes;
        public readonly nuint UsedBytes;
        public readonly nuint FreeBytes;
        public readonly nuint Trimmable;
    }
}
