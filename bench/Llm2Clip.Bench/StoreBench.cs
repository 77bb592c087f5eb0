using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Teachers;

namespace Llm2Clip.Bench;

/// <summary>
/// Gathering the vectors of random batches of captions by their text, as a trainer does each step: from the embedding store, from a .npy file
/// memory-mapped by numpy with a dictionary from text to row, and from Parquet, where a random batch means reading the file. All hot in the page cache.
/// </summary>
internal static class StoreBench
{
    private const int Dimension = 640;
    private const int Batch = 1024;

    private const string Program = """
        import sys, time, numpy as np
        path, rows, dim, batch, batches = sys.argv[1], *map(int, sys.argv[2:6])
        row_of = {f"a photo of scene number {i}": i for i in range(rows)}
        rng = np.random.default_rng(1)
        picks = [[f"a photo of scene number {i}" for i in rng.integers(0, rows, batch)] for _ in range(batches)]
        vectors = np.load(path, mmap_mode="r")
        total = 0.0
        for turn in range(2):
            start = time.time()
            for texts in picks:
                got = vectors[[row_of[t] for t in texts]].astype(np.float32)
                total += float(got[0, 0])
            seconds = time.time() - start
        print(f"rate={batch * batches / seconds}")
        """;

    public static int Run(string[] args)
    {
        var rows = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200_000;
        const int Batches = 200;
        var root = Directory.CreateTempSubdirectory("llm2clip-bench-").FullName;
        try
        {
            var (writeRate, npy) = Write(root, rows);
            using var store = EmbeddingStore.Open(Path.Combine(root, "store"));
            var random = new Random(1);
            var picks = Enumerable.Range(0, Batches).Select(_ => Enumerable.Range(0, Batch).Select(_ => Text(random.Next(rows))).ToArray()).ToArray();
            var into = new float[Batch * Dimension];
            var seconds = 0.0;
            for (var turn = 0; turn < 2; turn++) // The first turn warms caches and compiles.
            {
                var watch = Stopwatch.StartNew();
                foreach (var texts in picks)
                {
                    store.Gather(texts, into);
                }
                seconds = watch.Elapsed.TotalSeconds;
            }
            var ours = Batch * Batches / seconds;
            var numpy = Python.Run(Program, npy, $"{rows}", $"{Dimension}", $"{Batch}", $"{Batches}")["rate"];
            var (parquet, parquetSeconds) = Parquet(store, root, rows);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"store: {rows:N0} vectors of {Dimension} in fp16, batches of {Batch} captions by text: llm2clip {ours:N0} vectors/s, numpy .npy {numpy:N0} vectors/s, "
                + $"ratio {ours / numpy:F2}; Parquet (read whole, {parquetSeconds:F1} s) {parquet:N0} rows/s in order and {Batch / parquetSeconds:N0} vectors/s in random batches; appending {writeRate:N0} vectors/s"));
            return 0;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static (double Rate, string Npy) Write(string root, int rows)
    {
        var npy = Path.Combine(root, "vectors.npy");
        var random = new Random(7);
        var seconds = 0.0;
        using (var writer = EmbeddingStore.Create(Path.Combine(root, "store"), "bench", Dimension))
        using (var file = File.Create(npy))
        {
            WriteNpyHeader(file, rows);
            for (var start = 0; start < rows; start += Batch)
            {
                var texts = Enumerable.Range(start, Math.Min(Batch, rows - start)).Select(Text).ToArray();
                var vectors = new float[texts.Length * Dimension];
                foreach (ref var value in vectors.AsSpan())
                {
                    value = random.NextSingle() - 0.5f;
                }
                var watch = Stopwatch.StartNew();
                writer.Append(texts, vectors);
                seconds += watch.Elapsed.TotalSeconds;
                file.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(Array.ConvertAll(vectors, v => (Half)v).AsSpan()));
            }
            var finish = Stopwatch.StartNew();
            writer.Complete();
            seconds += finish.Elapsed.TotalSeconds;
        }
        return (rows / seconds, npy);
    }

    /// <summary>Reads a part of the rows back from Parquet; a whole pass is what a random batch would cost.</summary>
    private static (double Rate, double WholeSeconds) Parquet(EmbeddingStore store, string root, int rows)
    {
        var path = Path.Combine(root, "vectors.parquet");
        EmbeddingStoreParquet.Export(store, Engines.Current.Parquet, path);
        var watch = Stopwatch.StartNew();
        long read = Engines.Current.Parquet.Read(path, ["hash", "vector"]).LongCount();
        var seconds = watch.Elapsed.TotalSeconds;
        return (read / seconds, seconds * rows / read);
    }

    private static string Text(int number) => $"a photo of scene number {number}";

    /// <summary>Version 1.0 of numpy's format: magic, length, a dictionary padded to 64 bytes.</summary>
    private static void WriteNpyHeader(Stream stream, int rows)
    {
        var text = $"{{'descr': '<f2', 'fortran_order': False, 'shape': ({rows}, {Dimension}), }}";
        text = text.PadRight(((text.Length + 10 + 64) / 64 * 64) - 11) + "\n";
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8)]);
        stream.Write(System.Text.Encoding.ASCII.GetBytes(text));
    }
}
