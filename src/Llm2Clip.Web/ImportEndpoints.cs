using System.Text.Json;
using Llm2Clip.Files;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>
/// <c>/api/import</c>: folders below <c>serve.root</c> into the index, with progress as server-sent events
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
/// </summary>
internal sealed class ImportEndpoints(FolderImport import, ServeConfig config, CancellationToken cancellation)
{
    private const int MostBytes = 16 << 10;
    private const int MostFolders = 1000;

    /// <summary>A client draws no faster than this.</summary>
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(200);

    private readonly RootFolder? _root = config.Root.Length > 0 ? new RootFolder(config.Root) : null;

    /// <summary>Folders that may be imported; null where there is no root.</summary>
    public string? Root => _root?.Folder;

    private RootFolder Allowed => _root ?? throw new ProblemException(
        StatusCodes.Status403Forbidden, "This server imports nothing: it was started without a folder for it (--root FOLDER).");

    /// <summary>How far the last import is.</summary>
    public Task Get(HttpContext context) => JsonAnswer.Write(context, import.Now.State);

    /// <summary>Begins one.</summary>
    public async Task Post(HttpContext context)
    {
        var asked = await JsonAnswer.Read<Asked>(context, MostBytes);
        import.Begin(Allowed.Find(asked.Folder), asked.Folder.Length > 0 ? asked.Folder : ".");
        await JsonAnswer.Write(context, import.Now.State, StatusCodes.Status202Accepted);
    }

    /// <summary>Stops it; what was encoded is kept.</summary>
    public Task Delete(HttpContext context)
    {
        import.Stop();
        return JsonAnswer.Write(context, import.Now.State);
    }

    /// <summary>Names of folders below one, for choosing.</summary>
    public Task Folders(HttpContext context)
    {
        var below = context.Request.Query["below"].ToString();
        return JsonAnswer.Write(context, new { Folders = Allowed.Below(below, MostFolders) });
    }

    /// <summary>An event <c>import</c> for each change, the first at once; ends with the import.</summary>
    public async Task Events(HttpContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, cancellation);
        var (response, end) = (context.Response, ended.Token);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        try
        {
            while (true)
            {
                var (state, changed) = import.Now;
                await response.Body.WriteAsync("event: import\ndata: "u8.ToArray(), end);
                await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(state, Json.Line), end);
                await response.Body.WriteAsync("\n\n"u8.ToArray(), end);
                await response.Body.FlushAsync(end);
                if (state.Phase != ImportPhase.Running)
                {
                    return;
                }
                await changed.WaitAsync(end);
                await Task.Delay(LeastPause, end);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client went away, or the server stops.
        }
    }

    private sealed record Asked(string Folder);
}
