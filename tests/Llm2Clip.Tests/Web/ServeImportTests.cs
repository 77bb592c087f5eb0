using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Llm2Clip.Search;
using Llm2Clip.Tests.Search;

namespace Llm2Clip.Tests.Web;

/// <summary>Folders that a browser takes into the index.</summary>
[Collection(ServeCollection.Name)]
public sealed class ServeImportTests : IDisposable
{
    private readonly ServedRun _served;
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-serve").FullName;
    private readonly string _index;

    public ServeImportTests(ServedRun served)
    {
        (_served, _index) = (served, Path.Combine(_folder, "index"));
        served.Run.Photo(Root, "old/a.png", 1);
        SearchedRun.Done("index", Path.Combine(Root, "old"), "--model", served.Run.Run, "--out", _index);
    }

    private string Root => Path.Combine(_folder, "root");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AFolderIsTakenInWhileItIsSearched()
    {
        const int Photos = 60;
        for (var i = 0; i < Photos; i++)
        {
            Photo($"new/p{i:d2}.png", i);
        }
        File.WriteAllText(Path.Combine(Root, "new", "broken.png"), "no image");
        File.CreateSymbolicLink(Path.Combine(Root, "new", "link.png"), _served.Run.Of("summer/p00.png"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "new", "linked"), _served.Run.PhotoFolder);
        using var server = _served.Start(new ServeConfig { Root = Root }, _index);
        using var client = ServedRun.ClientOf(server);
        Assert.Equal("none", Phase(await ServedRun.Json(client, "/api/import")));
        Assert.Equal(["new", "old"], (await ServedRun.Json(client, "/api/import/folders")).GetProperty("folders").EnumerateArray().Select(name => name.GetString()));
        using var begun = await client.PostAsJsonAsync("/api/import", new { folder = "new" });
        Assert.Equal("running", Phase(await ServedRun.Json(begun, HttpStatusCode.Accepted)));
        var search = ServedRun.Json(client, "/api/search?q=a star");
        var states = await Events(client);
        Assert.NotEmpty((await search).GetProperty("hits").EnumerateArray());

        Assert.All(states.SkipLast(1), state => Assert.Equal("running", Phase(state)));
        var last = states[^1];
        Assert.Equal("done", Phase(last));
        var counts = last.GetProperty("report").GetProperty("counts");
        Assert.Equal((Photos, 1), (counts.GetProperty("encoded").GetInt32(), counts.GetProperty("bad").GetInt32()));
        Assert.Contains(last.GetProperty("notes").EnumerateArray(), note => note.GetString()!.Contains("broken.png", StringComparison.Ordinal));
        Assert.Equal(Photos + 1, last.GetProperty("total").GetInt32());
        var done = states.Select(state => state.GetProperty("done").GetInt64()).ToList();
        Assert.Equal(done.Order(), done);
        var found = await ServedRun.Json(client, "/api/search?q=x&fold=false&top=1000");
        Assert.Equal(Photos + 1, found.GetProperty("images").GetInt32());
        Assert.DoesNotContain(found.GetProperty("hits").EnumerateArray(), hit => hit.GetProperty("image").GetProperty("path").GetString()!.Contains("link", StringComparison.Ordinal));

        // The index is one as any other: the program brings it up to date, and nothing is encoded again.
        Directory.Delete(Path.Combine(Root, "new", "linked"));
        File.Delete(Path.Combine(Root, "new", "link.png"));
        Assert.Contains($"0 encoded, 0 known by their bytes, {Photos + 1} unchanged, 0 removed", SearchedRun.Done("index", "--out", _index), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnImportIsStoppedAndKeepsWhatItHas()
    {
        for (var i = 0; i < 400; i++)
        {
            Photo($"many/p{i:d3}.png", i);
        }
        using var server = _served.Start(new ServeConfig { Root = Root }, _index);
        using var client = ServedRun.ClientOf(server);
        using var begun = await client.PostAsJsonAsync("/api/import", new { folder = Path.Combine(Root, "many") });
        await ServedRun.Json(begun, HttpStatusCode.Accepted);
        using var second = await client.PostAsJsonAsync("/api/import", new { folder = "old" });
        Assert.Contains("is being imported", await ServedRun.Problem(second, HttpStatusCode.Conflict), StringComparison.Ordinal);
        using var stopped = await client.DeleteAsync("/api/import");
        var last = (await Events(client))[^1];
        Assert.Equal("stopped", Phase(last));
        Assert.Equal(1 + last.GetProperty("done").GetInt32(), (await ServedRun.Json(client, "/api/status")).GetProperty("images").GetInt32());

        // One that runs while the server ends is stopped with it, and the index is whole.
        using var again = await client.PostAsJsonAsync("/api/import", new { folder = "many" });
        await ServedRun.Json(again, HttpStatusCode.Accepted);
        server.Dispose();
        Assert.Empty(IndexUpkeep.Verify(_index, CancellationToken.None));
        SearchedRun.Done("index", "--out", _index); // nobody holds it any more
    }

    [Fact]
    public async Task NothingOutsideOfTheRootIsImported()
    {
        Directory.CreateDirectory(Path.Combine(Root, "empty"));
        Directory.CreateDirectory(Path.Combine(Root, "a{b"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "out"), _served.Run.PhotoFolder);
        _served.Run.Photo(_folder, "root-beside/b.png", 2);
        using var server = _served.Start(new ServeConfig { Root = Root }, _index);
        using var client = ServedRun.ClientOf(server);
        foreach (var (folder, status) in new[]
        {
            ("..", 403), ("../root-beside", 403), ("old/../../root-beside", 403), (_served.Run.PhotoFolder, 403), ("/", 403), ("/etc", 403),
            ("out", 403), ("out/summer", 403), ("../no-such-folder", 403), ("no-such-folder", 404), ("old/a.png", 404), ("empty", 400),
            ("a{b", 400), ("old\0", 400),
        })
        {
            using var response = await client.PostAsJsonAsync("/api/import", new { folder });
            Assert.True((int)response.StatusCode == status, $"{folder} gave {response.StatusCode}");
            await ServedRun.Problem(response, (HttpStatusCode)status);
        }
        using var listed = await client.GetAsync("/api/import/folders?below=..");
        await ServedRun.Problem(listed, HttpStatusCode.Forbidden);
        using var form = await client.PostAsync("/api/import", new FormUrlEncodedContent([new("folder", "old")]));
        await ServedRun.Problem(form, HttpStatusCode.UnsupportedMediaType);
        Assert.Equal(1, (await ServedRun.Json(client, "/api/status")).GetProperty("images").GetInt32());

        using var without = await _served.Client.PostAsJsonAsync("/api/import", new { folder = "old" });
        Assert.Contains("--root FOLDER", await ServedRun.Problem(without, HttpStatusCode.Forbidden), StringComparison.Ordinal);
        var error = Assert.Throws<ConfigException>(() => _served.Start(new ServeConfig { Root = Path.Combine(Root, "absent") }));
        Assert.Contains("is not there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnIndexThatAnotherProcessWritesToIsSaid()
    {
        using var server = _served.Start(new ServeConfig { Root = Root }, _index);
        using var client = ServedRun.ClientOf(server);
        using (Llm2Clip.Files.FolderLock.Take(_index))
        {
            using var begun = await client.PostAsJsonAsync("/api/import", new { folder = "old" });
            await ServedRun.Json(begun, HttpStatusCode.Accepted);
            var last = (await Events(client))[^1];
            Assert.Equal("failed", Phase(last));
            Assert.Contains("is being written to by another process", last.GetProperty("error").GetString()!, StringComparison.Ordinal);
        }
        Assert.NotEmpty((await ServedRun.Json(client, "/api/search?q=x")).GetProperty("hits").EnumerateArray());
    }

    /// <summary>A photo with bytes of its own: one behind a PNG's end makes it another file.</summary>
    private void Photo(string name, int number)
    {
        _served.Run.Photo(Root, name, number % 30);
        File.AppendAllText(Path.Combine(Root, name), $"{number}");
    }

    private static string Phase(JsonElement state) => state.GetProperty("phase").GetString()!;

    /// <summary>All events until the import ends, with which the stream ends.</summary>
    private static async Task<List<JsonElement>> Events(HttpClient client)
    {
        using var response = await client.GetAsync("/api/import/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var text = await response.Content.ReadAsStringAsync();
        var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, one => Assert.StartsWith("event: import\ndata: {", one, StringComparison.Ordinal));
        return [.. events.Select(one => JsonDocument.Parse(one["event: import\ndata: ".Length..]).RootElement)];
    }
}
