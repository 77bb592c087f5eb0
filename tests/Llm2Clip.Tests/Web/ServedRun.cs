using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Llm2Clip.Pipeline;
using Llm2Clip.Search;
using Llm2Clip.Tests.Search;
using Llm2Clip.Web;

namespace Llm2Clip.Tests.Web;

/// <summary>The tests of <c>serve</c> share one student, and one index of folders and of a tar, which they only read.</summary>
[CollectionDefinition(Name)]
public sealed class ServeCollection : ICollectionFixture<ServedRun>
{
    public const string Name = "serve";
}

/// <summary>A student, photos, an index of them and of captioned images in a tar, and servers of it on real ports.</summary>
public sealed class ServedRun : IDisposable
{
    public const int Captioned = 30;

    public ServedRun()
    {
        SearchedRun.Done("index", Run.Captioned, "--out", Run.Index);
        Server = Start();
        Client = ClientOf(Server);
    }

    public SearchedRun Run { get; } = new();

    public int Images => SearchedRun.Photos + Captioned;

    /// <summary>A server without a token and without a folder to import from.</summary>
    internal PhotoServer Server { get; }

    public HttpClient Client { get; }

    /// <summary>Starts another server on a port of its own.</summary>
    internal PhotoServer Start(ServeConfig? config = null, string? index = null, IRunLog? log = null) => PhotoServer.Start(
        new RunConfig
        {
            Search = new SearchConfig { Index = index ?? Run.Index },
            Serve = (config ?? new ServeConfig()) with { Port = 0 },
        },
        log ?? SilentLog.Instance);

    /// <summary>A client that keeps no cookies and follows no redirects.</summary>
    internal static HttpClient ClientOf(PhotoServer server) => new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
    {
        BaseAddress = new Uri(server.Url.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)),
    };

    /// <summary>A JSON answer.</summary>
    public Task<JsonElement> Json(string path) => Json(Client, path);

    public static async Task<JsonElement> Json(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return await Json(response);
    }

    public static async Task<JsonElement> Json(HttpResponseMessage response, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{response.RequestMessage!.RequestUri} gave {response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The detail of a refusal, which has to be problem details.</summary>
    public static async Task<string> Problem(HttpResponseMessage response, HttpStatusCode status)
    {
        var json = await Json(response, status);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal((int)status, json.GetProperty("status").GetInt32());
        return json.GetProperty("detail").GetString()!;
    }

    public static ByteArrayContent Image(byte[] bytes, string type = "image/png") =>
        new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        Run.Dispose();
    }
}
