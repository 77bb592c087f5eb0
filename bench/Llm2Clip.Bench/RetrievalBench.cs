using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Evaluation;

namespace Llm2Clip.Bench;

/// <summary>
/// Exact ranks in both directions for a COCO-sized test (5,000 pictures, 25,000 captions) against the score matrix and
/// top-k that CLIP_benchmark's metric computes, on torch. Ours counts ties; torch's top-k breaks them by position.
/// </summary>
internal static class RetrievalBench
{
    private const string Program = """
        import sys, time, resource, torch
        images, captions, dim = map(int, sys.argv[1:4])
        torch.set_num_threads(int(sys.argv[4])); torch.manual_seed(1)
        image = torch.nn.functional.normalize(torch.randn(images, dim), dim=-1)
        text = torch.nn.functional.normalize(torch.randn(images * captions, dim), dim=-1)
        own = torch.arange(images * captions) // captions
        start = time.time()
        scores = text @ image.t()
        positive = torch.zeros_like(scores, dtype=torch.bool)
        positive[torch.arange(len(scores)), own] = True
        for k in (1, 5, 10):
            for s, p in ((scores, positive), (scores.t(), positive.t())):
                index = torch.topk(s, k, dim=1)[1]
                hits = (torch.nn.functional.one_hot(index, s.shape[1]).sum(1) * p).sum(1) > 0 if s.shape[1] <= 2000 else p.gather(1, index).any(1)
                hits.float().mean().item()
        print(f"seconds={time.time() - start}")
        print(f"megabytes={resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}")
        """;

    public static int Run(string[] args)
    {
        var images = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5000;
        const int captions = 5;
        const int dimension = 512;
        var random = new Random(1);
        var imageSet = new VectorSet(Vectors(random, images * dimension), dimension);
        var textSet = new VectorSet(Vectors(random, images * captions * dimension), dimension);
        var imageOfText = Enumerable.Range(0, images * captions).Select(text => text / captions).ToArray();

        Retrieval.Score(imageSet.Rows([.. Enumerable.Range(0, 100)]), textSet.Rows([.. Enumerable.Range(0, 500)]), imageOfText[..500]);
        var watch = Stopwatch.StartNew();
        Retrieval.Score(imageSet, textSet, imageOfText);
        var ours = watch.Elapsed.TotalSeconds;

        var theirs = Python.Run(Program, $"{images}", $"{captions}", $"{dimension}", $"{Environment.ProcessorCount}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"retrieval: {images} pictures x {images * captions} captions x {dimension}: llm2clip {ours:F2} s (exact ranks, ties counted), torch top-k {theirs["seconds"]:F2} s ({theirs["megabytes"]:F0} MB peak); ratio torch / llm2clip {theirs["seconds"] / ours:F2}"));
        return 0;
    }

    private static float[] Vectors(Random random, int length)
    {
        var values = new float[length];
        for (var i = 0; i < length; i++)
        {
            values[i] = (float)(random.NextDouble() - 0.5);
        }
        return values;
    }
}
