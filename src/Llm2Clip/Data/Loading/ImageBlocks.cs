namespace Llm2Clip.Data.Loading;

/// <summary>Images that are stored in one block and can only be read together, such as those of a Parquet row group.</summary>
/// <param name="load">Reads all of them, null where there is none; called again where the block was given up meanwhile.</param>
internal sealed class ImageBlock(Func<byte[]?[]> load)
{
    /// <summary>Held while the block is loaded, so that several readers load it once.</summary>
    public Lock Loading { get; } = new();

    /// <summary>Images that are loaded and were not taken yet; guarded by <see cref="ImageBlocks"/>.</summary>
    public byte[]?[]? Images { get; set; }

    public byte[]?[] Load() => load();
}

/// <summary>
/// Gives out the images of blocks, each once: a block is read when its first image is asked for, and an image is let go when it is taken.
/// Blocks beyond the <paramref name="budget"/> in bytes are given up, the one loaded first before others, and read again where they are
/// asked for. Safe to call from several threads.
/// </summary>
internal sealed class ImageBlocks(long budget)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<ImageBlock> _loaded = [];
    private long _bytes;

    /// <summary>The image at a place of a block; null where the block has none there.</summary>
    public byte[]? Take(ImageBlock block, int place)
    {
        lock (block.Loading)
        {
            if (TakeLoaded(block, place) is { } image)
            {
                return image;
            }
            Keep(block, block.Load());
            return TakeLoaded(block, place);
        }
    }

    private byte[]? TakeLoaded(ImageBlock block, int place)
    {
        lock (_lock)
        {
            if (block.Images?[place] is not { } image)
            {
                return null;
            }
            block.Images[place] = null;
            _bytes -= image.Length;
            return image;
        }
    }

    private void Keep(ImageBlock block, byte[]?[] images)
    {
        lock (_lock)
        {
            GiveUp(block);
            block.Images = images;
            _bytes += Bytes(images);
            _loaded.AddLast(block);
            while (_bytes > budget && _loaded.First!.Value != block)
            {
                GiveUp(_loaded.First.Value);
            }
        }
    }

    private void GiveUp(ImageBlock block)
    {
        if (block.Images is { } images)
        {
            _bytes -= Bytes(images);
            block.Images = null;
            _loaded.Remove(block);
        }
    }

    private static long Bytes(byte[]?[] images) => images.Sum(image => image?.LongLength ?? 0);
}
