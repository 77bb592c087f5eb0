using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary><c>/api/session</c>: gives the page a cookie for the token that a user typed.</summary>
internal sealed class SessionEndpoint(AccessToken? token, IRunLog log)
{
    /// <summary>The one path below <c>/api</c> that asks for no token.</summary>
    public const string Path = "/api/session";

    private const int MostBytes = 4096;
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    /// <summary>Whether a token is asked for, and this client has it.</summary>
    public Task Get(HttpContext context) =>
        JsonAnswer.Write(context, new { NeedsToken = token is not null, SignedIn = token?.Knows(context.Request) ?? true });

    /// <summary>Takes the token and gives the cookie.</summary>
    public async Task Post(HttpContext context)
    {
        var given = await JsonAnswer.Read<SignIn>(context, MostBytes);
        if (token is null || !token.IsToken(given.Token))
        {
            log.Warn($"A wrong token came from {context.Connection.RemoteIpAddress}.");
            throw new ProblemException(StatusCodes.Status401Unauthorized, "The token is wrong.");
        }
        context.Response.Cookies.Append(AccessToken.Cookie, token.Session, new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = context.Request.IsHttps,
            MaxAge = Month,
            Path = "/",
        });
        await JsonAnswer.Write(context, new { SignedIn = true });
    }

    private sealed record SignIn(string Token);
}
