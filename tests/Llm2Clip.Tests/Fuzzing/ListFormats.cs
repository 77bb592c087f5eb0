using System.Text.RegularExpressions;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Data.Parquet;
using Llm2Clip.Pipeline;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Data sets that are lists or tables, run files, and the texts beside them.</summary>
internal static class ListFormats
{
    private static readonly Regex JsonPlace = new(@"line \d+|\[\d+\]|no list|is not a list|format of|in its content|has no split|byte \d+");
    private static readonly Regex RowPlace = new(@"line \d+|row|header|empty|UTF-16");

    public static IReadOnlyList<FuzzFormat> All { get; } =
    [
        List("jsonl", DatasetFormat.Folder, JsonPlace),
        List("csv", DatasetFormat.Csv, RowPlace),
        List("tsv", DatasetFormat.Tsv, RowPlace),
        List("karpathy", DatasetFormat.Karpathy, JsonPlace),
        List("coco", DatasetFormat.Coco, JsonPlace),
        new("sharegpt4v", ShareGpt4V, damaged => FuzzFiles.ReadAll(damaged)) { IsText = true, Place = JsonPlace },
        new("crossmodal3600", Crossmodal, damaged => FuzzFiles.ReadAll(damaged)) { IsText = true, Place = JsonPlace },
        new("chinese-clip", ChineseClip, damaged =>
            FuzzFiles.ReadAll(damaged, Path.Combine(damaged.Folder, "x_imgs.tsv"))) { IsText = true },
        new("sentences", Sentences, damaged =>
            _ = CaptionStream.Of(new TextSourceConfig { Path = damaged.Path, Language = "en" }, FuzzFiles.Lenient, SilentLog.Instance)
            .Count())
            { IsText = true },
        new("yaml", Yaml, damaged => ConfigBinder.Load<RunConfig>(damaged.Path)) { IsText = true, Place = new Regex(@":\d+|line \d+"),
            Cases = 600 },
        new("convert-progress", Progress, Resume) { IsText = true },
        new("metrics", Metrics, damaged =>
        {
            MetricsLog.Read(damaged.Folder);
            FuzzFiles.Copy(damaged.Folder, damaged.Output);
            MetricsLog.DropAfter(damaged.Output, 2);
        }) { IsText = true, Cases = 200 },
        .. ParquetFormats.All,
    ];

    private static FuzzFormat List(string name, DatasetFormat form, Regex place) =>
        new(name, folder => FuzzFiles.Converted(folder, form), damaged => FuzzFiles.ReadAll(damaged)) { IsText = true, Place = place };

    private static string[] ShareGpt4V(string folder)
    {
        Images(folder);
        return [FuzzFiles.Text(folder, "list.json", "[" + string.Join(",\n", Enumerable.Range(0, 3).Select(i =>
            $$"""{"id": "{{i}}", "image": "{{i}}.jpg", "conversations": [{"from": "human", "value": "What?\n<image>"}, {"from": "gpt", "value": "A long caption {{i}}."}]}""")) + "]")];
    }

    private static string[] Crossmodal(string folder)
    {
        Images(folder);
        return [FuzzFiles.Text(folder, "list.jsonl", string.Concat(Enumerable.Range(0, 3).Select(i =>
            $$$"""{"image/key": "{{{i}}}", "image/locale": "fi", "en": {"caption": ["a {{{i}}}", "b"], "caption/tokenized": ["a"]}, "fi": {"caption": ["koira {{{i}}}"]}}""" + "\n")))];
    }

    private static string[] ChineseClip(string folder) =>
    [
        FuzzFiles.Text(folder, "x_imgs.tsv",
            string.Concat(Enumerable.Range(0, 3).Select(i => $"{i}\t{System.Convert.ToBase64String(DataFolder.Image(i, 8, 8))}\n"))),
        FuzzFiles.Text(folder, "x_texts.jsonl",
            string.Concat(Enumerable.Range(0, 5)
            .Select(i => $$"""{"text_id": {{i}}, "text": "狗 {{i}}", "image_ids": [{{i % 3}}]}""" + "\n"))),
    ];

    private static string[] Sentences(string folder) =>
    [
        FuzzFiles.Text(folder, "a.txt", "A dog.\nTwo dogs in the snow.\n\nThree.\n"),
        FuzzFiles.Text(folder, "a.jsonl", "{\"key\": \"1\", \"captions\": {\"en\": [\"A dog.\"]}}\n{\"caption\": \"Two.\"}\n"),
        Packed(folder, "b.txt.gz", "A dog.\nTwo dogs.\n"),
    ];

    private static string Packed(string folder, string name, string text)
    {
        using var gzip = new System.IO.Compression.GZipStream(File.Create(Path.Combine(folder, name)),
            System.IO.Compression.CompressionLevel.Fastest);
        gzip.Write(DataFolder.Bytes(text));
        return name;
    }

    private static string[] Yaml(string folder) =>
    [
        FuzzFiles.Text(folder, "all.yaml", ConfigBinder.Print(Run)),
        FuzzFiles.Text(folder, "plain.yaml", ConfigBinder.Print(Run, comments: false)),
        FuzzFiles.Text(folder, "forms.yaml", "data: &d\n  train: 'a'\n  caption_keys:\n  - {key: \"x\", kind: long}\n  - key: |\n      y\nconvert:\n  parts: {train: 0.5, \"val\": 5e-1}\n  kinds: [short, long]\nclip_train: {steps: 1}\n"),
    ];

    private static RunConfig Run => new() { ClipTrain = new() { Steps = 1 } };

    private static string[] Progress(string folder)
    {
        FuzzFiles.Converted(folder, DatasetFormat.Csv);
        return [.. Directory.EnumerateFiles(Path.Combine(folder, "set"), "*.json", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file))];
    }

    private static void Resume(FuzzCase damaged) => ConversionProgress.Read(damaged.Path);

    private static string[] Metrics(string folder)
    {
        using (var log = new MetricsLog(folder))
        {
            for (var step = 1; step <= 4; step++)
            {
                log.Scalar("train/loss", step, 1.0 / step);
                log.Scalar("eval/r1", step, double.NaN);
            }
        }
        return [.. Directory.EnumerateFiles(folder, "*.jsonl").Select(file => Path.GetFileName(file))];
    }

    private static void Images(string folder)
    {
        for (var i = 0; i < 3; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{i}.jpg"), DataFolder.Image(i, 16, 12));
        }
    }
}
