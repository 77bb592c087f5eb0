using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Tests.Teachers;

/// <summary>Captions and vectors by number, so that a test can say what a store must hold.</summary>
internal static class StoreCases
{
    public static string Path(string root, string name) => System.IO.Path.Combine(root, name);

    public static string Text(int number) => $"caption {number} " + (number % 3 == 0 ? "雪地里的狗" : "of a dog");

    public static float Value(int number, int element) => MathF.Sin((number * 7) + element + 1) * 3;

    public static float[] Vectors(int start, int count, int dimension) =>
        [.. Enumerable.Range(start, count).SelectMany(n => Enumerable.Range(0, dimension).Select(d => Value(n, d)))];

    public static int Append(EmbeddingStoreWriter writer, int start, int count) =>
        writer.Append([.. Enumerable.Range(start, count).Select(Text)], Vectors(start, count, writer.Dimension));

    public static void AssertVector(int number, ReadOnlySpan<float> got, float tolerance)
    {
        for (var d = 0; d < got.Length; d++)
        {
            Assert.InRange(got[d], Value(number, d) - tolerance, Value(number, d) + tolerance);
        }
    }

    /// <summary>The first captions are there with exactly their vectors (fp32 stores).</summary>
    public static void AssertHolds(EmbeddingStore store, int count)
    {
        var got = new float[count * store.Dimension];
        store.Gather([.. Enumerable.Range(0, count).Select(Text)], got);
        for (var i = 0; i < count; i++)
        {
            AssertVector(i, got.AsSpan(i * store.Dimension, store.Dimension), 0);
        }
    }

    /// <summary>What a killed process would leave: a copy of the folder as it is on disk now.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var path in Directory.GetFiles(from))
        {
            if (System.IO.Path.GetFileName(path) != "write.lock")
            {
                File.Copy(path, System.IO.Path.Combine(to, System.IO.Path.GetFileName(path)));
            }
        }
    }
}
