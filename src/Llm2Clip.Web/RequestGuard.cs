using System.Net;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>
/// What every request passes before anything is looked up: it was meant for this server and comes from its own page or from a program, and
/// not from another web site in the same browser; and it knows the token, where there is one.
/// </summary>
internal sealed class RequestGuard(ServeConfig config, AccessToken? token)
{
    /// <summary>
    /// Nothing but the server's own files: no inline script or style, no other host, no frame around the page. Images that a user drops are
    /// shown from memory (<c>blob:</c>).
    /// </summary>
    private const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Longest path and query; a sentence is read up to <see cref="SearchRequest.MostCharacters"/>.</summary>
    private const int LongestUrl = 16 << 10;

    /// <summary>Throws <see cref="ProblemException"/> where the request is refused.</summary>
    public void Check(HttpContext context)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (request.Path.Value!.Length + request.QueryString.Value!.Length > LongestUrl)
        {
            throw new ProblemException(StatusCodes.Status414UriTooLong, $"The URL is longer than {LongestUrl:N0} characters.");
        }
        CheckHost(request);
        CheckOrigin(request);
        if (token is not null && !IsOpen(request.Path.Value!) && !token.Knows(request))
        {
            throw new ProblemException(
                StatusCodes.Status401Unauthorized, "This server asks for its token: as 'Authorization: Bearer TOKEN', or in the page.");
        }
    }

    /// <summary>
    /// A server without a token answers to this machine's own names alone: a site whose name was made to lead to 127.0.0.1 (DNS rebinding)
    /// sends its own.
    /// </summary>
    private void CheckHost(HttpRequest request)
    {
        var host = request.Host.Host.Trim('[', ']');
        var isOwn = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host == config.Address
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
        if (token is null && !isOwn)
        {
            throw new ProblemException(
                StatusCodes.Status421MisdirectedRequest, $"This server answers to {config.Address} and localhost, not to '{host}'.");
        }
    }

    private static void CheckOrigin(HttpRequest request)
    {
        // Other programs send neither header. A browser sends the first with all requests, the second with those that change something.
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var isLink = HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Path == "/";
        var origin = request.Headers.Origin.ToString();
        var isForeign = origin.Length > 0
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && IsSame(from, request.Host));
        if (isForeign || (site is "cross-site" or "same-site" && !isLink))
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "Requests of other web sites are refused.");
        }
    }

    /// <summary>A server that ends TLS before this one changes the scheme, and keeps the host's name and port.</summary>
    private static bool IsSame(Uri origin, HostString host) => origin.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase);

    /// <summary>The page itself holds nothing that is not in the repository, and asks for the token. All else is guarded.</summary>
    private static bool IsOpen(string path) => path is "/" or "/openapi.json" or SessionEndpoint.Path
        || path.StartsWith("/page/", StringComparison.Ordinal);
}
