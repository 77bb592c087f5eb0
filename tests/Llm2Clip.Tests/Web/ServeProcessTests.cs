using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Llm2Clip.Search;
using Llm2Clip.Tests.PowerCuts;

namespace Llm2Clip.Tests.Web;

/// <summary><c>llm2clip serve</c> as a process: its start, its end by signals, and kill -9.</summary>
[Collection(ServeCollection.Name)]
public sealed partial class ServeProcessTests(ServedRun served)
{
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task ASignalEndsItWellAndWhatIsUnderWayIsAnswered(string signal)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Signals are sent by kill.");
        }
        var (process, log, url) = Start();
        using (process)
        {
            using var client = new HttpClient { BaseAddress = new Uri(url) };
            Assert.Equal(served.Images, (await ServedRun.Json(client, "/api/search?q=a star")).GetProperty("images").GetInt32());
            var last = Enumerable.Range(0, 5).Select(i => client.GetStringAsync($"/api/search?q=a boat {i}")).ToList();
            await Task.Delay(50); // they are under way
            Process.Start("kill", [$"-{signal}", $"{process.Id}"]).WaitForExit();
            Assert.All(await Task.WhenAll(last), answer => Assert.Contains("\"hits\"", answer, StringComparison.Ordinal));
            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), log.ToString());
            process.WaitForExit(); // and its output
            Assert.True(process.ExitCode == 0, log.ToString());
        }
        Assert.Matches(@"6 requests in \d+ s\.\n", log.ToString());
        Assert.DoesNotContain("a boat", log.ToString(), StringComparison.Ordinal); // no query is logged
    }

    [Fact]
    public async Task AKilledServerLeavesTheIndexAsItWas()
    {
        var (process, _, url) = Start();
        using (process)
        {
            using var client = new HttpClient { BaseAddress = new Uri(url) };
            var answered = 0;
            var asking = Enumerable.Range(0, 4).Select(_ => Ask()).ToList();
            while (Volatile.Read(ref answered) < 8)
            {
                await Task.WhenAny(Task.Delay(20), asking[0]);
            }
            process.Kill();
            process.WaitForExit();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => Task.WhenAll(asking)); // until there is no server any more

            async Task Ask()
            {
                while (true)
                {
                    await client.GetStringAsync($"/api/search?q=a boat {Interlocked.Increment(ref answered)}");
                }
            }
        }
        Assert.Empty(IndexUpkeep.Verify(served.Run.Index, CancellationToken.None));
    }

    private (Process Process, StringBuilder Log, string Url) Start()
    {
        var log = new StringBuilder();
        var process = CutRun.Start(["serve", "--index", served.Run.Index, "--port", "0"], log);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            lock (log)
            {
                if (Url().Match(log.ToString()) is { Success: true } found)
                {
                    return (process, log, found.Value);
                }
            }
            Assert.False(process.HasExited || clock.Elapsed > TimeSpan.FromMinutes(2), log.ToString());
            Thread.Sleep(50);
        }
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Url();
}
