using System.Diagnostics;
using System.Numerics.Tensors;
using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>
/// <c>GET</c> and <c>POST /api/search</c>, <c>GET /api/similar/{id}</c>: images of the index by sentences, by images that are sent, and by
/// images of the index; <c>GET /api/images</c>: the newest ones. The answer is one JSON document, or, for who accepts
/// <c>application/x-ndjson</c>, a line for what was applied and one for each image, so that the first are seen while the others are read.
/// </summary>
internal sealed class SearchEndpoints(LiveIndex index, ModelThread model, ServeConfig config)
{
    private const string Lines = "application/x-ndjson";
    private const int HitsPerFlush = 16;

    /// <summary>Searches by the terms of the query string.</summary>
    public Task Get(HttpContext context) => Search(context, SearchRequest.Of(context.Request.Query, hasUpload: false), upload: null);

    /// <summary>Searches by the image in the body as well.</summary>
    public async Task Post(HttpContext context)
    {
        if (context.Request.ContentType is not { } type || !type.StartsWith("image/", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(
                StatusCodes.Status415UnsupportedMediaType, "The body must be an image, with its Content-Type: image/jpeg, image/png, ...");
        }
        var request = SearchRequest.Of(context.Request.Query, hasUpload: true);
        var encoded = await RequestBody.Read(context, (long)config.MaxUpload << 20);
        // Decoded here, and not in the model's turn.
        var pixels = await HeavyWork.Run(() => model.Pixels(encoded, "The image", config.MaxMegapixels), context.RequestAborted);
        await Search(context, request, pixels);
    }

    /// <summary>Images that resemble one of the index, without it and those that look like it.</summary>
    public async Task Similar(HttpContext context)
    {
        using var state = index.Take();
        var locator = ImageId.Find(state.Index, (string)context.Request.RouteValues["id"]!);
        var request = SearchRequest.Of(context.Request.Query, hasUpload: false, hasTerms: false);
        var clock = Stopwatch.StartNew();
        var notes = new List<string>();
        var more = request.Config with { Top = request.Config.Top + 1 };
        var groups = state.Search.Find(Vector(state.Index, locator), more, notes, context.RequestAborted)
            .Where(group => group.Best.Locator != locator && !group.Alike.Contains(locator)).Take(request.Config.Top).ToList();
        var seconds = new SearchSeconds(0, Seconds(clock));
        await Write(context, state.Index, new SearchHead(state.Index.Count, groups.Count, null, notes, seconds), groups);
    }

    /// <summary>The newest images, for who does not search yet.</summary>
    public async Task Newest(HttpContext context)
    {
        using var state = index.Take();
        var request = SearchRequest.Of(context.Request.Query, hasUpload: false, hasTerms: false);
        var clock = Stopwatch.StartNew();
        var groups = await Task.Run(() => state.Search.Newest(request.Config), context.RequestAborted);
        await Write(
            context, state.Index, new SearchHead(state.Index.Count, groups.Count, null, [], new SearchSeconds(0, Seconds(clock))), groups);
    }

    private async Task Search(HttpContext context, SearchRequest request, byte[]? upload)
    {
        using var state = index.Take();
        var clock = Stopwatch.StartNew();
        var parts = request.Terms
            .Select(term => (Term: term, IsUpload: term.IsImage && term.Text == SearchRequest.Upload))
            .Select(one => (one.IsUpload, Part: new QueryPart(
                one.Term, one.Term.IsImage && !one.IsUpload ? Vector(state.Index, ImageId.Find(state.Index, one.Term.Text)) : null)))
            .ToList();
        var query = await model.Run(
            encoder => encoder.Encode(
                [.. parts.Select(one => one.IsUpload ? one.Part with { Vector = encoder.EncodePixels(upload, 1) } : one.Part)],
                request.Config.Language, context.RequestAborted),
            needsTeacher: request.Terms.Any(term => !term.IsImage), context.RequestAborted);
        var querySeconds = Seconds(clock);
        clock.Restart();
        List<string> notes = [.. query.Notes];
        var groups = state.Search.Find(query.Vector, request.Config, notes, context.RequestAborted);
        var seconds = new SearchSeconds(querySeconds, Seconds(clock));
        await Write(context, state.Index, new SearchHead(state.Index.Count, groups.Count, query.Language, notes, seconds), groups);
    }

    private static async Task Write(HttpContext context, ImageIndex index, SearchHead head, IReadOnlyList<FoundGroup> groups)
    {
        var hits = groups.Select((group, place) => HitAnswer.Of(index, group, place));
        var (response, cancellation) = (context.Response, context.RequestAborted);
        response.Headers.CacheControl = "no-store";
        if (!context.Request.Headers.Accept.ToString().Contains(Lines, StringComparison.Ordinal))
        {
            response.ContentType = JsonAnswer.Type;
            var answer = new SearchAnswer(head.Images, head.Found, head.Language, head.Notes, head.Seconds, hits);
            await JsonSerializer.SerializeAsync(response.Body, answer, Json.Line, cancellation);
            return;
        }
        response.ContentType = Lines + "; charset=utf-8";
        await Line(new { Head = head });
        await response.Body.FlushAsync(cancellation);
        foreach (var (place, hit) in hits.Index())
        {
            await Line(new { Hit = hit });
            if (place % HitsPerFlush == HitsPerFlush - 1)
            {
                await response.Body.FlushAsync(cancellation);
            }
        }

        async Task Line(object line)
        {
            await JsonSerializer.SerializeAsync(response.Body, line, Json.Line, cancellation);
            await response.Body.WriteAsync("\n"u8.ToArray(), cancellation);
        }
    }

    private static float[] Vector(ImageIndex index, long locator)
    {
        var half = index.Vector(locator);
        var vector = new float[half.Length];
        TensorPrimitives.ConvertToSingle(half, vector);
        return vector;
    }

    private static double Seconds(Stopwatch clock) => Math.Round(clock.Elapsed.TotalSeconds, 4);
}
