using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Llm2Clip.Web;

/// <summary>
/// <c>/api/images/{id}</c>: what is known of an image, its thumbnail, and the image itself. Nothing but images that the index has is given
/// out: the original only while its bytes are those that were indexed, so that no link or changed path leads elsewhere.
/// </summary>
internal sealed class ImageEndpoints(LiveIndex index, ServeConfig config)
{
    /// <summary>An id names bytes: what was answered stays right.</summary>
    private const string Forever = "private, max-age=31536000, immutable";

    private readonly RootFolder? _root = config.Root.Length > 0 ? new RootFolder(config.Root) : null;

    /// <summary>Path, date, place, size and captions.</summary>
    public async Task Facts(HttpContext context)
    {
        using var state = index.Take();
        await JsonAnswer.Write(context, ImageAnswer.Of(state.Index, Locator(context, state)));
    }

    /// <summary>The index's own thumbnail, WebP.</summary>
    public async Task Thumbnail(HttpContext context)
    {
        byte[] thumbnail;
        using (var state = index.Take())
        {
            var locator = Locator(context, state);
            if (IsKnown(context, "t"))
            {
                return;
            }
            thumbnail = state.Index.Thumbnail(locator).ToArray();
        }
        await Write(context, thumbnail, "image/webp");
    }

    /// <summary>The original; of a format that browsers do not show, a WebP.</summary>
    public async Task Original(HttpContext context)
    {
        IndexRow row;
        ImageRecord record;
        using (var state = index.Take())
        {
            var locator = Locator(context, state);
            (row, record) = (state.Index.Row(locator), state.Index.Record(locator));
        }
        if (_root is not null && (OriginalImage.FileOf(record) is not { } file || !_root.Holds(file)))
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "The image lies outside of the folder that is served.");
        }
        if (IsKnown(context, "o"))
        {
            return;
        }
        var (shown, type) = await HeavyWork.Run(() => Shown(Read(row, record), record.Path), context.RequestAborted);
        await Write(context, shown, type);
    }

    private static (byte[] Image, string Type) Shown(byte[] encoded, string path) => ImageFormats.Extension(encoded) switch
    {
        "png" => (encoded, "image/png"),
        "webp" => (encoded, "image/webp"),
        "gif" => (encoded, "image/gif"),
        "avif" => (encoded, "image/avif"),
        "jpg" => (encoded, "image/jpeg"),
        _ => (ImageCodec.EncodeWebp(ImageCodec.Decode(encoded, path, new DecodeOptions { Upright = true })), "image/webp"),
    };

    private static long Locator(HttpContext context, IndexState state) =>
        ImageId.Find(state.Index, (string)context.Request.RouteValues["id"]!);

    private static byte[] Read(IndexRow row, ImageRecord record)
    {
        try
        {
            return OriginalImage.Read(row, record);
        }
        catch (InputException error)
        {
            throw new ProblemException(StatusCodes.Status410Gone, error.Message);
        }
    }

    /// <summary>Sets what browsers keep an answer by; true where this one has it, and 304 is the answer.</summary>
    private static bool IsKnown(HttpContext context, string kind)
    {
        var tag = new EntityTagHeaderValue($"\"{kind}{context.Request.RouteValues["id"]}\"");
        var headers = context.Response.GetTypedHeaders();
        headers.ETag = tag;
        context.Response.Headers.CacheControl = Forever;
        if (!context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false)))
        {
            return false;
        }
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        return true;
    }

    private static Task Write(HttpContext context, byte[] bytes, string type)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}
