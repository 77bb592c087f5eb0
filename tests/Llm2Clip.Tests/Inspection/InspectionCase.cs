using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Images;
using Llm2Clip.Pipeline;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Inspection;

/// <summary>A small data set with known answers, in every form.</summary>
internal static class InspectionCase
{
    public static readonly string[] Forms =
        ["webdataset", "folder", "csv", "tsv", "karpathy", "coco", "parquet", "chinese_clip", "sharegpt4v", "crossmodal3600"];

    /// <summary>
    /// Six records: a JPEG of 40 x 30, a PNG of 20 x 60, the JPEG once more, a JPEG cut short, an empty image, something that is none. The
    /// first caption
    /// of the first and of the third image says the same.
    /// </summary>
    public static readonly (string Key, byte[] Image, string[] Captions)[] Samples =
    [
        ("a", DataFolder.Image(1), ["A dog runs .", "二犬跑"]),
        ("b", ImageCodec.EncodePng(PerceptualHashTests.Image(20, 60)), ["Cats"]),
        ("c", DataFolder.Image(1), ["a dog RUNS", "a long caption of seven words here"]),
        ("cut", DataFolder.Image(2)[..400], ["broken"]),
        ("empty", [], ["broken too"]),
        ("text", DataFolder.Bytes("this is no image"), ["broken as well"]),
    ];

    public static InspectionReport Inspect(DataFolder folder, string data, string against = "", DataConfig? config = null,
        InspectConfig? inspect = null) => DataInspect.Run(
        new RunConfig
        {
            Inspect = (inspect ?? new InspectConfig()) with { Data = folder[data], Against = against.Length > 0 ? folder[against] : "" },
            Data = config ?? new DataConfig(),
        },
        folder, TestContext.Current.CancellationToken);

    /// <summary>Writes the samples in a form; returns the pattern below the folder.</summary>
    public static string Write(DataFolder folder, string form)
    {
        foreach (var (key, image, _) in Samples)
        {
            File.WriteAllBytes(folder[key + ".jpg"], image);
        }
        switch (form)
        {
            case "chinese_clip":
                File.WriteAllText(folder["x_imgs.tsv"],
                    string.Concat(Samples.Select((s, i) => $"{i}\t{Convert.ToBase64String(s.Image)}\n")));
                File.WriteAllText(folder["x_texts.jsonl"], string.Concat(Samples.SelectMany((s, i) => s.Captions.Select(text =>
                    JsonSerializer.Serialize(new { text_id = i, text, image_ids = new[] { i } }) + "\n"))));
                return "x_imgs.tsv";
            case "sharegpt4v":
                File.WriteAllText(folder["s.json"], JsonSerializer.Serialize(Samples.Select(s =>
                    new
                    {
                        id = s.Key,
                        image = s.Key + ".jpg",
                        conversations = new[] { new { from = "human", value = "?" }, new { from = "gpt", value = s.Captions[0] } }
                    })));
                return "s.json";
            case "crossmodal3600":
                File.WriteAllText(folder["x.jsonl"], string.Concat(Samples.Select(s =>
                    JsonSerializer.Serialize(new Dictionary<string,
                        object>
                    { ["image/key"] = s.Key, ["en"] = new { caption = s.Captions } }) + "\n")));
                return "x.jsonl";
        }
        File.WriteAllText(folder["list.jsonl"],
            string.Concat(Samples.Select(s => JsonSerializer.Serialize(new { image = s.Key + ".jpg", captions = s.Captions }) + "\n")));
        if (form == "folder")
        {
            return "list.jsonl";
        }
        var config = new ConvertConfig
        {
            Data = folder["list.jsonl"], To = folder["out"],
            Format = Enum.Parse<DatasetFormat>(form, ignoreCase: true)
        };
        DataConvert.Run(new RunConfig { Convert = config, Data = new DataConfig { MaxBadShare = 1 } }, folder, CancellationToken.None);
        return "out";
    }

    /// <summary>
    /// Every path of a JSON document with the type that stands there, in order, lists by their first entry; those of <paramref
    /// name="named"/> have free keys.
    /// </summary>
    public static IReadOnlyList<string> Paths(JsonElement json, string path, params string[] named)
    {
        var found = new List<string>();
        Walk(json, path);
        return found;

        void Walk(JsonElement element, string at)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object when named.Contains(at[(at.LastIndexOf('.') + 1)..]):
                    found.Add($"{at}: map");
                    break;
                case JsonValueKind.Object:
                    foreach (var property in element.EnumerateObject())
                    {
                        Walk(property.Value, $"{at}.{property.Name}");
                    }
                    break;
                case JsonValueKind.Array:
                    found.Add($"{at}: list");
                    if (element.GetArrayLength() > 0)
                    {
                        Walk(element[0], at + "[]");
                    }
                    break;
                default:
                    found.Add($"{at}: {element.ValueKind.ToString().ToLowerInvariant()}");
                    break;
            }
        }
    }
}
