using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Layers;

/// <summary>
/// The process that <see cref="ScalarStressTests"/> starts: <c>Llm2Clip.Tests scalars plain|ours OPERATIONS FAILURES SECONDS</c>. Threads
/// compute with small tensors and numbers and check each result, while garbage is collected all the time. It ends at whichever of the
/// three comes first, and prints how many operations it made and how many of them failed; it may also die.
/// </summary>
internal static class ScalarStress
{
    public const string Verb = "scalars";

    private const int Threads = 4;

    /// <summary>Operations by TorchSharp's own operators.</summary>
    private static readonly Func<Tensor, Tensor, double, Tensor>[] Plain =
    [
        (x, y, a) => x + y,
        (x, y, a) => x * (float)a,
        (x, y, a) => x + a,
        (x, y, a) => x - a,
        (x, y, a) => x / (float)a,
        (x, y, a) => x.square(),
        (x, y, a) => x.clamp_min(a),
        (x, y, a) => x.masked_fill(x.isnan(), a),
        (x, y, a) => full([4], (float)a),
        (x, y, a) => arange(4).to_type(ScalarType.Float32),
    ];

    /// <summary>The same by <see cref="Scalars"/>.</summary>
    private static readonly Func<Tensor, Tensor, double, Tensor>[] Ours =
    [
        (x, y, a) => x.Plus(y),
        (x, y, a) => x.Times(a),
        (x, y, a) => x.Plus(a),
        (x, y, a) => x.Minus(a),
        (x, y, a) => x.DividedBy(a),
        (x, y, a) => x.Squared(),
        (x, y, a) => x.AtLeast(a),
        (x, y, a) => x.Replaced(x.isnan(), a),
        (x, y, a) => Scalars.Filled([4], a),
        (x, y, a) => Scalars.Range(4).to_type(ScalarType.Float32),
    ];

    /// <summary>What each gives for element i of x, y and the number a; numbers are small, so that fp32 has them exactly.</summary>
    private static readonly Func<int, float[], float[], float, float>[] Expected =
    [
        (i, x, y, a) => x[i] + y[i],
        (i, x, y, a) => x[i] * a,
        (i, x, y, a) => x[i] + a,
        (i, x, y, a) => x[i] - a,
        (i, x, y, a) => x[i] / a,
        (i, x, y, a) => x[i] * x[i],
        (i, x, y, a) => Math.Max(x[i], a),
        (i, x, y, a) => x[i],
        (i, x, y, a) => a,
        (i, x, y, a) => i,
    ];

    private static long _done;
    private static long _failures;
    private static volatile bool _over;

    public static int Start(string[] args)
    {
        var operations = args[0] == "plain" ? Plain : Ours;
        var limits = Array.ConvertAll(args[1..], text => long.Parse(text, CultureInfo.InvariantCulture));
        set_num_threads(1);
        var clock = Stopwatch.StartNew();
        bool Over() => _over |= Interlocked.Read(ref _done) >= limits[0]
            || Interlocked.Read(ref _failures) >= limits[1]
            || clock.Elapsed.TotalSeconds >= limits[2];
        List<Thread> threads =
        [
            new Thread(Collect), .. Enumerable.Range(0, Threads).Select(seed => new Thread(() => Work(operations, new Random(seed), Over))),
        ];
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Console.WriteLine($"{_done} {_failures}");
        return 0;
    }

    private static void Collect()
    {
        // Collections in a row would keep the other threads from running at all, which on an idle machine they did for minutes.
        for (var seen = -1L; !_over; Thread.Yield())
        {
            var done = Interlocked.Read(ref _done);
            if (done != seen)
            {
                seen = done;
                GC.Collect(0);
            }
        }
    }

    private static void Work(Func<Tensor, Tensor, double, Tensor>[] operations, Random random, Func<bool> over)
    {
        while (!over())
        {
            using var scope = NewDisposeScope();
            float[] x = [.. Enumerable.Range(0, 4).Select(_ => random.Next(-8, 9))];
            float[] y = [.. Enumerable.Range(0, 4).Select(_ => random.Next(-8, 9))];
            var (left, right) = (tensor(x), tensor(y).to_type(ScalarType.BFloat16));
            for (var which = 0; which < operations.Length; which++)
            {
                if (random.Next(4) == 0)
                {
                    GC.Collect(0); // On a busy machine the collecting thread gets too little time.
                }
                var a = 1 << random.Next(4);
                if (!Holds(() => operations[which](left, right, a), i => Expected[which](i, x, y, a)))
                {
                    Interlocked.Increment(ref _failures);
                }
                Interlocked.Increment(ref _done);
            }
        }
    }

    private static bool Holds(Func<Tensor> operation, Func<int, float> expected)
    {
        try
        {
            var result = operation().data<float>().ToArray();
            return Enumerable.Range(0, 4).All(i => result[i] == expected(i));
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return false;
        }
    }
}
