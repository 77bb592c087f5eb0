using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>A request that is refused: the status and what is wrong, as problem details (RFC 9457).</summary>
internal sealed class ProblemException(int status, string detail) : Exception(detail)
{
    /// <summary>HTTP status, 4xx or 5xx.</summary>
    public int Status { get; } = status;
}

/// <summary>The one place where exceptions become answers.</summary>
internal static class Problem
{
    /// <summary>Seconds after which a client may ask again where the queue was full.</summary>
    private const string RetryAfter = "1";

    /// <summary>The status and the words for an exception; null where it is a fault of the program.</summary>
    public static (int Status, string Detail)? Of(Exception error) => error switch
    {
        ProblemException problem => (problem.Status, problem.Message),
        BadHttpRequestException bad => (bad.StatusCode, bad.Message),
        ImageException { Problem: ImageProblem.TooLarge } image => (StatusCodes.Status413PayloadTooLarge, image.Message),
        ImageException { Problem: ImageProblem.NotAnImage } image => (StatusCodes.Status415UnsupportedMediaType, image.Message),
        ImageException image => (StatusCodes.Status422UnprocessableEntity, image.Message),
        ConfigException mistake => (StatusCodes.Status400BadRequest, mistake.Message),
        UserException mistake => (StatusCodes.Status500InternalServerError, mistake.Message),
        _ => null,
    };

    /// <summary>Writes an answer, where none was begun.</summary>
    public static async Task Write(HttpContext context, int status, string detail)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.ETag = default;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            headers.RetryAfter = RetryAfter;
        }
        if (status == StatusCodes.Status401Unauthorized)
        {
            headers.WWWAuthenticate = "Bearer";
        }
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json; charset=utf-8";
        await context.Response.Body.WriteAsync(
            JsonSerializer.SerializeToUtf8Bytes(new { Title = Title(status), Status = status, Detail = detail }, Json.Line),
            context.RequestAborted);
    }

    private static string Title(int status) => Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
}
