using System.Text.Json;
using Llm2Clip.Files;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>JSON in and out, with the keys of the program's other JSON.</summary>
internal static class JsonAnswer
{
    public const string Type = "application/json; charset=utf-8";

    /// <summary>Writes an answer that changes, and so is not kept by browsers.</summary>
    public static Task Write<T>(HttpContext context, T answer, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = Type;
        context.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(context.Response.Body, answer, Json.Line, context.RequestAborted);
    }

    /// <summary>
    /// Reads a body. The content type is asked for, as a form of another web site cannot send it. Throws <see cref="ProblemException"/>
    /// where the body is too long, is not JSON or not of this shape.
    /// </summary>
    public static async Task<T> Read<T>(HttpContext context, long mostBytes)
    {
        if (context.Request.ContentType is not { } type || !type.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(
                StatusCodes.Status415UnsupportedMediaType, "The body must be JSON (Content-Type: application/json).");
        }
        var body = await RequestBody.Read(context, mostBytes);
        try
        {
            return JsonSerializer.Deserialize<T>(body, Json.Line) ?? throw new JsonException("It is null.");
        }
        catch (JsonException error)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, $"The body cannot be understood: {error.Message}");
        }
    }
}
