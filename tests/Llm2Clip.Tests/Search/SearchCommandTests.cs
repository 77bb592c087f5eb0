using System.Numerics.Tensors;
using System.Text.Json;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Models;
using Llm2Clip.Pipeline;
using Llm2Clip.Search;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Search;

/// <summary><c>index</c> and <c>search</c> as a user calls them.</summary>
public sealed class SearchCommandTests : IClassFixture<SearchedRun>
{
    private readonly SearchedRun _run;
    private readonly string _out;

    public SearchCommandTests(SearchedRun run) => (_run, _out) = (run, Path.Combine(run.Folder, Guid.NewGuid().ToString("N")));

    [Fact]
    public void ASentenceFindsImagesAndTheAnswerSaysWhatWasApplied()
    {
        var page = Path.Combine(_out, "found.html");
        var text = Search(0, "ein roter Stern am Himmel", "--top", "4", "--html", page);
        Assert.Contains("Note: Language: de (detected). Its own mean was taken out, of 20 sentences (sentences-de.txt).\n", text, StringComparison.Ordinal);
        Assert.Matches(@"Ready in \d+\.\d s: index \d+\.\d\d, student \d+\.\d, teacher \d+\.\d\.\n", text);
        Assert.Matches($@"Query \d+ ms, search of {SearchedRun.Photos} images \d+ ms\.", text);
        Assert.Contains($"Page: {page}\n", text, StringComparison.Ordinal);
        var html = File.ReadAllText(page);
        Assert.Contains("<title>ein roter Stern am Himmel</title>", html, StringComparison.Ordinal);
        Assert.Equal(4, html.Split("data:image/webp;base64,").Length - 1);
        Assert.DoesNotMatch("(src|href)=\"(?!data:|file:///)", html);
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);

        text = Search(0, "a red star in the sky");
        Assert.Contains("Language: en (detected). The mean of the training captions was taken out.\n", text, StringComparison.Ordinal);
        text = Search(0, "a red star in the sky", "--language", "fr");
        Assert.Contains(
            "Language: fr (given). The mean of the training captions was taken out; the teacher has none of this language.\n", text,
            StringComparison.Ordinal);
    }

    /// <summary>The road of a query is that of evaluation, whose vectors come out of a store.</summary>
    [Theory]
    [InlineData("ein roter Stern am Himmel", "de", CenteringMode.Own)]
    [InlineData("a red star in the sky", "en", CenteringMode.Training)]
    public void LiveVectorsAreTheCachedOnes(string text, string language, CenteringMode mode)
    {
        using var searcher = ImageSearch.Open(new RunConfig { Search = new SearchConfig { Index = _run.Index } }, SilentLog.Instance);
        var live = searcher.EncodeTexts([text], language, TestContext.Current.CancellationToken);

        using var teacher = Teacher.Open(Path.Combine(_run.Run, "teacher"));
        using var student = Student.Load(_run.Run, CPU);
        foreach (var (type, tolerance) in new[] { (VectorType.Fp32, 1e-5), (VectorType.Fp16, 2e-2) })
        {
            // fp16 rounds the LLM's vector, whose mean is far larger than what is left without it.
            using var cached = new TeacherVectors(teacher, Path.Combine(_out, $"{type}"), type, SilentLog.Instance);
            var expected = student.EncodeTexts(cached.Embed([text], language, mode, TestContext.Current.CancellationToken), 1);
            Assert.InRange(TensorPrimitives.Distance<float>(expected, live), 0, tolerance);
        }

        var data = new DataConfig { Workers = 1 };
        var images = EncodedImages.Encode(
            Datasets.OpenImages(_run.PhotoFolder, data, SilentLog.Instance),
            LoaderConfig.ForEvaluation(data, student.Transform, 5),
            batch => student.EncodeImages(batch.Pixels, batch.Count), SilentLog.Instance, TestContext.Current.CancellationToken);
        var index = searcher.Index;
        Assert.Equal(SearchedRun.Photos, index.Count);
        var indexed = index.Locators().ToDictionary(locator => index.Record(locator).Path, locator => locator);
        foreach (var (i, sample) in images.Samples.Index())
        {
            var (expected, found) = (images.Vectors[i].ToArray(), index.Vector(indexed[sample.Image.File!]).ToArray());
            for (var d = 0; d < expected.Length; d++)
            {
                Assert.Equal(expected[d], (float)found[d], 1e-6 + Math.Abs(expected[d]) / 1024); // fp16 has 11 bits
            }
        }
    }

    [Fact]
    public void AnImageFindsItselfAndJsonHasItAll()
    {
        var json = Path.Combine(_out, "found.json");
        Search(0, "--image", _run.Of("summer/p04.png"), "--top", "3", "--json", json);
        using var found = JsonDocument.Parse(File.ReadAllText(json));
        var result = found.RootElement.GetProperty("result");
        Assert.Equal(SearchedRun.Photos, result.GetProperty("images").GetInt64());
        var hits = result.GetProperty("hits");
        Assert.Equal(3, hits.GetArrayLength());
        Assert.Equal(_run.Of("summer/p04.png"), hits[0].GetProperty("path").GetString());
        Assert.Equal(1, hits[0].GetProperty("score").GetDouble(), 2e-3);
        Assert.False(hits[0].TryGetProperty("thumbnail", out _));
        Assert.Equal(0, result.GetProperty("seconds").GetProperty("teacher").GetDouble()); // an image needs no teacher
    }

    /// <summary>Terms add up: the score of a query of several is the sum of their scores by weight.</summary>
    [Fact]
    public void TermsCountByTheirWeightsAndNotCountsAgainst()
    {
        var star = Scores("a red star in the sky");
        var boat = Scores("a large boat");
        var self = Scores("--image", _run.Of("winter/p01.png"));
        var all = Scores("a red star in the sky^2", "a large boat", "--image", _run.Of("winter/p01.png") + "^0.5", "--not", "a green star", "--not", "a boat^3");
        var (green, smallBoat) = (Scores("a green star"), Scores("a boat"));
        Assert.Equal(SearchedRun.Photos, all.Count);
        foreach (var (path, score) in all)
        {
            Assert.Equal(2 * star[path] + boat[path] + 0.5 * self[path] - 0.5 * green[path] - 3 * smallBoat[path], score, 1e-5);
        }

        Dictionary<string, double> Scores(params string[] query) =>
            Hits([.. query, "--set", "search.fold=false"]).ToDictionary(hit => hit.Path, hit => hit.Score);
    }

    [Fact]
    public void FiltersByFolderShapeAndDate()
    {
        Assert.All(Hits("a star", "--folder", _run.Of("winter")), hit => Assert.StartsWith(_run.Of("winter/"), hit.Path));
        Assert.Equal(SearchedRun.Photos / 2, Hits("a star", "--folder", _run.Of("winter")).Count);
        Assert.Equal(SearchedRun.Photos, Hits("a star", "--shape", "square").Count);
        Assert.Empty(Hits("a star", "--shape", "portrait"));
        Assert.Contains("No image was found.\nNote: ", Search(0, "a star", "--to", "1999"), StringComparison.Ordinal);
        Assert.Equal(SearchedRun.Photos, Hits("a star", "--from", "2000-02-29").Count);
    }

    [Fact]
    public void ImagesThatLookAlikeAreFoldedAndWhatIsGoneIsSaid()
    {
        var photos = Path.Combine(_out, "photos");
        foreach (var (name, scene) in new[] { ("a.png", 3), ("b.png", 4), ("copy/a.png", 3) })
        {
            _run.Photo(photos, name, scene);
        }
        var index = Path.Combine(_out, "index");
        SearchedRun.Done("index", photos, "--model", _run.Run, "--out", index);
        File.Delete(Path.Combine(photos, "a.png"));
        string[] query = ["search", "--image", Path.Combine(photos, "copy/a.png"), "--index", index];
        var text = SearchedRun.Done(query);
        Assert.Matches($@"1  1\.000  {photos}/a\.png \(not there any more\) \(and 1 alike\)", text);
        Assert.Matches($@"2  \d\.\d+  {photos}/b\.png", text);
        Assert.DoesNotContain("copy/a.png", SearchedRun.Done(query), StringComparison.Ordinal);
        Assert.Contains("copy/a.png", SearchedRun.Done([.. query, "--set", "search.fold=false"]), StringComparison.Ordinal);
        Assert.Contains("0 encoded, 0 known by their bytes, 2 unchanged, 1 removed", SearchedRun.Done("index", "--out", index), StringComparison.Ordinal);
    }

    [Fact]
    public void StatusVerifyAndCompact()
    {
        var status = SearchedRun.Done("index", "status", _run.Index);
        Assert.Matches($@"images +{SearchedRun.Photos}\n", status);
        Assert.Matches($"made of +{_run.PhotoFolder}\n", status);
        Assert.Matches($"teacher +{_run.Run}/teacher\n", status);
        Assert.Contains("All checksums hold.", SearchedRun.Done("index", "verify", _run.Index), StringComparison.Ordinal);
        var copy = Copy();
        File.WriteAllBytes(Path.Combine(copy, "vectors-00000.bin"), new byte[SearchedRun.Photos * 32]);
        var damaged = SearchedRun.Failed(3, "index", "verify", copy);
        Assert.Contains($"{copy} is damaged: vectors-00000.bin: 0 of {SearchedRun.Photos} images are sound. `llm2clip index compact", damaged, StringComparison.Ordinal);
        Assert.Contains($"0 images kept, {SearchedRun.Photos} damaged left out", SearchedRun.Done("index", "compact", copy), StringComparison.Ordinal);
        Assert.Contains($"{SearchedRun.Photos} encoded", SearchedRun.Done("index", "--out", copy), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatDoesNotBelongTogetherIsRefused()
    {
        var other = _run.Train($"other-{Guid.NewGuid():n}", "model.embed_dim=8");
        Assert.Contains(
            "was made with another student", SearchedRun.Failed(3, "index", _run.PhotoFolder, "--model", other, "--out", _run.Index), StringComparison.Ordinal);
        Assert.Contains(
            "was made with another student", SearchedRun.Failed(3, "search", "x", "--index", _run.Index, "--set", $"eval.model={other}"),
            StringComparison.Ordinal);
        var gguf = Path.Combine(SharedData.RepositoryRoot(), "data", "quickstart", "teacher.gguf");
        Assert.Contains("was trained with the teacher ", Search(3, "a star", "--teacher", gguf), StringComparison.Ordinal);
        Assert.Contains(
            "was trained with the teacher ",
            SearchedRun.Failed(3, "index", _run.PhotoFolder, "--model", _run.Run, "--teacher", gguf, "--out", _run.Index), StringComparison.Ordinal);
    }

    /// <summary>A student without its teacher: images are indexed and found by images; a sentence is refused with what to do.</summary>
    [Fact]
    public void WithoutATeacherImagesAloneAreFound()
    {
        var (alone, index) = (Path.Combine(_out, "alone"), Path.Combine(_out, "index"));
        Directory.CreateDirectory(alone);
        foreach (var file in Directory.GetFiles(Path.Combine(_run.Run, "student", "model")))
        {
            File.Copy(file, Path.Combine(alone, Path.GetFileName(file)));
        }
        Assert.Contains("The teacher of ", SearchedRun.Done("index", _run.PhotoFolder, "--model", alone, "--out", index), StringComparison.Ordinal);
        Assert.Contains("Name the teacher folder (--teacher)", SearchedRun.Failed(3, "search", "a star", "--index", index), StringComparison.Ordinal);
        SearchedRun.Done("search", "--image", _run.Of("summer/p00.png"), "--index", index);
        SearchedRun.Done("search", "a star", "--index", index, "--teacher", Path.Combine(_run.Run, "teacher"));

        // Named when the index is brought up to date, it is known from then on.
        SearchedRun.Done("index", "--out", index, "--teacher", Path.Combine(_run.Run, "teacher"));
        SearchedRun.Done("search", "a star", "--index", index);
    }

    [Fact]
    public void BadInputIsNamedAndLeavesTheIndex()
    {
        var nothing = Path.Combine(_out, "nothing");
        Assert.Contains("There is no index in ", SearchedRun.Failed(2, "index", "--out", nothing), StringComparison.Ordinal);
        Assert.Contains($"{nothing} is not there", SearchedRun.Failed(3, "search", "a star", "--index", nothing), StringComparison.Ordinal);
        Assert.Contains("There is nothing to search for", Search(2), StringComparison.Ordinal);
        Assert.Contains("There is nothing to search for", Search(2, "--not", "a star"), StringComparison.Ordinal);
        Assert.Contains("search.texts holds an empty text", Search(2, " "), StringComparison.Ordinal);
        Assert.Contains("with the weight 0", Search(2, "a star^0"), StringComparison.Ordinal);
        Assert.Contains("search.from is 'May'", Search(2, "a star", "--from", "May"), StringComparison.Ordinal);
        Assert.Contains("no day is left", Search(2, "a star", "--from", "2024-05", "--to", "2024-04"), StringComparison.Ordinal);
        Assert.Contains("search.texts holds a text of 10,000,000 characters", Long(), StringComparison.Ordinal);
        var text = Path.Combine(_out, "a.jpg");
        Directory.CreateDirectory(_out);
        File.WriteAllText(text, "not an image");
        Assert.Contains($"{text}: not a jpg", Search(3, "--image", text), StringComparison.Ordinal);
        Assert.Contains("the image to search by cannot be read", Search(3, "--image", Path.Combine(_out, "b.jpg")), StringComparison.Ordinal);

        // A folder that is gone, such as a disk that is not there, takes nothing out.
        var (photos, index) = (Path.Combine(_out, "photos"), Path.Combine(_out, "index"));
        _run.Photo(photos, "a.png", 1);
        SearchedRun.Done("index", photos, "--model", _run.Run, "--out", index);
        Directory.Move(photos, photos + "-gone");
        Assert.Contains(photos, SearchedRun.Failed(3, "index", "--out", index), StringComparison.Ordinal);
        Assert.Matches(@"images +1\n", SearchedRun.Done("index", "status", index));

        string Long()
        {
            var query = new RunConfig { Search = new SearchConfig { Index = _run.Index, Texts = [new string('a', 10_000_000)] } };
            return Assert.Throws<ConfigException>(
                () => ImageSearch.Run(query, SilentLog.Instance, TestContext.Current.CancellationToken)).Message;
        }
    }

    private string Search(int code, params string[] words) => SearchedRun.Failed(code, ["search", .. words, "--index", _run.Index]);

    private List<(string Path, double Score)> Hits(params string[] words)
    {
        var json = Path.Combine(_out, $"{Guid.NewGuid():n}.json");
        Search(0, [.. words, "--json", json, "--top", "100"]);
        using var found = JsonDocument.Parse(File.ReadAllText(json));
        return [.. found.RootElement.GetProperty("result").GetProperty("hits").EnumerateArray()
            .Select(hit => (hit.GetProperty("path").GetString()!, hit.GetProperty("score").GetDouble()))];
    }

    private string Copy()
    {
        var copy = Directory.CreateDirectory(Path.Combine(_out, "copy")).FullName;
        foreach (var file in Directory.GetFiles(_run.Index))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }
        return copy;
    }
}
