using System.IO.Hashing;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using Llm2Clip.Images;
using Llm2Clip.Pipeline;
using Llm2Clip.Search;
using Llm2Clip.Tests.Search;
using Llm2Clip.Web;

namespace Llm2Clip.Tests.Web;

/// <summary>The API of <c>serve</c>, asked over a real port.</summary>
[Collection(ServeCollection.Name)]
public sealed class ServeApiTests(ServedRun served) : IDisposable
{
    private const string Star = "ein roter Stern am Himmel";

    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-serve").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The road is that of <c>llm2clip search</c>.</summary>
    [Fact]
    public async Task ASentenceFindsWhatSearchFinds()
    {
        var answer = await served.Json($"/api/search?q={Star}&top=7");
        using var searcher = ImageSearch.Open(
            new RunConfig { Search = new SearchConfig { Index = served.Run.Index } }, SilentLog.Instance);
        var expected = searcher.Search(new SearchConfig { Texts = [Star], Top = 7 }, CancellationToken.None);
        Assert.Equal(served.Images, answer.GetProperty("images").GetInt32());
        Assert.Equal("de", answer.GetProperty("language").GetString());
        Assert.Equal(expected.Notes, answer.GetProperty("notes").EnumerateArray().Select(note => note.GetString()));
        var hits = answer.GetProperty("hits").EnumerateArray().ToList();
        Assert.Equal(7, hits.Count);
        foreach (var (hit, other) in hits.Zip(expected.Hits))
        {
            Assert.Equal(other.Path, hit.GetProperty("image").GetProperty("path").GetString());
            Assert.Equal(other.Score, hit.GetProperty("score").GetDouble(), 1e-5); // written with 5 digits
            Assert.Equal(other.Captions.Count, hit.GetProperty("image").GetProperty("captions").GetArrayLength());
            Assert.Equal(other.Alike.Count, hit.GetProperty("alike").GetArrayLength());
        }
        Assert.Equal("fr", (await served.Json($"/api/search?q={Star}&language=fr")).GetProperty("language").GetString());
    }

    [Fact]
    public async Task LinesHoldTheSameAnswer()
    {
        var whole = await served.Json($"/api/search?q={Star}&top=20");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/search?q={Star}&top=20");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        using var response = await served.Client.SendAsync(request);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        var lines = (await response.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n')
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(20, lines[0].GetProperty("head").GetProperty("found").GetInt32());
        Assert.Equal(
            whole.GetProperty("hits").EnumerateArray().Select(hit => hit.GetRawText()),
            lines.Skip(1).Select(line => line.GetProperty("hit").GetRawText()));
    }

    [Fact]
    public async Task AnImageFindsItselfAndTermsAddUp()
    {
        var bytes = File.ReadAllBytes(served.Run.Of("summer/p04.png"));
        using var found = await served.Client.PostAsync("/api/search?top=3", ServedRun.Image(bytes));
        var first = (await ServedRun.Json(found)).GetProperty("hits")[0];
        Assert.Equal(1, first.GetProperty("score").GetDouble(), 2e-3); // the index holds fp16
        // The photo is a scene of the tar too: both look alike, and one of them is shown.
        string[] paths =
        [
            first.GetProperty("image").GetProperty("path").GetString()!,
            .. first.GetProperty("alike").EnumerateArray().Select(other => other.GetProperty("path").GetString()!),
        ];
        Assert.Contains(served.Run.Of("summer/p04.png"), paths);

        var id = first.GetProperty("image").GetProperty("id").GetString();
        var (star, boat, self) = (await Scores("q=a red star"), await Scores("q=a boat"), await Scores($"like={id}"));
        var all = await Scores($"q=a red star^2&not=a boat&like={id}^0.5");
        Assert.Equal(served.Images, all.Count);
        foreach (var (other, score) in all)
        {
            Assert.Equal(2 * star[other] - 0.5 * boat[other] + 0.5 * self[other], score, 3e-5);
        }

        async Task<Dictionary<string, double>> Scores(string query) =>
            (await served.Json($"/api/search?{query}&fold=false&top=1000")).GetProperty("hits").EnumerateArray().ToDictionary(
                hit => hit.GetProperty("image").GetProperty("id").GetString()!, hit => hit.GetProperty("score").GetDouble());
    }

    [Fact]
    public async Task SimilarImagesAreThoseOfItsVectorWithoutItself()
    {
        var id = await FirstId();
        var like = await served.Json($"/api/search?like={id}&top=11");
        var similar = await served.Json($"/api/similar/{id}?top=10");
        Assert.Equal(
            like.GetProperty("hits").EnumerateArray().Skip(1).Select(PathOf), similar.GetProperty("hits").EnumerateArray().Select(PathOf));
        Assert.Equal(10, similar.GetProperty("hits").GetArrayLength());
        Assert.All(
            (await served.Json($"/api/similar/{id}?folder={served.Run.Of("winter")}")).GetProperty("hits").EnumerateArray(),
            hit => Assert.StartsWith(served.Run.Of("winter"), PathOf(hit), StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheNewestImagesComeFirst()
    {
        var (photos, index) = (Path.Combine(_folder, "photos"), Path.Combine(_folder, "index"));
        foreach (var (name, day) in new[] { ("a.png", 2), ("b.png", 9), ("c.png", 5) })
        {
            served.Run.Photo(photos, name, day);
            File.SetLastWriteTimeUtc(Path.Combine(photos, name), new DateTime(2024, 3, day, 0, 0, 0, DateTimeKind.Utc));
        }
        SearchedRun.Done("index", photos, "--model", served.Run.Run, "--out", index);
        using var server = served.Start(index: index);
        using var client = ServedRun.ClientOf(server);
        Assert.Equal("b.png c.png a.png", await Names("/api/images"));
        Assert.Equal("b.png", await Names("/api/images?top=1"));
        Assert.Equal("c.png a.png", await Names("/api/images?to=2024-03-05"));

        async Task<string> Names(string path)
        {
            var hits = (await ServedRun.Json(client, path)).GetProperty("hits").EnumerateArray().ToList();
            Assert.All(hits, hit => Assert.Equal(JsonValueKind.Null, hit.GetProperty("score").ValueKind));
            return string.Join(' ', hits.Select(hit => Path.GetFileName(PathOf(hit))));
        }
    }

    [Fact]
    public async Task FiltersAndFacets()
    {
        var facets = await served.Json("/api/facets");
        Assert.Equal(
            [(served.Run.PhotoFolder, 12), (served.Run.Of("summer"), 6), (served.Run.Of("winter"), 6)],
            facets.GetProperty("folders").EnumerateArray()
                .Select(folder => (folder.GetProperty("path").GetString()!, folder.GetProperty("images").GetInt32())));
        Assert.Equal($"{DateTime.UtcNow:yyyy-MM}", facets.GetProperty("last").GetString()![..7]);
        Assert.Equal(6, await Count($"q=x&folder={served.Run.Of("summer")}&fold=false"));
        Assert.Equal(0, await Count("q=x&shape=portrait"));
        Assert.Equal(served.Images, await Count("q=x&shape=square&fold=false&top=1000"));
        Assert.Equal(0, await Count("q=x&to=1999"));

        async Task<int> Count(string query) => (await served.Json("/api/search?" + query)).GetProperty("hits").GetArrayLength();
    }

    [Theory]
    [InlineData("/api/search", 400, "nothing to search for")]
    [InlineData("/api/search?q=%20", 400, "nothing to search for")]
    [InlineData("/api/search?quer=x", 400, "quer is not known")]
    [InlineData("/api/search?q=x&langage=de", 400, "did you mean language?")]
    [InlineData("/api/search?q=x&top=0", 400, "top is '0'; it must be a whole number from 1 to 1,000")]
    [InlineData("/api/search?q=x&top=1001", 400, "top is '1001'")]
    [InlineData("/api/search?q=x&top=5&top=6", 400, "top is given 2 times")]
    [InlineData("/api/search?q=x&from=yesterday", 400, "from is 'yesterday'")]
    [InlineData("/api/search?q=x&shape=round", 400, "shape is 'round'")]
    [InlineData("/api/search?q=x&shape=1", 400, "shape is '1'")]
    [InlineData("/api/search?q=x&fold=perhaps", 400, "fold is 'perhaps'")]
    [InlineData("/api/search?q=x%5E-3", 400, "it must be above 0")]
    [InlineData("/api/search?like=0-0123456789abcdef", 404, "no such image")]
    [InlineData("/api/similar/0-0123456789abcdef", 404, "no such image")]
    [InlineData("/api/similar/x", 404, "no such image")]
    [InlineData("/api/images?q=y", 400, "q is not known")]
    [InlineData("/api/images/ffffffffffff-0123456789abcdef", 404, "no such image")]
    [InlineData("/api/images/..%2F..%2Fetc%2Fpasswd/file", 404, "no such image")]
    [InlineData("/api/images/-1-0123456789abcdef/thumbnail", 404, "no such image")]
    [InlineData("/api/nothing", 404, "/openapi.json")]
    [InlineData("/page/../../etc/passwd", 404, "/openapi.json")]
    [InlineData("/page/nothing.js", 404, "/openapi.json")]
    public async Task WhatIsWrongIsSaid(string path, int status, string words)
    {
        using var response = await served.Client.GetAsync(path);
        Assert.Contains(words, await ServedRun.Problem(response, (HttpStatusCode)status), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LongQueriesAreRefused()
    {
        using var sentence = await served.Client.GetAsync("/api/search?q=" + new string('x', 2001));
        Assert.Contains("2,000 are read", await ServedRun.Problem(sentence, HttpStatusCode.BadRequest), StringComparison.Ordinal);
        using var terms = await served.Client.GetAsync("/api/search?" + string.Join('&', Enumerable.Repeat("q=x", 17)));
        Assert.Contains("more than 16 terms", await ServedRun.Problem(terms, HttpStatusCode.BadRequest), StringComparison.Ordinal);
        using var url = await served.Client.GetAsync("/api/search?q=" + new string('x', 20_000));
        await ServedRun.Problem(url, HttpStatusCode.RequestUriTooLong);
        // 10 MB are not read: the server answers, and may close while they are being sent.
        using var client = new System.Net.Sockets.TcpClient(new Uri(served.Server.Url).Host, new Uri(served.Server.Url).Port);
        var stream = client.GetStream();
        try
        {
            stream.Write("GET /api/search?q="u8);
            for (var i = 0; i < 160; i++)
            {
                stream.Write(new string('x', 64 << 10).Select(c => (byte)c).ToArray());
            }
        }
        catch (IOException)
        {
            // closed already
        }
        var head = new byte[12];
        Assert.True(TryRead(stream, head) == 0 || System.Text.Encoding.ASCII.GetString(head) == "HTTP/1.1 414");
        Assert.Equal(served.Images, (await served.Json("/api/status")).GetProperty("images").GetInt32());

        static int TryRead(System.Net.Sockets.NetworkStream stream, byte[] into)
        {
            try
            {
                return stream.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }

    [Fact]
    public async Task HostileImagesAreRefused()
    {
        using var server = served.Start(new ServeConfig { MaxUpload = 1, MaxMegapixels = 1 });
        using var client = ServedRun.ClientOf(server);
        var image = File.ReadAllBytes(served.Run.Of("summer/p04.png"));
        Assert.Contains("not a jpg", await Refused(ServedRun.Image([.. "<html>no image</html>"u8]), HttpStatusCode.UnsupportedMediaType), StringComparison.Ordinal);
        Assert.Contains("must be an image", await Refused(JsonContent.Create("x"), HttpStatusCode.UnsupportedMediaType), StringComparison.Ordinal);
        Assert.Contains("empty", await Refused(ServedRun.Image([]), HttpStatusCode.UnprocessableEntity), StringComparison.Ordinal);
        Assert.Contains("cannot be decoded", await Refused(ServedRun.Image(image[..(image.Length / 2)]), HttpStatusCode.UnprocessableEntity), StringComparison.Ordinal);
        Assert.Contains("declares 60000 x 60000 pixels", await Refused(ServedRun.Image(Bomb(60_000)), HttpStatusCode.RequestEntityTooLarge), StringComparison.Ordinal);
        Assert.Contains("declares 1001 x 1001 pixels", await Refused(ServedRun.Image(Bomb(1001)), HttpStatusCode.RequestEntityTooLarge), StringComparison.Ordinal);
        Assert.Contains("longer than the 1,048,576 bytes", await Refused(ServedRun.Image(new byte[(1 << 20) + 1]), HttpStatusCode.RequestEntityTooLarge), StringComparison.Ordinal);
        // Without a length, the server counts.
        var chunked = new StreamContent(new MemoryStream([.. image, .. new byte[2 << 20]]));
        chunked.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/search") { Content = chunked };
        request.Headers.TransferEncodingChunked = true;
        using var response = await client.SendAsync(request);
        await ServedRun.Problem(response, HttpStatusCode.RequestEntityTooLarge);

        async Task<string> Refused(HttpContent content, HttpStatusCode status)
        {
            using var answer = await client.PostAsync("/api/search", content);
            return await ServedRun.Problem(answer, status);
        }
    }

    [Fact]
    public async Task OriginalsAndThumbnailsAreKeptByBrowsersAndCheckedByBytes()
    {
        var (photos, index) = (Path.Combine(_folder, "photos"), Path.Combine(_folder, "index"));
        foreach (var (name, scene) in new[] { ("a.png", 3), ("b.png", 4), ("c.png", 5) })
        {
            served.Run.Photo(photos, name, scene);
        }
        var pixels = ImageCodec.Decode(File.ReadAllBytes(Path.Combine(photos, "a.png")), "a");
        File.WriteAllBytes(Path.Combine(photos, "d.tif"), ImageCodec.Encode(pixels, image => image.TiffsaveBuffer()));
        SearchedRun.Done("index", photos, "--model", served.Run.Run, "--out", index);
        using var server = served.Start(index: index);
        using var client = ServedRun.ClientOf(server);
        var ids = (await ServedRun.Json(client, "/api/search?q=x&fold=false")).GetProperty("hits").EnumerateArray()
            .ToDictionary(hit => Path.GetFileName(PathOf(hit)), hit => hit.GetProperty("image").GetProperty("id").GetString()!);

        foreach (var kind in new[] { "file", "thumbnail" })
        {
            using var first = await client.GetAsync($"/api/images/{ids["a.png"]}/{kind}");
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            var cache = first.Headers.CacheControl!;
            Assert.True(cache.Private && cache.MaxAge == TimeSpan.FromDays(365) && cache.Extensions.Any(one => one.Name == "immutable"));
            Assert.Equal(kind == "file" ? "image/png" : "image/webp", first.Content.Headers.ContentType!.MediaType);
            using var again = new HttpRequestMessage(HttpMethod.Get, first.RequestMessage!.RequestUri);
            again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
            using var unchanged = await client.SendAsync(again);
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
            Assert.Empty(await unchanged.Content.ReadAsByteArrayAsync());
        }
        Assert.Equal(File.ReadAllBytes(Path.Combine(photos, "a.png")), await client.GetByteArrayAsync($"/api/images/{ids["a.png"]}/file"));
        var converted = ImageCodec.Decode(await client.GetByteArrayAsync($"/api/images/{ids["d.tif"]}/file"), "d"); // browsers show no TIFF
        Assert.Equal((pixels.Width, pixels.Height), (converted.Width, converted.Height));

        // Whatever a path leads to by now, nothing but the indexed bytes is given out.
        File.WriteAllText(Path.Combine(photos, "a.png"), "another file");
        File.Delete(Path.Combine(photos, "b.png"));
        File.CreateSymbolicLink(Path.Combine(photos, "b.png"), "/etc/hostname");
        File.Delete(Path.Combine(photos, "c.png"));
        foreach (var name in new[] { "a.png", "b.png", "c.png" })
        {
            using var response = await client.GetAsync($"/api/images/{ids[name]}/file");
            await ServedRun.Problem(response, HttpStatusCode.Gone);
            Assert.NotEmpty(await client.GetByteArrayAsync($"/api/images/{ids[name]}/thumbnail"));
        }
    }

    [Fact]
    public async Task ImagesInsideTarsAreGivenOut()
    {
        var image = (await served.Json("/api/search?q=x&top=1000&fold=false")).GetProperty("hits").EnumerateArray()
            .Select(hit => hit.GetProperty("image")).First(one => one.GetProperty("path").GetString()!.Contains(".tar: ", StringComparison.Ordinal));
        var bytes = await served.Client.GetByteArrayAsync($"/api/images/{image.GetProperty("id").GetString()}/file");
        var decoded = ImageCodec.Decode(bytes, "member");
        Assert.Equal((image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32()), (decoded.Width, decoded.Height));
        Assert.NotEmpty(image.GetProperty("captions").EnumerateArray());
        Assert.Equal(
            image.GetRawText(), (await served.Json($"/api/images/{image.GetProperty("id").GetString()}")).GetRawText());
    }

    [Fact]
    public async Task EmbeddingsAreTheVectorsOfTheSearch()
    {
        using var searcher = ImageSearch.Open(
            new RunConfig { Search = new SearchConfig { Index = served.Run.Index } }, SilentLog.Instance);
        var bytes = File.ReadAllBytes(served.Run.Of("summer/p04.png"));
        string[] inputs = [Star, $"data:image/png;base64,{Convert.ToBase64String(bytes)}", "a red star"];
        float[][] expected =
        [
            searcher.EncodeTexts([Star], "de", CancellationToken.None), searcher.EncodeImage(bytes, "p04"),
            searcher.EncodeTexts(["a red star"], "en", CancellationToken.None),
        ];
        foreach (var (path, format) in new[] { ("/v1/embeddings", "float"), ("/api/embed", "base64") })
        {
            using var response = await served.Client.PostAsJsonAsync(path, new { input = inputs, model = "any", encoding_format = format });
            var answer = await ServedRun.Json(response);
            Assert.Equal("list", answer.GetProperty("object").GetString());
            var rows = answer.GetProperty("data").EnumerateArray().ToList();
            Assert.Equal([0, 1, 2], rows.Select(row => row.GetProperty("index").GetInt32()));
            foreach (var (row, wanted) in rows.Zip(expected))
            {
                var value = row.GetProperty("embedding");
                var vector = format == "float"
                    ? value.EnumerateArray().Select(one => one.GetSingle()).ToArray()
                    : MemoryMarshal.Cast<byte, float>(value.GetBytesFromBase64()).ToArray();
                Assert.Equal(wanted.Length, vector.Length);
                Assert.All(wanted.Zip(vector), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
            }
        }
    }

    [Theory]
    [InlineData("""{"input": []}""", 400, "0 texts")]
    [InlineData("""{"input": 5}""", 400, "must be a text or a list")]
    [InlineData("""{"input": ["a", 5]}""", 400, "must be a text or a list")]
    [InlineData("""{"input": " "}""", 400, "Input 0 has 1 characters")]
    [InlineData("""{"input": "a", "dimensions": 7}""", 400, "dimensions is 7; the vectors of this student have 16 elements")]
    [InlineData("""{"input": "a", "encoding_format": "hex"}""", 400, "encoding_format is 'hex'")]
    [InlineData("""{"input": "data:image/png,xyz"}""", 400, "not in base64")]
    [InlineData("""{"input": "data:image/png;base64,***"}""", 400, "is no base64")]
    [InlineData("""{"input": "data:image/png;base64,AAAA"}""", 415, "not a jpg")]
    [InlineData("""{"inputs": "a"}""", 400, "cannot be understood")]
    [InlineData("""{"input": """, 400, "cannot be understood")]
    public async Task WrongEmbeddingRequestsAreRefused(string body, int status, string words)
    {
        using var response = await served.Client.PostAsync("/v1/embeddings", new StringContent(body, null, "application/json"));
        Assert.Contains(words, await ServedRun.Problem(response, (HttpStatusCode)status), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheDocumentSaysWhatThereIs()
    {
        var document = await served.Json("/openapi.json");
        var said = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}")).Order();
        var routes = served.Server.Routes.Where(route => !route.Contains("/page/", StringComparison.Ordinal)
            && !route.EndsWith(" /", StringComparison.Ordinal) && !route.EndsWith("/openapi.json", StringComparison.Ordinal)).Order();
        Assert.Equal(routes, said);
        Assert.All(References(document), reference => Assert.Equal(JsonValueKind.Object, Resolve(reference).ValueKind));

        // What an answer holds is what is said of it, key by key.
        var hit = (await served.Json("/api/search?q=x&top=1")).GetProperty("hits")[0];
        Assert.Equal(Keys("hit"), hit.EnumerateObject().Select(key => key.Name));
        Assert.Equal(Keys("image"), hit.GetProperty("image").EnumerateObject().Select(key => key.Name));
        Assert.Equal(Keys("answer"), (await served.Json("/api/search?q=x&top=1")).EnumerateObject().Select(key => key.Name));
        Assert.Equal(Keys("import"), (await served.Json("/api/import")).EnumerateObject().Select(key => key.Name));

        IEnumerable<string> Keys(string schema) =>
            Resolve($"#/components/schemas/{schema}").GetProperty("properties").EnumerateObject().Select(key => key.Name);

        JsonElement Resolve(string reference) =>
            reference.Split('/').Skip(1).Aggregate(document, (at, name) => at.GetProperty(name));

        static IEnumerable<string> References(JsonElement at) => at.ValueKind switch
        {
            JsonValueKind.Object => at.EnumerateObject().SelectMany(
                key => key.Name == "$ref" ? [key.Value.GetString()!] : References(key.Value)),
            JsonValueKind.Array => at.EnumerateArray().SelectMany(References),
            _ => [],
        };
    }

    [Fact]
    public async Task ManyAtOnceGetTheAnswersOfOneByOne()
    {
        string[] queries = [Star, "a red star", "a large boat", "一只狗", "two green trees beside a car"];
        var alone = new Dictionary<string, string>();
        foreach (var query in queries)
        {
            alone.Add(query, await Paths(query));
        }
        var together = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => queries[i % queries.Length])
            .Select(async query => (query, Paths: await Paths(query))));
        Assert.All(together, one => Assert.Equal(alone[one.query], one.Paths));

        async Task<string> Paths(string query) => string.Join(
            '\n', (await served.Json($"/api/search?q={query}")).GetProperty("hits").EnumerateArray().Select(PathOf));
    }

    /// <summary>Another process brings the index up to date: both servers of it show that, without a restart.</summary>
    [Fact]
    public async Task WhatIsIndexedMeanwhileIsFound()
    {
        var (photos, index) = (Path.Combine(_folder, "photos"), Path.Combine(_folder, "index"));
        served.Run.Photo(photos, "a.png", 3);
        SearchedRun.Done("index", photos, "--model", served.Run.Run, "--out", index);
        using var one = served.Start(index: index);
        using var two = served.Start(index: index);
        using var first = ServedRun.ClientOf(one);
        using var second = ServedRun.ClientOf(two);
        Assert.Equal(1, await Images(first));
        served.Run.Photo(photos, "b.png", 4);
        SearchedRun.Done("index", "--out", index);
        await Task.Delay(1100); // it looks once a second
        Assert.Equal((2, 2), (await Images(first), await Images(second)));
        SearchedRun.Done("index", "compact", index);
        await Task.Delay(1100);
        Assert.Equal(2, (await ServedRun.Json(first, "/api/search?q=x")).GetProperty("hits").GetArrayLength());

        static async Task<int> Images(HttpClient client) => (await ServedRun.Json(client, "/api/status")).GetProperty("images").GetInt32();
    }

    [Fact]
    public async Task ServingWritesNothing()
    {
        var before = Files();
        var id = await FirstId();
        await served.Client.GetByteArrayAsync($"/api/images/{id}/file");
        await served.Client.GetByteArrayAsync($"/api/images/{id}/thumbnail");
        using var _ = await served.Client.PostAsync(
            "/api/search", ServedRun.Image(File.ReadAllBytes(served.Run.Of("summer/p04.png"))));
        Assert.Equal(before, Files());

        string Files() => string.Join('\n', new[] { served.Run.Index, served.Run.PhotoFolder }
            .SelectMany(folder => Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories)).Order()
            .Select(file => $"{file} {File.GetLastWriteTimeUtc(file):O}"));
    }

    /// <summary>A student without its teacher: images find images, and a sentence is refused with the reason.</summary>
    [Fact]
    public async Task WithoutATeacherImagesFindImages()
    {
        var (alone, index) = (Path.Combine(_folder, "alone"), Path.Combine(_folder, "index"));
        Directory.CreateDirectory(alone);
        foreach (var file in Directory.GetFiles(Path.Combine(served.Run.Run, "student", "model")))
        {
            File.Copy(file, Path.Combine(alone, Path.GetFileName(file)));
        }
        SearchedRun.Done("index", served.Run.PhotoFolder, "--model", alone, "--out", index);
        using var server = served.Start(index: index);
        using var client = ServedRun.ClientOf(server);
        using var sentence = await client.GetAsync("/api/search?q=x");
        Assert.Contains("Name the teacher folder (--teacher)", await ServedRun.Problem(sentence, HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
        Assert.Contains("--teacher", (await ServedRun.Json(client, "/api/status")).GetProperty("teacher_problem").GetString()!, StringComparison.Ordinal);
        using var image = await client.PostAsync("/api/search", ServedRun.Image(File.ReadAllBytes(served.Run.Of("summer/p04.png"))));
        Assert.Equal(SearchedRun.Photos, (await ServedRun.Json(image)).GetProperty("images").GetInt32());
    }

    private static string PathOf(JsonElement hit) => hit.GetProperty("image").GetProperty("path").GetString()!;

    private async Task<string> FirstId() =>
        (await served.Json("/api/search?q=x&top=1")).GetProperty("hits")[0].GetProperty("image").GetProperty("id").GetString()!;

    /// <summary>A PNG of a few bytes that declares a square of many pixels.</summary>
    private static byte[] Bomb(int side)
    {
        var header = new byte[13];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header, side);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), side);
        (header[8], header[9]) = (8, 2);
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, [0x78, 0x9C, 3, 0, 0, 0, 0, 1]), .. Chunk("IEND"u8, [])];

        static byte[] Chunk(ReadOnlySpan<byte> type, byte[] content)
        {
            var length = new byte[4];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
            byte[] body = [.. type, .. content];
            return [.. length, .. body, .. Crc32.Hash(body).Reverse()];
        }
    }
}
