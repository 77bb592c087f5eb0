using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Llm2Clip.Web;

/// <summary>The page: files that are part of the program. Browsers keep them, and ask each time whether they are the same.</summary>
internal sealed class PageFiles
{
    private readonly Dictionary<string, (byte[] Content, string Type, EntityTagHeaderValue Tag)> _files = new(StringComparer.Ordinal);

    public PageFiles()
    {
        var assembly = typeof(PageFiles).Assembly;
        foreach (var name in assembly.GetManifestResourceNames())
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8))}\"");
            var path = name == "page/index.html" ? "/" : $"/{name}";
            _files.Add(path, (content, TypeOf(name), tag));
        }
    }

    /// <summary>Paths of the files.</summary>
    public IEnumerable<string> Paths => _files.Keys;

    /// <summary>Writes the file of a request's path.</summary>
    public async Task Write(HttpContext context)
    {
        var (content, type, tag) = _files[context.Request.Path.Value!];
        var response = context.Response;
        response.GetTypedHeaders().ETag = tag;
        response.Headers.CacheControl = "no-cache";
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = type;
        response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(content, context.RequestAborted);
        }
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".json" => "application/json; charset=utf-8",
        var other => throw new InvalidOperationException($"A file of the page ends in {other}."),
    };
}
