using System.Text.Json;
using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Llm2Clip.Search;
using Llm2Clip.Tests.Search;
using Llm2Clip.Web;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Llm2Clip.Tests.Web;

/// <summary>
/// The page of <c>serve</c> in the system's Chromium, as a user works with it. Every test also fails by an error in the browser's console,
/// and by a request to anything but the server. Screenshots lie in <c>screenshots</c> beside the tests' program.
/// </summary>
[Collection(ServeCollection.Name)]
public sealed partial class ServePageTests(ServedRun served) : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";

    private static readonly string Screenshots = Path.Combine(AppContext.BaseDirectory, "screenshots");

    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-serve").FullName;
    private readonly List<string> _problems = [];
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Chromium))
        {
            Assert.Skip($"The page is tested in {Chromium}, which is not installed.");
        }
        Directory.CreateDirectory(Screenshots);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
        _playwright?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("a red star in the sky", "Detected: English")]
    [InlineData("ein roter Stern am Himmel", "Detected: German")]
    [InlineData("天空中有一颗红色的星星", "Detected: Chinese")]
    public async Task ASentenceFindsImages(string sentence, string detected)
    {
        var page = await Open(served.Server);
        await Search(page, sentence);
        await Expect(page.Locator("#language option:checked")).ToHaveTextAsync(detected);
        var expected = await served.Json($"/api/search?q={sentence}&top=200");
        Assert.Equal(
            expected.GetProperty("hits").EnumerateArray().Select(hit => hit.GetProperty("image").GetProperty("id").GetString()),
            await Ids(page));
        await Expect(page.Locator("#status")).ToContainTextAsync($"of {served.Images} images, ");
        await Expect(page.Locator("#notes")).ToContainTextAsync("Language: ");
        Assert.Equal($"?q={Uri.EscapeDataString(sentence).Replace("%20", "+", StringComparison.Ordinal)}", new Uri(page.Url).Query);
        await Loaded(page);
        NoProblems();
    }

    [Fact]
    public async Task BeforeASearchTheNewestImagesAreThere()
    {
        var page = await Open(served.Server);
        await Expect(page.Locator("#start-text")).ToHaveTextAsync($"Describe one of {served.Images} images in any language.");
        await Expect(page.Locator("#status")).ToHaveTextAsync("The newest images");
        await Expect(page.Locator(".tile")).ToHaveCountAsync(served.Images);
        await Expect(page.Locator(".tile[data-score]")).ToHaveCountAsync(0);
        await Loaded(page);
        await Shot(page, "start");
        NoProblems();
    }

    [Fact]
    public async Task ALanguageIsGivenInThePlaceOfTheDetectedOne()
    {
        var page = await Open(served.Server);
        await Search(page, "a red star in the sky");
        await Expect(page.Locator("optgroup").First).ToHaveAttributeAsync("label", "Known to the teacher");
        await page.Locator("#language").SelectOptionAsync("fr");
        await Expect(page.Locator("#notes")).ToContainTextAsync("Language: fr (given).");
        NoProblems();
    }

    [Fact]
    public async Task AnImageIsOpenedTurnedAndGoneOnFrom()
    {
        var page = await Open(served.Server);
        await Search(page, "ein roter Stern am Himmel");
        var ids = await Ids(page);
        await page.Locator(".tile").Nth(1).ClickAsync();
        await Expect(page.Locator("#lightbox")).ToBeVisibleAsync();
        await Expect(page.Locator("#lightbox-image")).ToHaveAttributeAsync("src", $"/api/images/{ids[1]}/file");
        var facts = await served.Json($"/api/images/{ids[1]}");
        await Expect(page.Locator("#facts")).ToContainTextAsync(facts.GetProperty("path").GetString()!);
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(page.Locator("#lightbox-image")).ToHaveAttributeAsync("src", $"/api/images/{ids[2]}/file");
        await Shot(page, "lightbox");
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Locator("#similar").ClickAsync();
        await Expect(page.Locator("#lightbox")).ToBeHiddenAsync();
        await Expect(page.Locator("#chip")).ToBeVisibleAsync();
        await page.WaitForFunctionAsync("id => !document.querySelector(`.tile img[src*='${id}']`)", ids[1]);
        await Done(page);
        var similar = await served.Json($"/api/similar/{ids[1]}?top=200");
        Assert.Equal(
            similar.GetProperty("hits").EnumerateArray().Select(hit => hit.GetProperty("image").GetProperty("id").GetString()),
            await Ids(page));
        await page.GoBackAsync();
        await Expect(page.Locator("#query")).ToHaveValueAsync("ein roter Stern am Himmel");
        await Expect(page.Locator($".tile img[src*='{ids[1]}']")).ToHaveCountAsync(1);
        await Expect(page.Locator("#chip")).ToBeHiddenAsync();
        NoProblems();
    }

    [Fact]
    public async Task TheGridIsUsedByKeys()
    {
        var page = await Open(served.Server);
        await Search(page, "a boat");
        await page.Locator(".tile").First.FocusAsync();
        foreach (var (key, place) in new[] { ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", -1), ("ArrowRight", -1), ("Home", 0) })
        {
            await page.Keyboard.PressAsync(key);
            await Expect(place < 0 ? page.Locator(".tile").Last : page.Locator(".tile").Nth(place)).ToBeFocusedAsync();
        }
        Assert.Equal(1, await page.Locator(".tile[tabindex='0']").CountAsync()); // one stop of the tab key
        var top = await Box(0);
        await page.Keyboard.PressAsync("ArrowDown");
        var below = await page.EvaluateAsync<float>("document.activeElement.getBoundingClientRect().top");
        Assert.True(below > top, $"{below} is not below {top}.");
        await page.Keyboard.PressAsync("ArrowUp");
        await Expect(page.Locator(".tile").First).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#lightbox")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#lightbox")).ToBeHiddenAsync();
        await Expect(page.Locator(".tile").Nth(1)).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("/");
        await Expect(page.Locator("#query")).ToBeFocusedAsync();
        NoProblems();

        async Task<float> Box(int place) => (await page.Locator(".tile").Nth(place).BoundingBoxAsync())!.Y;
    }

    [Fact]
    public async Task ADroppedAndAChosenImageFindSimilarOnes()
    {
        var page = await Open(served.Server);
        var photo = served.Run.Of("summer/p04.png");
        var expected = (await Post(photo)).GetProperty("hits").EnumerateArray()
            .Select(hit => hit.GetProperty("image").GetProperty("id").GetString()!).ToList();
        var content = Convert.ToBase64String(File.ReadAllBytes(photo));
        await page.EvaluateAsync(Drag("dragover"), content);
        await Expect(page.Locator("#drop")).ToBeVisibleAsync();
        await page.EvaluateAsync(Drag("drop"), content);
        await Expect(page.Locator("#drop")).ToBeHiddenAsync();
        await Expect(page.Locator("#chip-text")).ToHaveTextAsync("dropped.png");
        await Expect(page.Locator(".tile")).ToHaveCountAsync(expected.Count);
        Assert.Equal(expected, await Ids(page));
        await page.Locator("#chip-remove").ClickAsync();
        await Expect(page.Locator("#status")).ToHaveTextAsync("The newest images");

        await page.Locator("#file").SetInputFilesAsync(served.Run.Of("winter/p05.png"));
        await Expect(page.Locator("#chip-text")).ToHaveTextAsync("p05.png");
        await Expect(page.Locator("#status")).ToContainTextAsync(" images, ");
        await page.Locator("#file").SetInputFilesAsync(new FilePayload { Name = "notes.txt", MimeType = "text/plain", Buffer = [65] });
        await Expect(page.Locator("#error")).ToHaveTextAsync("notes.txt is not an image.");
        NoProblems();
        // What the server refuses is said; the browser writes the refusal into its console.
        await page.Locator("#file").SetInputFilesAsync(new FilePayload { Name = "cut.png", MimeType = "image/png", Buffer = File.ReadAllBytes(photo)[..80] });
        await Expect(page.Locator("#error")).ToContainTextAsync("cannot be decoded");

        async Task<JsonElement> Post(string file)
        {
            using var response = await served.Client.PostAsync("/api/search?top=200", ServedRun.Image(File.ReadAllBytes(file)));
            return await ServedRun.Json(response);
        }

        static string Drag(string name) => $$"""
            content => {
              const files = new DataTransfer();
              files.items.add(new File([Uint8Array.from(atob(content), one => one.charCodeAt(0))], "dropped.png", { type: "image/png" }));
              document.body.dispatchEvent(new DragEvent("{{name}}", { bubbles: true, cancelable: true, dataTransfer: files }));
            }
            """;
    }

    [Fact]
    public async Task FiltersNarrowAndEmptyAnswersAreSaid()
    {
        var page = await Open(served.Server);
        await Search(page, "a boat");
        await page.Locator("#filters-toggle").ClickAsync();
        await Expect(page.Locator("#filters-toggle")).ToHaveAttributeAsync("aria-expanded", "true");
        await page.Locator("#folder").SelectOptionAsync(served.Run.Of("winter"));
        await Expect(page.Locator("#filters-count")).ToHaveTextAsync("(1)");
        await Expect(page.Locator("#notes")).ToContainTextAsync($"Only images below {served.Run.Of("winter")}");
        await Done(page);
        Assert.InRange((await Ids(page)).Count, 1, SearchedRun.Photos / 2);
        await page.Locator("#shape").SelectOptionAsync("portrait");
        await Expect(page.Locator("#status")).ToContainTextAsync("No image was found.");
        await Expect(page.Locator(".tile")).ToHaveCountAsync(0);
        await Shot(page, "empty");
        await page.Locator("#filters-clear").ClickAsync();
        await Expect(page.Locator(".tile").Nth(8)).ToBeAttachedAsync();
        await page.Locator("#not").FillAsync("a red star");
        await page.Locator("#not").PressAsync("Enter");
        await page.WaitForURLAsync(url => url.Contains("not=a+red+star", StringComparison.Ordinal));
        await page.ReloadAsync(); // the address holds it all
        await Expect(page.Locator("#not")).ToHaveValueAsync("a red star");
        await Expect(page.Locator(".tile").First).ToBeVisibleAsync();
        NoProblems();
    }

    [Fact]
    public async Task ItFitsAPhone()
    {
        foreach (var (width, locale) in new[] { (360, "de"), (390, "zh"), (320, "en") })
        {
            var page = await Open(
                served.Server, new() { ViewportSize = new() { Width = width, Height = 740 }, Locale = locale, HasTouch = true });
            await Fits(page);
            await Search(page, "a boat");
            await Loaded(page);
            await Fits(page);
            await Shot(page, $"phone-{width}");
            await page.Locator("#filters-toggle").ClickAsync();
            await Fits(page);
            await page.Locator(".tile").First.ClickAsync();
            await Expect(page.Locator("#similar")).ToBeInViewportAsync();
            await Fits(page);
            await Shot(page, $"phone-{width}-lightbox");
        }
        NoProblems();

        static async Task Fits(IPage page) => Assert.True(
            await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"),
            "The page is wider than the window.");
    }

    /// <summary>Labels, names, contrast and order of headings, by axe's rules.</summary>
    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 390)]
    public async Task ItIsAccessible(ColorScheme colors, int width)
    {
        var page = await Open(served.Server, new() { ColorScheme = colors, ViewportSize = new() { Width = width, Height = 800 } });
        await Expect(page.Locator("#start-text")).ToContainTextAsync("images");
        await Accessible("start");
        await Search(page, "ein roter Stern am Himmel");
        await Loaded(page);
        await page.Locator("#filters-toggle").ClickAsync();
        await Expect(page.Locator("#folder option")).ToHaveCountAsync(4);
        await page.Locator("#applied summary").ClickAsync();
        await Accessible("answer");
        await Shot(page, $"answer-{colors}-{width}");
        await page.Locator(".tile").First.ClickAsync();
        await Expect(page.Locator("#lightbox")).ToBeVisibleAsync();
        await Accessible("lightbox");

        async Task Accessible(string what)
        {
            var found = await page.RunAxe(new AxeRunOptions { ResultTypes = [ResultType.Violations] });
            Assert.True(found.Violations.Length == 0, $"{what}: " + string.Join("\n", found.Violations.Select(one =>
                $"{one.Id}: {one.Help} {string.Join("; ", one.Nodes.Select(node => node.Html))}")));
        }
    }

    [Theory]
    [InlineData("de-DE", "de", "Suchen", "Erkannt: Englisch")]
    [InlineData("zh-CN", "zh", "搜索", "识别为：英语")]
    [InlineData("ja-JP", "en", "Search", "Detected: English")]
    public async Task ThePageSpeaksTheBrowsersLanguage(string locale, string language, string search, string detected)
    {
        var page = await Open(served.Server, new() { Locale = locale });
        await Expect(page.Locator("html")).ToHaveAttributeAsync("lang", language);
        await Expect(page.Locator("#search button[type=submit]")).ToHaveTextAsync(search);
        await Search(page, "a red star in the sky");
        await Expect(page.Locator("#language option:checked")).ToHaveTextAsync(detected);
        await page.Locator("#interface").SelectOptionAsync("de");
        await Expect(page.Locator("#language option:checked")).ToHaveTextAsync("Erkannt: Englisch");
        await page.ReloadAsync(); // it is remembered
        await Expect(page.Locator("#search button[type=submit]")).ToHaveTextAsync("Suchen");
        NoProblems();
    }

    /// <summary>Every language has every text, with the same holes.</summary>
    [Fact]
    public async Task AllTextsAreTranslated()
    {
        var page = await Open(served.Server);
        var texts = JsonDocument.Parse(await page.EvaluateAsync<string>(
            "async () => JSON.stringify((await import('/page/text.js')).texts)")).RootElement;
        var english = Holes(texts.GetProperty("en"));
        Assert.Equal(["en", "de", "zh"], texts.EnumerateObject().Select(language => language.Name));
        Assert.All(texts.EnumerateObject(), language => Assert.Equal(english, Holes(language.Value)));
        var used = await page.EvaluateAsync<string[]>("""
            () => ["text", "placeholder", "label", "title"].flatMap(kind =>
              [...document.querySelectorAll(`[data-${kind}]`)].map(element => element.dataset[kind]))
            """);
        Assert.Empty(used.Except(english.Select(text => text.Key)));

        static List<(string Key, string Holes)> Holes(JsonElement language) =>
            [.. language.EnumerateObject().Select(text => (text.Name, string.Join(
                ' ', Hole().Matches(text.Value.GetString()!).Select(hole => hole.Value).Order(StringComparer.Ordinal))))];
    }

    [Fact]
    public async Task TheColorsAreChosenAndRemembered()
    {
        var page = await Open(served.Server, new() { ColorScheme = ColorScheme.Light });
        Assert.Equal("rgb(251, 251, 249)", await Ground());
        await page.Locator("#theme").SelectOptionAsync("dark");
        Assert.Equal("rgb(19, 20, 22)", await Ground());
        await page.ReloadAsync();
        await Expect(page.Locator("#theme")).ToHaveValueAsync("dark");
        Assert.Equal("rgb(19, 20, 22)", await Ground());
        NoProblems();

        Task<string> Ground() => page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
    }

    [Fact]
    public async Task AFolderIsImportedWithProgress()
    {
        var (root, index) = (Path.Combine(_folder, "root"), Path.Combine(_folder, "index"));
        served.Run.Photo(root, "old/a.png", 1);
        SearchedRun.Done("index", Path.Combine(root, "old"), "--model", served.Run.Run, "--out", index);
        for (var i = 0; i < 30; i++)
        {
            served.Run.Photo(root, $"new/p{i:d2}.png", i);
        }
        using var server = served.Start(new ServeConfig { Root = root }, index);
        var page = await Open(server);
        await Expect(page.Locator("#start-text")).ToContainTextAsync("one of 1 images");
        await page.Locator("#import-open").ClickAsync();
        await Expect(page.Locator("#importer-folders option")).ToHaveCountAsync(2);
        await page.Locator("#importer-folder").FillAsync("new");
        await page.Locator("#importer-start").ClickAsync();
        await Expect(page.Locator("#importer-text")).ToHaveTextAsync(
            "Done: 30 new, 0 unchanged, 0 removed, 0 not readable.", new() { Timeout = 60_000 });
        await Shot(page, "import");
        await page.Locator("#importer-close").ClickAsync();
        await Expect(page.Locator("#start-text")).ToContainTextAsync("one of 31 images");
        NoProblems();
        await page.Locator("#import-open").ClickAsync();
        await page.Locator("#importer-folder").FillAsync("../..");
        await page.Locator("#importer-start").ClickAsync();
        await Expect(page.Locator("#importer-error")).ToContainTextAsync("lies outside");
    }

    [Fact]
    public async Task ATokenIsAskedForOnce()
    {
        var file = Path.Combine(_folder, "token");
        using var server = served.Start(new ServeConfig { TokenFile = file });
        var page = await Open(server);
        await Expect(page.Locator("#signin")).ToBeVisibleAsync();
        await page.Locator("#token").FillAsync("0123456789abcdef");
        await page.Locator("#token").PressAsync("Enter");
        await Expect(page.Locator("#signin-error")).ToHaveTextAsync("The token is wrong.");
        await page.Locator("#token").FillAsync(File.ReadAllText(file).Trim());
        await page.Locator("#token").PressAsync("Enter");
        await Expect(page.Locator("#signin")).ToBeHiddenAsync();
        await Search(page, "a boat");
        await Loaded(page);
        await page.ReloadAsync();
        await Expect(page.Locator(".tile").First).ToBeVisibleAsync();
        await Expect(page.Locator("#signin")).ToBeHiddenAsync();
        Assert.All(_problems, problem => Assert.Contains("401", problem, StringComparison.Ordinal)); // the browser's own line of each refusal
    }

    [Fact]
    public async Task AServerThatIsGoneIsSaid()
    {
        var server = served.Start();
        var page = await Open(server);
        await Search(page, "a boat");
        server.Dispose();
        await page.Locator("#query").FillAsync("a star");
        await page.Locator("#query").PressAsync("Enter");
        await Expect(page.Locator("#error")).ToHaveTextAsync("The server does not answer. Is it still running?");
        await Shot(page, "error");
    }

    private static async Task Search(IPage page, string sentence)
    {
        await page.Locator("#query").FillAsync(sentence);
        await page.Locator("#query").PressAsync("Enter");
        await Expect(page.Locator("#start")).ToBeHiddenAsync(new() { Timeout = 60_000 });
        await Expect(page.Locator(".tile").First).ToBeVisibleAsync();
        await Done(page);
    }

    /// <summary>All of an answer is there.</summary>
    private static Task Done(IPage page) => Expect(page.Locator("#results")).ToHaveAttributeAsync("aria-busy", "false");

    /// <summary>All images that are in the window have come, and fill the width to the pixel.</summary>
    private static async Task Loaded(IPage page)
    {
        await page.WaitForFunctionAsync("""
            () => [...document.querySelectorAll(".tile img")].slice(0, 12).every(image => image.complete && image.naturalWidth > 0)
            """);
        var (list, row) = (await page.EvaluateAsync<float>("document.getElementById('results').clientWidth"), await page.EvaluateAsync<float>("""
            () => {
              const tiles = [...document.querySelectorAll(".tile")].map(tile => tile.getBoundingClientRect());
              const first = tiles.filter(box => box.top === tiles[0].top);
              return first.at(-1).right - first[0].left;
            }
            """));
        Assert.Equal(list, row, 1.0);
    }

    private static async Task<IReadOnlyList<string>> Ids(IPage page) => await page.EvaluateAsync<string[]>(
        "[...document.querySelectorAll('.tile img')].map(image => image.getAttribute('src').split('/')[3])");

    private static Task Shot(IPage page, string name) => page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, name + ".png") });

    private async Task<IPage> Open(PhotoServer server, BrowserNewContextOptions? options = null)
    {
        var context = await _browser!.NewContextAsync(options ?? new() { Locale = "en-US", ViewportSize = new() { Width = 1280, Height = 800 } });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(30_000);
        SetDefaultExpectTimeout(30_000);
        page.Console += (_, message) => Note(message.Type is "error" or "warning", $"console: {message.Text}");
        page.PageError += (_, error) => Note(true, $"error: {error}");
        page.Request += (_, request) => Note(
            !request.Url.StartsWith(server.Url + "/", StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal),
            $"request to {request.Url}");
        await page.GotoAsync(server.Url + "/");
        await page.WaitForFunctionAsync("document.getElementById('language').options.length > 1");
        return page;

        void Note(bool isProblem, string what)
        {
            if (isProblem)
            {
                lock (_problems)
                {
                    _problems.Add(what);
                }
            }
        }
    }

    private void NoProblems()
    {
        lock (_problems)
        {
            Assert.Empty(_problems);
        }
    }

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Hole();
}
