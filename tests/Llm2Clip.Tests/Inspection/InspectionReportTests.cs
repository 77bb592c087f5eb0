using System.Formats.Tar;
using System.Text.Json;
using System.Text.RegularExpressions;
using Llm2Clip.Images;
using Llm2Clip.Tests.Cli;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Inspection;

public sealed partial class InspectionReportTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public InspectionReportTests()
    {
        _folder.Shard("a.tar", "k", 5, i => i == 3);
        _folder.Shard("b.tar", "k", 5);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>What scripts rely on: a path that goes or changes its type needs another number in <c>schema</c>.</summary>
    [Fact]
    public void TheLayoutOfTheNumbersStays()
    {
        foreach (var (name, text) in new[] { ("c", "A brown dog runs through the deep snow"),
            ("d", "The brown dog runs through the deep snow") })
        {
            _folder.Tar(name + ".tar", TarEntryFormat.Ustar, ("k0.jpg", DataFolder.Image(1)), ("k0.txt", DataFolder.Bytes(text)),
                ("k1.jpg", DataFolder.Bytes("none")), ("k1.txt", DataFolder.Bytes("x")),
                ("k2.jpg", DataFolder.Image(2)), ("k2.txt", DataFolder.Bytes("The same in both")));
        }
        var (code, _, error) = CommandLineTests.Run("data", "inspect", "--data", _folder["c.tar"], "--against", _folder["d.tar"], "--out",
            _folder["out"], "--json", _folder["r.json"],
            "--teacher", Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf"));
        Assert.True(code == 0, error);
        using var json = JsonDocument.Parse(File.ReadAllBytes(_folder["out/inspection.json"]));
        Assert.Equal(1, json.RootElement.GetProperty("schema").GetInt32());
        var paths = InspectionCase.Paths(json.RootElement, "", "formats", "kinds");
        const string Spread = "count min max mean p1 p5 p25 p50 p75 p95 p99";
        foreach (var set in new[] { ".data", ".against" })
        {
            Has(paths, set, "data: string", "records: number", "images: number", "captions: number", "broken: number",
                "broken_share: number", "broken_by_cause: list", "remarks: number", "languages: list");
            Has(paths, set + ".languages[]", "language: string", "captions: number", "kinds: map", "unit: string", "distinct: number",
                "repeated: number", "tokens.past_limit: number", "tokens.past_context: number");
            Has(paths, set + ".image_statistics", "formats: map", "flat: number", "smallest.key: string", "smallest.width: number",
                "smallest.height: number", "largest.key: string");
            foreach (var spread in new[] { ".captions_per_image", ".languages[].words", ".languages[].tokens.lengths",
                ".image_statistics.width", ".image_statistics.height", ".image_statistics.aspect", ".image_statistics.kilobytes" })
            {
                Has(paths, set + spread, [.. Spread.Split(' ').Select(name => name + ": number"), "histogram: list",
                    "histogram[].from: number", "histogram[].to: number", "histogram[].count: number"]);
            }
        }
        Has(paths, ".data.repeated_keys", "keys: number", "records: number", "listed: list");
        Has(paths, ".data.broken_by_cause[]", "cause: string", "count: number", "samples: list", "samples[].origin: string",
            "samples[].reason: string");
        Has(paths, ".duplicates[]", "scope: string", "images.pairs: list", "captions.texts: list", "captions.pairs: list",
            "captions.within_image: number", "captions.near_is_complete: true");
        foreach (var count in new[] { "images.same_bytes.groups", "images.same_pixels.groups", "images.near.pairs", "captions.same.groups",
            "captions.near.pairs" })
        {
            var parent = count[..count.LastIndexOf('.')];
            Has(paths, ".duplicates[]", count + ": number", parent + ".in_data: number", parent + ".in_against: number");
        }
        Has(paths, ".bounds", "near_image_bits: number", "near_image_fine_bits: number", "near_caption_similarity: number",
            "context_tokens: number", "teacher_tokens: number");
        var between = json.RootElement.GetProperty("duplicates")[2];
        Assert.Equal("between", between.GetProperty("scope").GetString());
        var pairs = InspectionCase.Paths(between, "");
        Has(pairs, ".images.pairs[]", "likeness: string", "bits: number", "first.key: string", "first.origin: string",
            "second.key: string", "second.origin: string");
        Has(pairs, ".captions.texts[]", "text: string", "in_data: number", "in_against: number", "key: string");
        Has(pairs, ".captions.pairs[]", "similarity: number", "first: string", "first_key: string", "second: string", "second_key: string");
        Assert.Equal("same_bytes", between.GetProperty("images").GetProperty("pairs")[0].GetProperty("likeness").GetString());
        Assert.Equal("not_an_image", json.RootElement.GetProperty("data").GetProperty("broken_by_cause")[0].GetProperty("cause")
            .GetString());

        using var option = JsonDocument.Parse(File.ReadAllBytes(_folder["r.json"]));
        Assert.Equal(paths, InspectionCase.Paths(option.RootElement.GetProperty("result"), "", "formats", "kinds"));
    }

    [Fact]
    public void ThePageHoldsEverythingAndAsksForNothing()
    {
        File.WriteAllText(_folder["odd.jsonl"], """{"image": "<b>.png", "captions": ["<script>alert('x')</script>"]}""" + "\n");
        File.WriteAllBytes(_folder["<b>.png"], DataFolder.Image(1));
        Assert.Equal(0, CommandLineTests.Run("data", "inspect", "--data", _folder["odd.jsonl"], "--against", _folder["odd.jsonl"], "--out",
            _folder["out"]).Code);
        var page = File.ReadAllText(_folder["out/report.html"]);
        Assert.DoesNotContain("http", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", page);
        Assert.Equal(4, Source().Count(page)); // two contact sheets, one pair
        Assert.Equal(4, page.Split("src=\"data:image/jpeg;base64,").Length - 1);
        var sheets = new[] { "contact-sheet.jpg", "contact-sheet-against.jpg" }.Select(name =>
            ImageCodec.Decode(File.ReadAllBytes(_folder["out/" + name]), name)).ToList();
        Assert.All(sheets, sheet => Assert.Equal((128, 128), (sheet.Width, sheet.Height)));

        // As XML: every element is closed, in order.
        var xml = page.Replace("<!doctype html>", "").Replace("<meta charset=\"utf-8\">", "")
            .Replace("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">", "");
        Assert.Equal("html", System.Xml.Linq.XDocument.Parse(xml).Root!.Name.LocalName);
    }

    [Fact]
    public void TheConsoleHasTheTables()
    {
        var (code, output, error) = CommandLineTests.Run("data", "inspect", "--data", _folder["a.tar"], "--against", _folder["b.tar"]);
        Assert.True(code == 0, error);
        Assert.StartsWith($"{_folder["a.tar"]} (WebDataset, 1 shard): 4 images with 4 captions (1 to 1 each)\n1 of 5 records are broken (20 %): 1 with something that is no image.\n"
            + $"  {_folder["a.tar"]}: k3.jpg: not a jpg, png, webp, gif, tiff or avif image\n", output);
        Assert.Matches(@"\nlanguage  kinds  counted in  captions  distinct  repeated  shortest  median  95 %  longest\nen        short  words              4         4       0 %         4       4     4        4\n", output);
        Assert.Matches(@"\nwidth, pixels  +40( +40){8}\n", output);
        Assert.Contains("Formats: 4 jpg; 0 of one color.\n", output);
        Assert.Matches(@"\nbetween both    images: same file +4 +4 +4\n", output);
        Assert.Contains("  between both: same file: k0 and k0\n", output);
    }

    [Fact]
    public void MistakesHaveTheirExitCodesAndWriteNothing()
    {
        string[] call = ["data", "inspect", "--data", _folder["a.tar"], "--out", _folder["out"]];
        Assert.Equal((2, "Error: inspect.data is empty: name the data, for example --data 'data/train-*.tar'.\n"), Failure(call[..2]));
        Assert.Contains("can be read only once", Failure([.. call[..2], "--data", "-"]).Error);
        Assert.Equal(2, Failure([.. call, "--near-bits", "20"]).Code);
        Assert.Equal(3, Failure([.. call[..2], "--data", _folder["absent.tar"], .. call[4..]]).Code);
        Assert.Equal(3, Failure([.. call, "--against", _folder["absent.tar"]]).Code);
        Assert.Equal(3, Failure([.. call, "--teacher", _folder["absent.gguf"]]).Code);
        File.WriteAllText(_folder["empty.jsonl"], "");
        var (code, error) = Failure([.. call[..2], "--data", _folder["empty.jsonl"], .. call[4..]]);
        Assert.Equal(3, code);
        Assert.Contains("holds no record at all", error);
        File.WriteAllBytes(_folder["torn.tar"], File.ReadAllBytes(_folder["b.tar"])[..700]);
        Assert.Equal(3, Failure([.. call, "--against", _folder["torn.tar"]]).Code);
        Assert.False(Path.Exists(_folder["out"]));
        Assert.Equal(1, Failure([.. call[..5], _folder["a.tar"] + "/below"]).Code);
    }

    [Fact]
    public void AnInterruptLeavesNothing()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Equal(130, CommandLineTests.Run(stop.Token, "data", "inspect", "--data", _folder["a.tar"], "--out", _folder["out"]).Code);
        Assert.False(Path.Exists(_folder["out"]));
        Directory.CreateDirectory(_folder["out"]);
        File.WriteAllText(_folder["out/report.html"], "earlier");
        Assert.Equal(130, CommandLineTests.Run(stop.Token, "data", "inspect", "--data", _folder["a.tar"], "--out", _folder["out"]).Code);
        Assert.Equal(["report.html", "write.lock"], Directory.GetFiles(_folder["out"]).Select(Path.GetFileName).Order());
        Assert.Equal("earlier", File.ReadAllText(_folder["out/report.html"]));
    }

    [Fact]
    public void DataThatChangesMeanwhileIsRefused()
    {
        var count = _folder["count"];
        // The second time, the command gives another tar.
        var command = $"pipe:if [ -e {count} ]; then cat {_folder["b.tar"]}; else touch {count}; cat {_folder["c.tar"]}; fi";
        _folder.Tar("c.tar", TarEntryFormat.Ustar,
            ("a.jpg", DataFolder.Image(1)), ("a.txt", DataFolder.Bytes("x")), ("b.jpg", DataFolder.Image(1)),
                ("b.txt", DataFolder.Bytes("x")));
        var (code, error) = Failure(["data", "inspect", "--data", command]);
        Assert.Equal(3, code);
        Assert.Contains("2 samples were read before, 5 now", error);
    }

    [GeneratedRegex("src=")]
    private static partial Regex Source();

    private static void Has(IReadOnlyList<string> paths, string parent, params string[] names) =>
        Assert.All(names, name => Assert.Contains($"{parent}.{name}", paths));

    private static (int Code, string Error) Failure(string[] arguments)
    {
        var (code, output, error) = CommandLineTests.Run(arguments);
        Assert.Equal("", output);
        return (code, error);
    }
}
