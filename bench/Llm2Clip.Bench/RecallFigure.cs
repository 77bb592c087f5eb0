using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Bench;

/// <summary>
/// Exact ranks in both directions for a COCO-sized test against numpy's score matrix and argsort. Each run is a process of its own, whose
/// peak memory counts.
/// </summary>
internal static class RecallFigure
{
    private const int Images = 5000;
    private const int PerImage = 5;
    private const int Dimension = 512;
    private const int Rounds = 3;

    private const string Numpy = """
        import resource, sys, time
        import numpy as np
        images, per, dim = map(int, sys.argv[1:])
        rng = np.random.default_rng(1)
        image = rng.standard_normal((images, dim), np.float32); image /= np.linalg.norm(image, axis=1, keepdims=True)
        text = rng.standard_normal((images * per, dim), np.float32); text /= np.linalg.norm(text, axis=1, keepdims=True)
        own = np.arange(images * per) // per
        start = time.perf_counter()
        scores = text @ image.T
        order = np.argsort(-scores, axis=1)
        t2i = np.argmax(order == own[:, None], axis=1) + 1
        order = np.argsort(-scores.T, axis=1)
        i2t = np.argmax(order // per == np.arange(images)[:, None], axis=1) + 1
        [float((r <= k).mean()) for r in (t2i, i2t) for k in (1, 5, 10)]
        print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        """;

    public static IEnumerable<Figure> Measure()
    {
        if (!PythonSide.Has("exact ranks against numpy", "numpy"))
        {
            yield break;
        }
        var script = Path.GetTempFileName();
        File.WriteAllText(script, Numpy);
        var (ours, theirs) = (new List<(double Seconds, double Megabytes)>(), new List<(double Seconds, double Megabytes)>());
        for (var round = 0; round < Rounds; round++)
        {
            ours.Add(Run(Environment.ProcessPath!, "recall-run"));
            theirs.Add(Run(PythonSide.Interpreter, script, $"{Images}", $"{PerImage}", $"{Dimension}"));
        }
        File.Delete(script);
        var (here, there) = (Median(ours, run => run.Seconds), Median(theirs, run => run.Seconds));
        var work = $"exact ranks of {Images:N0} images x {Images * PerImage:N0} captions x {Dimension}, both directions";
        yield return Figure.AtMost("recall", work, $"{here:0.00} s", $"numpy argsort {there:0.0} s", here / there, 0.2);
        var (memory, other) = (Median(ours, run => run.Megabytes), Median(theirs, run => run.Megabytes));
        yield return Figure.AtMost(
            "recall", "the same, peak memory of the process", $"{memory:0} MB", $"numpy {other:0} MB", memory / other, 0.2);
    }

    /// <summary>Our side, in a process of its own: prints seconds and peak megabytes.</summary>
    public static void Run()
    {
        var random = new Random(1);
        var images = Vectors(random, Images);
        var texts = Vectors(random, Images * PerImage);
        var imageOfText = Enumerable.Range(0, Images * PerImage).Select(text => text / PerImage).ToArray();
        var clock = Stopwatch.StartNew();
        Retrieval.Score(images, texts, imageOfText);
        var seconds = clock.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds} {ProcessStatus.Bytes("VmHWM") / 1048576.0}"));
    }

    private static (double Seconds, double Megabytes) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var numbers = said.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return (numbers[0], numbers[1]);
    }

    private static double Median(List<(double Seconds, double Megabytes)> runs, Func<(double Seconds, double Megabytes), double> of) =>
        runs.Select(of).Order().ElementAt(runs.Count / 2);

    private static VectorSet Vectors(Random random, int count)
    {
        var values = new float[count * Dimension];
        foreach (ref var value in values.AsSpan())
        {
            value = random.NextSingle() - 0.5f;
        }
        return new VectorSet(values, Dimension);
    }
}
