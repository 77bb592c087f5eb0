using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Pipeline;
using Llm2Clip.Search;
using Llm2Clip.Web;

namespace Llm2Clip.Bench;

/// <summary>
/// 1,000 searches by sentence over HTTP, 32 at once, against one at a time: the LLM answers one query after the other, so that what 32 gain
/// is all that is not the LLM. Student and index are of the quick start's data.
/// </summary>
internal static class ServeFigure
{
    private const int Requests = 1000;
    private const int AtOnce = 32;
    private const int Alone = 300;
    private const int Warm = 300;

    public static IEnumerable<Figure> Measure(string root)
    {
        var folder = Directory.CreateTempSubdirectory("llm2clip-serve").FullName;
        try
        {
            using var server = PhotoServer.Start(Prepare(root, folder), SilentLog.Instance);
            using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
            var sentences = Sentences(root);
            Ask(client, sentences, Warm, AtOnce);
            var alone = Ask(client, sentences, Alone, 1);
            var start = Resident();
            var together = Ask(client, sentences, Requests, AtOnce);
            var growth = (Resident() - start) / (double)start;
            yield return Figure.Printed(
                "serve", $"{Requests:N0} searches by sentence over HTTP, {AtOnce} at once", Row(together), $"one at a time: {Row(alone)}",
                string.Create(CultureInfo.InvariantCulture, $"{together.Errors} errors, memory {growth:+0.0 %;-0.0 %;0.0 %}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A student of one step is as fast as a good one.</summary>
    private static RunConfig Prepare(string root, string folder)
    {
        var data = Path.Combine(root, "data/quickstart");
        var run = ConfigBinder.Load<RunConfig>(
            Path.Combine(root, "configs/quickstart.yaml"),
            [
                $"output={folder}/run", $"data.train={data}/val-*.tar", $"data.val={data}/val-*.tar", $"teacher.path={data}/teacher.gguf",
                "cc_finetune.language_text=[]", "cc_finetune.adapter.kind=none", "clip_train.epochs=1", "index.data=" + $"{data}/val-*.tar",
                $"index.output={folder}/index", "serve.port=0",
            ]);
        CcFinetune.Run(run, SilentLog.Instance, CancellationToken.None);
        Extract.Run(run, SilentLog.Instance, CancellationToken.None);
        ClipTrain.Run(run, SilentLog.Instance, CancellationToken.None);
        IndexImages.Run(run, SilentLog.Instance, CancellationToken.None);
        return run with { Search = run.Search with { Index = run.IndexFolder() } };
    }

    private static List<string> Sentences(string root)
    {
        var source = Datasets.Open(Path.Combine(root, "data/quickstart/val-*.tar"), new DataConfig(), SilentLog.Instance);
        return
        [
            .. Enumerable.Range(0, source.ShardCount).SelectMany(shard => source.ReadShard(shard, _ => { }))
                .SelectMany(sample => sample.Captions).Select(caption => caption.Text).Distinct().Take(Requests),
        ];
    }

    private static (double[] Milliseconds, double Seconds, int Errors) Ask(
        HttpClient client, List<string> sentences, int count, int atOnce)
    {
        var times = new double[count];
        var errors = 0;
        var clock = Stopwatch.StartNew();
        Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (i, cancellation) =>
        {
            var one = Stopwatch.StartNew();
            var url = "/api/search?q=" + Uri.EscapeDataString(sentences[i % sentences.Count]);
            using var response = await client.GetAsync(url, cancellation);
            await response.Content.ReadAsByteArrayAsync(cancellation);
            times[i] = one.Elapsed.TotalMilliseconds;
            if (!response.IsSuccessStatusCode)
            {
                Interlocked.Increment(ref errors);
            }
        }).GetAwaiter().GetResult();
        Array.Sort(times);
        return (times, clock.Elapsed.TotalSeconds, errors);
    }

    private static string Row((double[] Milliseconds, double Seconds, int Errors) measured)
    {
        var times = measured.Milliseconds;
        var (median, late) = (times[times.Length / 2], times[times.Length * 99 / 100]);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{times.Length / measured.Seconds:0} per second, median {median:0.0} ms, p99 {late:0.0} ms");
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return ProcessStatus.Bytes("VmRSS");
    }
}
