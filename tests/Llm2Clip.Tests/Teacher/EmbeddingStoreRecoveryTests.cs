using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Teachers;

public sealed class EmbeddingStoreRecoveryTests : IDisposable
{
    private const int Dimension = 6;

    private readonly string _root = Directory.CreateTempSubdirectory("store-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>
    /// Random histories (shard size, commits, batches), killed after random writes with the files behind the last commit cut at random
    /// bytes
    /// or overwritten: what was committed is there, what is recovered is right, and extracting again completes the store.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void KilledAtAnyByte(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 30; round++)
        {
            var (live, dead) = (StoreCases.Path(_root, $"live{round}"), StoreCases.Path(_root, $"dead{round}"));
            var (total, committed) = (0, 0);
            using (var writer = EmbeddingStoreWriter.Open(live, "t", Dimension, VectorType.Fp32, rowsPerShard: random.Next(1, 30)))
            {
                for (var step = random.Next(1, 8); step > 0; step--)
                {
                    total += StoreCases.Append(writer, total, random.Next(1, 25));
                    if (random.Next(3) == 0)
                    {
                        writer.Commit();
                        committed = total;
                    }
                }
                StoreCases.Copy(live, dead);
            }
            Damage(random, dead);
            using (var writer = EmbeddingStore.Create(dead, "t", Dimension, VectorType.Fp32))
            {
                Assert.InRange(writer.Count, committed, total);
                for (var i = 0; i < writer.Count; i++)
                {
                    Assert.True(writer.Contains(StoreCases.Text(i))); // A prefix: order of appending is kept.
                }
                StoreCases.Append(writer, 0, total);
                Assert.Equal(total, writer.Count);
            }
            using var store = EmbeddingStore.Open(dead, "t");
            Assert.Equal(total, store.Count);
            StoreCases.AssertHolds(store, total);
            Assert.Empty(EmbeddingStoreRecovery.Verify(dead));
            Assert.Equal(store.Count, store.Rows().LongCount());
        }
    }

    [Fact]
    public void RowsBehindTheLastCommitAreKept()
    {
        var (live, dead) = (StoreCases.Path(_root, "live"), StoreCases.Path(_root, "dead"));
        using (var writer = EmbeddingStore.Create(live, "t", Dimension, VectorType.Fp32))
        {
            StoreCases.Append(writer, 0, 100);
            StoreCases.Copy(live, dead); // Nothing was committed yet.
        }
        using (var before = EmbeddingStore.Open(dead))
        {
            Assert.Equal(0, before.Count);
        }
        using (var writer = EmbeddingStore.Create(dead, "t", Dimension, VectorType.Fp32))
        {
            Assert.Equal(100, writer.Recovered);
        }
        using var store = EmbeddingStore.Open(dead);
        StoreCases.AssertHolds(store, 100);
    }

    [Fact]
    public void ADamagedShardIsFoundByNameAndRepaired()
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStoreWriter.Open(folder, "t", Dimension, VectorType.Fp32, rowsPerShard: 10))
        {
            StoreCases.Append(writer, 0, 35);
        }
        Assert.Empty(EmbeddingStoreRecovery.Verify(folder));
        FlipByte(Path.Combine(folder, "vectors-00001.bin"), 17);
        FlipByte(Path.Combine(folder, "keys-00002.bin"), 3);
        var problems = EmbeddingStoreRecovery.Verify(folder);
        Assert.Equal(["vectors-00001.bin", "keys-00002.bin"], problems.Select(p => p.Split(':')[0]));

        Assert.Equal((2, 33), EmbeddingStoreRecovery.Repair(folder)); // A row a flipped byte: the others' own checksums hold.
        AssertRepaired(folder, lost: 2, rows: 35);
    }

    /// <summary>
    /// A repair that ended right after its manifest had forgotten the damaged shard: the next one deleted what was set aside, and with it
    /// rows that an
    /// imported store could not get again.
    /// </summary>
    [Fact]
    public void ARepairThatWasStoppedIsCompletedByTheNext()
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStoreWriter.Open(folder, "t", Dimension, VectorType.Fp32, rowsPerShard: 10))
        {
            StoreCases.Append(writer, 0, 35);
        }
        FlipByte(Path.Combine(folder, "vectors-00001.bin"), 17);
        ForgetShard(folder, 1);
        Assert.Contains("damaged-vectors-00001.bin: left by a repair that was stopped", EmbeddingStoreRecovery.Verify(folder)[1],
            StringComparison.Ordinal);

        // Rows that came meanwhile are not all committed, and another shard is damaged too.
        using (var writer = EmbeddingStoreWriter.Open(folder, "t", Dimension, VectorType.Fp32))
        {
            StoreCases.Append(writer, 35, 25);
            StoreCases.Copy(folder, StoreCases.Path(_root, "b"));
        }
        folder = StoreCases.Path(_root, "b");
        FlipByte(Path.Combine(folder, "vectors-00003.bin"), 3);
        ForgetShard(folder, 3);
        Assert.Equal((2, 58), EmbeddingStoreRecovery.Repair(folder));
        AssertRepaired(folder, lost: 2, rows: 60);
    }

    /// <summary>A second damaged shard of the same number does not take the place of one that was set aside.</summary>
    [Fact]
    public void WhatWasSetAsideIsNotOverwritten()
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStoreWriter.Open(folder, "t", Dimension, VectorType.Fp32, rowsPerShard: 10))
        {
            StoreCases.Append(writer, 0, 20);
        }
        ForgetShard(folder, 1);
        using (var writer = EmbeddingStoreWriter.Open(folder, "t", Dimension, VectorType.Fp32))
        {
            StoreCases.Append(writer, 20, 10);
        }
        FlipByte(Path.Combine(folder, "vectors-00001.bin"), 17);
        Assert.Equal((1, 29), EmbeddingStoreRecovery.Repair(folder));
        Assert.Empty(EmbeddingStoreRecovery.Verify(folder));
    }

    /// <summary>Nothing is damaged or set aside, and the next writer brings what was lost.</summary>
    private static void AssertRepaired(string folder, int lost, int rows)
    {
        Assert.Empty(EmbeddingStoreRecovery.Verify(folder));
        Assert.Empty(Directory.GetFiles(folder, "damaged-*"));
        using (var writer = EmbeddingStore.Create(folder, "t", Dimension, VectorType.Fp32))
        {
            Assert.Equal(lost, StoreCases.Append(writer, 0, rows));
        }
        using var store = EmbeddingStore.Open(folder);
        StoreCases.AssertHolds(store, rows);
    }

    /// <summary>What a repair has done when its manifest is written, and no more.</summary>
    private static void ForgetShard(string folder, int number)
    {
        foreach (var name in new[] { ShardEntry.VectorFile(number), ShardEntry.KeyFile(number) })
        {
            File.Move(Path.Combine(folder, name), Path.Combine(folder, "damaged-" + name));
        }
        var manifest = EmbeddingStoreManifest.Read(folder);
        var sound = manifest.Shards.Where(shard => shard.Number != number).ToList();
        var keys = sound.Select(shard => EmbeddingStoreShard.Keys(folder, shard.Number, shard.Rows)
            .Select((key, row) => (key, ((long)shard.Number << 32) | (uint)row)).OrderBy(entry => entry.key).AsEnumerable());
        (manifest with { Shards = sound, Index = [EmbeddingStoreIndex.Merge(folder, "index-000900.bin", [.. keys])] }).Write(folder);
    }

    [Theory]
    [InlineData("vectors-00000.bin")]
    [InlineData("index-*.bin")]
    public void ACutFileIsRefusedByNameAtOpening(string pattern)
    {
        var folder = StoreCases.Path(_root, "a");
        using (var writer = EmbeddingStore.Create(folder, "t", Dimension, VectorType.Fp32))
        {
            StoreCases.Append(writer, 0, 35);
        }
        var path = Directory.GetFiles(folder, pattern).Single();
        using (var stream = File.OpenWrite(path))
        {
            stream.SetLength(stream.Length - 1);
        }
        Assert.Contains(Path.GetFileName(path), Assert.Throws<InputException>(() => EmbeddingStore.Open(folder)).Message);
        Assert.Contains(Path.GetFileName(path),
            Assert.Throws<InputException>(() => EmbeddingStore.Create(folder, "t", Dimension, VectorType.Fp32)).Message);
        Assert.Single(EmbeddingStoreRecovery.Verify(folder));
        Assert.Equal(pattern.StartsWith("index", StringComparison.Ordinal) ? (0, 35) : (1, 34), EmbeddingStoreRecovery.Repair(folder));
        Assert.Empty(EmbeddingStoreRecovery.Verify(folder));
    }

    /// <summary>
    /// Cuts or overwrites what lies behind the last commit, and adds what a kill between two files' writes leaves behind.
    /// </summary>
    private static void Damage(Random random, string folder)
    {
        var manifest = EmbeddingStoreManifest.Read(folder);
        foreach (var path in Directory.GetFiles(folder).Order())
        {
            var name = Path.GetFileName(path);
            var shard = manifest.Shards.FirstOrDefault(s =>
                name == ShardEntry.VectorFile(s.Number) || name == ShardEntry.KeyFile(s.Number));
            var safe = name.StartsWith("vectors", StringComparison.Ordinal) ? (shard?.Rows ?? 0) * manifest.RowBytes
                : name.StartsWith("keys", StringComparison.Ordinal) ? (shard?.Rows ?? 0) * EmbeddingStoreShard.KeyRowSize
                : long.MaxValue;
            var length = new FileInfo(path).Length;
            if (safe >= length || random.Next(3) == 0)
            {
                continue;
            }
            if (random.Next(4) == 0)
            {
                FlipByte(path, random.NextInt64(safe, length));
            }
            else
            {
                using var stream = File.OpenWrite(path);
                stream.SetLength(random.NextInt64(safe, length + 1));
            }
        }
        if (random.Next(2) == 0)
        {
            File.WriteAllText(Path.Combine(folder, "manifest.json.llm2clip-tmp"), "{\"form");
            var next = manifest.Index.Select(part => EmbeddingStoreRecovery.NumberOf(part.File)).DefaultIfEmpty(-1).Max() + 1;
            File.WriteAllBytes(Path.Combine(folder, $"index-{next:d6}.bin"), new byte[random.Next(100)]);
        }
    }

    private static void FlipByte(string path, long offset)
    {
        using var stream = File.Open(path, FileMode.Open);
        stream.Position = offset;
        var old = stream.ReadByte();
        stream.Position = offset;
        stream.WriteByte((byte)(old ^ 0x40));
    }
}
