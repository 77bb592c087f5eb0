using System.Security.Cryptography;
using System.Text;
using Llm2Clip.Files;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>
/// What a request has to know where others than this machine can ask: the token as <c>Authorization: Bearer</c>, or the cookie that
/// <c>POST /api/session</c> gives for it. Never part of a URL, which ends up in logs and histories.
/// </summary>
internal sealed class AccessToken
{
    /// <summary>Name of the cookie.</summary>
    public const string Cookie = "llm2clip_session";

    private const int LeastCharacters = 16;
    private const string Scheme = "Bearer ";

    private readonly byte[] _token;
    private readonly byte[] _session;

    private AccessToken(string token)
    {
        _token = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        // Not the token itself, which so is not among the browser's files.
        Session = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), "llm2clip session"u8));
        _session = SHA256.HashData(Encoding.UTF8.GetBytes(Session));
    }

    /// <summary>The cookie's value.</summary>
    public string Session { get; }

    /// <summary>
    /// The token that the settings name; null where none is needed and none is named. Throws <see cref="ConfigException"/> where one is
    /// needed, or is too short.
    /// </summary>
    public static AccessToken? Of(ServeConfig config, IRunLog log)
    {
        var (token, where) = config.TokenFile.Length > 0
            ? (Read(config.TokenFile, log), config.TokenFile)
            : (Environment.GetEnvironmentVariable(ServeConfig.TokenVariable)?.Trim() ?? "", ServeConfig.TokenVariable);
        if (token.Length == 0 && config.TokenFile.Length == 0)
        {
            return config.IsLocal ? null : throw new ConfigException(
                $"serve.address is {config.Address}, where other machines can ask: name a file for the token that they have to know "
                + "(--token-file FILE); it is made where it is not there.");
        }
        return token.Length >= LeastCharacters
            ? new AccessToken(token)
            : throw new ConfigException($"{where} holds a token of {token.Length} characters; it must have at least {LeastCharacters}. "
                + "Delete the file, and one is made.");
    }

    /// <summary>Whether a request knows the token. The time that it takes does not tell how much of a wrong one is right.</summary>
    public bool Knows(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? IsToken(header[Scheme.Length..].Trim())
            : request.Cookies.TryGetValue(Cookie, out var session) && Equal(session, _session);
    }

    /// <summary>Whether a text is the token.</summary>
    public bool IsToken(string text) => Equal(text, _token);

    private static bool Equal(string text, byte[] hash) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(text)), hash);

    private static string Read(string file, IRunLog log)
    {
        try
        {
            if (File.Exists(file))
            {
                return File.ReadAllText(file).Trim();
            }
            var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
            DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(file))!);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            using var made = new StreamWriter(file, options);
            made.WriteLine(token);
            log.Info($"A token was made: {file}. The page asks for what it holds.");
            return token;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"serve.token_file, {file}, cannot be read or made: {error.Message}", error);
        }
    }
}
