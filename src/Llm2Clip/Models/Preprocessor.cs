using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;

namespace Llm2Clip.Models;

/// <summary>
/// <c>preprocessor_config.json</c> of an image encoder: sizes as a number or as an object, mean and std from the file.
/// SigLIP's (<c>SiglipImageProcessor</c>) squashes images to the square, CLIP's crops them. Values that this project's image pipeline does
/// not compute are refused by name.
/// </summary>
internal static class Preprocessor
{
    /// <summary>Name of the file in a model folder.</summary>
    public const string FileName = "preprocessor_config.json";

    /// <summary>Pillow's numbers of filters, as the file has them.</summary>
    private const int Bicubic = 3, Bilinear = 2;

    /// <summary>DINOv2's processor.</summary>
    private const string Bit = "BitImageProcessor";

    /// <summary>The processor that squashes; its variants add to this name.</summary>
    private const string Siglip = "SiglipImageProcessor";

    private static readonly string[] Read =
    [
        "crop_size", "size", "do_center_crop", "do_convert_rgb", "do_normalize", "do_rescale", "do_resize", "image_mean", "image_std",
        "resample",
        "rescale_factor",
    ];

    private static readonly HashSet<string> Ignored =
    [
        "image_processor_type", "feature_extractor_type", "processor_class", "_valid_processor_keys", "data_format", "default_to_square",
        "device",
        "disable_grouping", "input_data_format", "return_tensors", "do_pad", "pad_size", "image_seq_length",
    ];

    /// <summary>The transform that the file describes.</summary>
    /// <exception cref="InputException">The file is damaged, or asks for what is not supported; every problem is listed.</exception>
    public static ImageTransformConfig FromFile(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException(
                $"{path} is missing. A vision checkpoint is a folder in Hugging Face's layout: config.json, {FileName} and "
                + "model.safetensors. open_clip's own files lack the first two; most of its models have a copy in that layout.");
        }
        var json = JsonKeys.ReadObject(path, "an image processor's configuration");
        var keys = new JsonKeys(path);
        keys.RefuseUnknown(json, Read, Ignored, "");
        var squash = keys.Text(json, "image_processor_type", "").StartsWith(Siglip, StringComparison.Ordinal);
        if (squash && keys.Flag(json, "do_center_crop", false))
        {
            keys.Refuse(0, "do_center_crop is true; SigLIP's processor squashes images, so only false is supported");
        }
        string[] flags = ["do_normalize", "do_rescale", "do_resize"];
        foreach (var flag in squash ? flags : ["do_center_crop", .. flags])
        {
            if (!keys.Flag(json, flag, true))
            {
                keys.Refuse(0, $"{flag} is false; only true is supported");
            }
        }
        var filter = keys.Number(json, "resample", Bicubic);
        if (filter is not (Bicubic or Bilinear))
        {
            keys.Refuse(0, $"resample is {json["resample"]}; supported are {Bicubic} (bicubic) and {Bilinear} (bilinear)");
        }
        if (Math.Abs(keys.Number(json, "rescale_factor", 1 / 255.0) * 255 - 1) > 1e-6)
        {
            keys.Refuse(0, $"rescale_factor is {json["rescale_factor"]}; supported is 1/255");
        }
        var size = Size(keys, json["size"], "size");
        var crop = !squash && json["crop_size"] is { } node ? Size(keys, node, "crop_size") : size;
        // DINOv2's processor shrinks the short side to 256 and crops 224; here the short side is seen whole.
        var isBit = keys.Text(json, "image_processor_type", "").StartsWith(Bit, StringComparison.Ordinal);
        if (size != crop && !(isBit && crop < size))
        {
            keys.Refuse(0, $"size is {size} but crop_size is {crop}; supported are equal ones");
        }
        var transform = new ImageTransformConfig
        {
            ImageSize = crop,
            Resize = squash ? ResizeMode.Squash : ResizeMode.Crop,
            Filter = filter == Bilinear ? ResampleFilter.Bilinear : ResampleFilter.Bicubic,
            Mean = Channels(keys, json["image_mean"], "image_mean", new ImageTransformConfig().Mean),
            Std = Channels(keys, json["image_std"], "image_std", new ImageTransformConfig().Std),
        };
        keys.ThrowIfAny();
        return transform;
    }

    /// <summary>
    /// Writes the file as transformers' <c>CLIPImageProcessor</c> does; for images that are squashed, as <c>SiglipImageProcessor</c> does.
    /// </summary>
    public static void Save(ImageTransformConfig transform, string folder)
    {
        var json = new JsonObject
        {
            ["do_convert_rgb"] = true,
            ["do_normalize"] = true,
            ["do_rescale"] = true,
            ["do_resize"] = true,
            ["image_mean"] = new JsonArray([.. transform.Mean.Select(value => (JsonNode)value)]),
            ["image_processor_type"] = Siglip,
            ["image_std"] = new JsonArray([.. transform.Std.Select(value => (JsonNode)value)]),
            ["resample"] = transform.Filter == ResampleFilter.Bilinear ? Bilinear : Bicubic,
            ["rescale_factor"] = 1 / 255.0,
            ["size"] = Square(transform.ImageSize),
        };
        if (transform.Resize == ResizeMode.Crop)
        {
            json["crop_size"] = Square(transform.ImageSize);
            json["do_center_crop"] = true;
            json["image_processor_type"] = "CLIPImageProcessor";
            json["size"] = new JsonObject { ["shortest_edge"] = transform.ImageSize };
        }
        ModelFolder.WriteJson(Path.Combine(folder, FileName), json);
    }

    private static JsonObject Square(int side) => new() { ["height"] = side, ["width"] = side };

    private static int Size(JsonKeys keys, JsonNode? node, string name)
    {
        switch (node)
        {
            case JsonValue value when value.TryGetValue<int>(out var side) && side > 0:
                return side;
            case JsonObject json when json.ContainsKey("shortest_edge"):
                return keys.Count(json, "shortest_edge", 224);
            case JsonObject json when json.ContainsKey("height") && keys.Count(json, "height", 224) == keys.Count(json, "width", 224):
                return keys.Count(json, "width", 224);
            default:
                return keys.Refuse(
                    1, $"{name} is {node?.ToJsonString() ?? "missing"}; supported are a number, shortest_edge, or equal height and width");
        }
    }

    internal static IReadOnlyList<float> Channels(JsonKeys keys, JsonNode? node, string name, IReadOnlyList<float> fallback)
    {
        if (node is null)
        {
            return fallback;
        }
        return node is JsonArray { Count: 3 } array && array.All(item => item?.GetValueKind() == JsonValueKind.Number)
            ? [.. array.Select(item => JsonSerializer.SerializeToElement(item).GetSingle())]
            : keys.Refuse(fallback, $"{name} is {node.ToJsonString()}; it must be a list of three numbers");
    }
}
