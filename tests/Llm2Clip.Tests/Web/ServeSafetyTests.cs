using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Llm2Clip.Search;
using Llm2Clip.Web;

namespace Llm2Clip.Tests.Web;

/// <summary>Who may ask, and what is given out to nobody.</summary>
[Collection(ServeCollection.Name)]
public sealed class ServeSafetyTests(ServedRun served) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-serve").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A site whose name leads to 127.0.0.1 is same-origin to itself: its name gives it away.</summary>
    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("evil.example:80", 421)]
    [InlineData("127.0.0.1.evil.example", 421)]
    [InlineData("localhost", 200)]
    [InlineData("127.0.0.1:1", 200)]
    [InlineData("[::1]:5", 200)]
    public async Task OtherNamesOfThisMachineAreRefused(string host, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        request.Headers.Host = host;
        using var response = await served.Client.SendAsync(request);
        Assert.Equal((HttpStatusCode)status, response.StatusCode);
    }

    [Theory]
    [InlineData("/api/status", "Origin", "https://evil.example", 403)]
    [InlineData("/api/status", "Origin", "null", 403)]
    [InlineData("/api/status", "Sec-Fetch-Site", "cross-site", 403)]
    [InlineData("/api/status", "Sec-Fetch-Site", "same-site", 403)]
    [InlineData("/", "Sec-Fetch-Site", "cross-site", 403)]
    [InlineData("/api/status", "Sec-Fetch-Site", "same-origin", 200)]
    [InlineData("/api/status", "Sec-Fetch-Site", "none", 200)]
    public async Task OtherWebSitesAreRefused(string path, string header, string value, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add(header, value);
        using var response = await served.Client.SendAsync(request);
        Assert.Equal((HttpStatusCode)status, response.StatusCode);
    }

    [Fact]
    public async Task ALinkToThePageAndTheOwnOriginAreFine()
    {
        using var link = new HttpRequestMessage(HttpMethod.Get, "/?q=x");
        link.Headers.Add("Sec-Fetch-Site", "cross-site");
        link.Headers.Add("Sec-Fetch-Mode", "navigate");
        using var page = await served.Client.SendAsync(link);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        using var own = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        own.Headers.Add("Origin", served.Server.Url);
        using var answer = await served.Client.SendAsync(own);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/status")]
    [InlineData("/api/nothing")]
    public async Task EveryAnswerHasThePolicies(string path)
    {
        using var response = await served.Client.GetAsync(path);
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; ", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Resource-Policy")));
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public void AnotherAddressAsksForAToken()
    {
        var error = Assert.Throws<ConfigException>(() => served.Start(new ServeConfig { Address = "0.0.0.0" }));
        Assert.Contains("--token-file FILE", error.Message, StringComparison.Ordinal);
        var file = Path.Combine(_folder, "short");
        File.WriteAllText(file, "secret\n");
        error = Assert.Throws<ConfigException>(() => served.Start(new ServeConfig { TokenFile = file }));
        Assert.Contains("a token of 6 characters; it must have at least 16", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ConfigException>(() => served.Start(new ServeConfig { Address = "photos.example" }));
        Assert.Contains("serve.address is 'photos.example'; it must be an IP address", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATokenIsAskedForEverythingButThePage()
    {
        var file = Path.Combine(_folder, "token");
        var log = new ListLog();
        using var server = served.Start(new ServeConfig { Address = "0.0.0.0", TokenFile = file }, log: log);
        var token = File.ReadAllText(file).Trim();
        Assert.Equal(48, token.Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
        using var client = ServedRun.ClientOf(server);
        foreach (var path in new[] { "/", "/page/app.js", "/openapi.json", "/api/session" })
        {
            using var open = await client.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, open.StatusCode);
        }
        foreach (var path in new[]
        {
            "/api/status", "/API/status", "/api/search?q=x", $"/api/status?token={token}", "/api/images/0-0/file", "/v1/embeddings", "/api/nothing", "/%61pi/status",
            "/page/../api/status", "/api/session/../status", "/nothing",
        })
        {
            using var refused = await client.GetAsync(path);
            await ServedRun.Problem(refused, HttpStatusCode.Unauthorized);
            Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.ToString());
        }
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(new AuthenticationHeaderValue("Bearer", token[..^1] + "x"), null));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(new AuthenticationHeaderValue("Basic", token), null));
        Assert.Equal(HttpStatusCode.OK, await Status(new AuthenticationHeaderValue("Bearer", token), null));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(null, $"{AccessToken.Cookie}={token}")); // the cookie is not the token

        using var wrong = await client.PostAsJsonAsync("/api/session", new { token = "0123456789abcdef" });
        Assert.Equal("The token is wrong.", await ServedRun.Problem(wrong, HttpStatusCode.Unauthorized));
        Assert.Contains(log.Warnings, line => line.StartsWith("A wrong token came from ", StringComparison.Ordinal));
        using var right = await client.PostAsJsonAsync("/api/session", new { token });
        var cookie = Assert.Single(right.Headers.GetValues("Set-Cookie"));
        Assert.Contains("; httponly", cookie, StringComparison.Ordinal);
        Assert.Contains("; samesite=strict", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain(token, cookie, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await Status(null, cookie.Split(';')[0]));
        Assert.All(log.Lines, line => Assert.DoesNotContain(token, line, StringComparison.Ordinal));

        // The same file is the same token.
        using var second = served.Start(new ServeConfig { TokenFile = file });
        Assert.Equal(token, File.ReadAllText(file).Trim());

        async Task<HttpStatusCode> Status(AuthenticationHeaderValue? header, string? value)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status") { Headers = { Authorization = header } };
            if (value is not null)
            {
                request.Headers.Add("Cookie", value);
            }
            using var response = await client.SendAsync(request);
            return response.StatusCode;
        }
    }

    /// <summary>With a root, originals outside of it stay there; the index's own thumbnails are shown.</summary>
    [Fact]
    public async Task OriginalsOutsideOfTheRootAreNotGivenOut()
    {
        using var server = served.Start(new ServeConfig { Root = served.Run.Of("winter") });
        using var client = ServedRun.ClientOf(server);
        var images = (await ServedRun.Json(client, "/api/search?q=x&fold=false&top=1000")).GetProperty("hits").EnumerateArray()
            .Select(hit => hit.GetProperty("image")).ToList();
        foreach (var image in images)
        {
            using var response = await client.GetAsync($"/api/images/{image.GetProperty("id").GetString()}/file");
            var isInside = image.GetProperty("path").GetString()!.StartsWith(served.Run.Of("winter/"), StringComparison.Ordinal);
            Assert.Equal(isInside ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.StatusCode);
        }
        Assert.Equal(served.Images, images.Count);
    }

    [Fact]
    public async Task TheQueueHasABoundAndATurn()
    {
        using var queue = new ModelQueue(2);
        using var hold = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var order = new List<int>();
        var first = queue.Run(() => { begun.Set(); hold.Wait(); return 0; }, CancellationToken.None);
        begun.Wait();
        using var gone = new CancellationTokenSource();
        var second = queue.Run(() => { order.Add(2); return 2; }, gone.Token);
        var third = queue.Run(() => { order.Add(3); return 3; }, CancellationToken.None);
        var refused = Assert.Throws<ProblemException>(() => { _ = queue.Run(() => 4, CancellationToken.None); });
        Assert.Equal((503, "2 queries are waiting already. Ask again in a moment."), (refused.Status, refused.Message));
        gone.Cancel(); // its client went away
        hold.Set();
        Assert.Equal(3, await third);
        Assert.True(second.IsCanceled);
        Assert.Equal([3], order);
        Assert.Equal(0, await first);
        var failing = queue.Run<int>(() => throw new InputException("broken"), CancellationToken.None);
        await Assert.ThrowsAsync<InputException>(() => failing);
        Assert.Equal(5, queue.Wait(() => 5, CancellationToken.None)); // the thread is still there
    }

    [Fact]
    public async Task ACrowdIsToldToComeAgain()
    {
        using var server = served.Start(new ServeConfig { Queue = 1 });
        using var client = ServedRun.ClientOf(server);
        using var ready = await client.GetAsync("/api/search?q=x");
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => client.GetAsync($"/api/search?q=a star {i}")));
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable).ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, answer => Assert.Equal("1", answer.Headers.GetValues("Retry-After").Single()));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable));
    }

    [Fact]
    public void APortThatIsTakenIsNamed()
    {
        var taken = new Uri(served.Server.Url).Port;
        var error = Assert.Throws<ConfigException>(() => PhotoServer.Start(
            new Llm2Clip.Pipeline.RunConfig
            {
                Search = new SearchConfig { Index = served.Run.Index },
                Serve = new ServeConfig { Port = taken },
            },
            SilentLog.Instance));
        Assert.Contains($"Nothing can listen on 127.0.0.1, port {taken}: ", error.Message, StringComparison.Ordinal);
    }
}
