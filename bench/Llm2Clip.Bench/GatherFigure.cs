using System.Runtime.InteropServices;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Bench;

/// <summary>Random rows of the embedding store as 32-bit floats, warm, against numpy's take from a memory-mapped file of halves.</summary>
internal static class GatherFigure
{
    private const int Rows = 100_000;
    private const int Dimension = 1024;
    private const int Batch = 4096;
    private const int Rounds = 9;
    private const int Gathers = 20;

    private const string Numpy = """
        import sys, numpy as np
        rows, dim, batch, gathers = map(int, sys.argv[2:])
        vectors = np.memmap(sys.argv[1], np.float16, "r", shape=(rows, dim))
        rng = np.random.default_rng(1)
        picks = [rng.integers(0, rows, batch) for _ in range(gathers)]
        def halves():
            for p in picks: np.take(vectors, p, axis=0)
        def floats():
            for p in picks: np.take(vectors, p, axis=0).astype(np.float32)
        """;

    public static IEnumerable<Figure> Measure()
    {
        if (!PythonSide.Has("random rows against numpy", "numpy"))
        {
            yield break;
        }
        var root = Directory.CreateTempSubdirectory("llm2clip-bench-").FullName;
        try
        {
            var raw = Write(root);
            using var store = EmbeddingStore.Open(Path.Combine(root, "store"));
            var rows = store.Rows().Select(row => row.Row).ToArray();
            var random = new Random(1);
            var picks = Enumerable.Range(0, Gathers)
                .Select(_ => Enumerable.Range(0, Batch).Select(_ => rows[random.Next(rows.Length)]).ToArray()).ToArray();
            var into = new float[Batch * Dimension];
            using var python = PythonSide.Start(Numpy, raw, $"{Rows}", $"{Dimension}", $"{Batch}", $"{Gathers}");
            var times = Turns.Medians(
                Rounds,
                Turns.Time(() => Array.ForEach(picks, pick => store.GatherRows(pick, into))),
                () => python.Call("floats"),
                () => python.Call("halves"));
            double Milliseconds(int side) => times[side] / Gathers * 1e3;
            yield return Figure.AtLeast(
                "gather", $"{Batch:N0} random vectors x {Dimension:N0} of {Rows:N0} in fp16, as fp32, warm",
                $"{Milliseconds(0):0.0} ms",
                $"numpy memmap take, as fp32 {Milliseconds(1):0.0} ms (left in fp16 {Milliseconds(2):0.0} ms)", times[1] / times[0], 1);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static string Write(string root)
    {
        var raw = Path.Combine(root, "vectors.f16");
        var random = new Random(7);
        using var writer = EmbeddingStore.Create(Path.Combine(root, "store"), "bench", Dimension);
        using var file = File.Create(raw);
        for (var start = 0; start < Rows; start += 1000)
        {
            var vectors = new float[1000 * Dimension];
            foreach (ref var value in vectors.AsSpan())
            {
                value = random.NextSingle() - 0.5f;
            }
            writer.Append([.. Enumerable.Range(start, 1000).Select(i => $"caption {i}")], vectors);
            file.Write(MemoryMarshal.AsBytes(Array.ConvertAll(vectors, value => (Half)value).AsSpan()));
        }
        writer.Complete();
        return raw;
    }
}
