using System.Runtime.InteropServices;
using System.Text.Json;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>
/// <c>POST /v1/embeddings</c> (and <c>/api/embed</c>), as OpenAI's API has it: vectors of length 1 of texts, and of images where an input
/// is a <c>data:image/...;base64,</c> URL. Products of both are what the search ranks by.
/// </summary>
internal sealed class EmbeddingEndpoint(LiveIndex index, ModelThread model, ServeConfig config)
{
    private const int MostInputs = 256;

    /// <summary>Room for what is not an image: as many texts as are read, each character in 4 bytes.</summary>
    private const int TextBytes = MostInputs * SearchRequest.MostCharacters * 4;

    /// <summary>Answers with a vector per input, in their order.</summary>
    public async Task Post(HttpContext context)
    {
        var request = await JsonAnswer.Read<EmbeddingRequest>(context, (((long)config.MaxUpload << 20) * 4 / 3) + TextBytes);
        var inputs = Inputs(request);
        var (dimension, name) = Model();
        if (request.Dimensions is { } wanted && wanted != dimension)
        {
            throw Bad($"dimensions is {wanted}; the vectors of this student have {dimension} elements.");
        }
        if (request.EncodingFormat is not (null or "float" or "base64"))
        {
            throw Bad($"encoding_format is '{request.EncodingFormat}'; it must be float or base64.");
        }
        var pixels = await HeavyWork.Run(
            () => inputs.Select((input, place) => IsImage(input) ? Pixels(input, place) : null).ToList(), context.RequestAborted);
        var rows = await model.Run(
            encoder => Encode(encoder, inputs, pixels, request.Language ?? "", context.RequestAborted),
            needsTeacher: pixels.Contains(null), context.RequestAborted);
        await JsonAnswer.Write(context, new
        {
            Object = "list",
            Data = rows.Select((row, place) => new
            {
                Object = "embedding",
                Index = place,
                Embedding = request.EncodingFormat == "base64"
                    ? (object)Convert.ToBase64String(MemoryMarshal.AsBytes(row.AsSpan()))
                    : row,
            }),
            Model = name,
        });
    }

    private static List<float[]> Encode(
        QueryEncoder encoder, IReadOnlyList<string> inputs, List<byte[]?> pixels, string given, CancellationToken cancellation)
    {
        var rows = pixels.ConvertAll(one => one is null ? [] : encoder.EncodePixels(one, 1));
        var texts = inputs.Index().Where(input => pixels[input.Index] is null)
            .GroupBy(input => given.Length > 0 ? given : encoder.Detect([input.Item]));
        foreach (var group in texts)
        {
            var vectors = encoder.EncodeTexts([.. group.Select(input => input.Item)], group.Key, cancellation);
            foreach (var (place, vector) in group.Select(input => input.Index).Zip(vectors.Chunk(vectors.Length / group.Count())))
            {
                rows[place] = vector;
            }
        }
        return rows;
    }

    private (int Dimension, string Name) Model()
    {
        using var state = index.Take();
        return (state.Index.Model.Dimension, Path.GetFileName(state.Index.Model.Model));
    }

    private static bool IsImage(string input) => input.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase);

    private byte[] Pixels(string input, int place)
    {
        var comma = input.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || !input.AsSpan(0, comma).EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
        {
            throw Bad($"Input {place} is an image, but not in base64 (data:image/jpeg;base64,...).");
        }
        var bytes = new byte[(input.Length - comma) * 3 / 4];
        return Convert.TryFromBase64Chars(input.AsSpan(comma + 1), bytes, out var written)
            ? model.Pixels(bytes[..written], $"Input {place}", config.MaxMegapixels)
            : throw Bad($"Input {place} is no base64.");
    }

    private static IReadOnlyList<string> Inputs(EmbeddingRequest request)
    {
        var inputs = request.Input.ValueKind switch
        {
            JsonValueKind.String => [request.Input.GetString()!],
            JsonValueKind.Array when request.Input.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) =>
                request.Input.EnumerateArray().Select(one => one.GetString()!).ToList(),
            _ => throw Bad("input must be a text or a list of texts; an image is a text that begins with data:image/."),
        };
        if (inputs.Count is 0 or > MostInputs)
        {
            throw Bad($"input has {inputs.Count} texts; 1 to {MostInputs} are read.");
        }
        var wrong = inputs.FindIndex(input => !IsImage(input) && input.Trim().Length is 0 or > SearchRequest.MostCharacters);
        return wrong < 0
            ? inputs
            : throw Bad($"Input {wrong} has {inputs[wrong].Length:N0} characters; 1 to {SearchRequest.MostCharacters:N0} are read.");
    }

    private static ProblemException Bad(string detail) => new(StatusCodes.Status400BadRequest, detail);

    /// <param name="Input">A text, or a list of them.</param>
    /// <param name="Model">Is taken, and has no effect: there is one.</param>
    /// <param name="EncodingFormat"><c>float</c> or <c>base64</c>, fp32 little-endian.</param>
    /// <param name="Dimensions">Must be the student's.</param>
    /// <param name="User">Is taken, and has no effect.</param>
    /// <param name="Language">Language of the texts, which OpenAI's API does not have; detected without it.</param>
    private sealed record EmbeddingRequest(
        JsonElement Input, string? Model = null, string? EncodingFormat = null, int? Dimensions = null, string? User = null,
        string? Language = null);
}
