using System.Net;
using System.Net.Sockets;
using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Pipeline;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Llm2Clip.Web;

/// <summary>What a server did.</summary>
/// <param name="Url">Where it was.</param>
/// <param name="Requests">Requests answered.</param>
/// <param name="Seconds">How long it ran.</param>
public sealed record ServeReport(string Url, long Requests, double Seconds);

/// <summary>
/// The <c>serve</c> command: an index searched from a browser or by other programs. The index and the photos are never written, but by an
/// import that a client asks for.
/// </summary>
public sealed class PhotoServer : IDisposable
{
    /// <summary>Requests that are under way have so long to end.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly ServeConfig _config;
    private readonly IRunLog _log;
    private readonly LiveIndex _index;
    private readonly ModelThread _model;
    private readonly FolderImport _import;
    private readonly RequestGuard _guard;
    private readonly CancellationTokenSource _stopping = new();
    private readonly long _started = TimeProvider.System.GetTimestamp();
    private long _requests;
    private bool _isDisposed;

    private PhotoServer(RunConfig run, AccessToken? token, IndexSearch search, QueryEncoder encoder, IRunLog log)
    {
        (_config, _log) = (run.Serve, log);
        _guard = new RequestGuard(_config, token);
        _index = new LiveIndex(search, log);
        _model = new ModelThread(encoder, _config.Queue, log);
        _import = new FolderImport(run, _index, _model, log);
        _app = Build();
        Map(token);
    }

    /// <summary>Where it listens, such as <c>http://127.0.0.1:8642</c>.</summary>
    public string Url { get; private set; } = "";

    /// <summary>What it did so far.</summary>
    public ServeReport Report =>
        new(Url, Interlocked.Read(ref _requests), Math.Round(TimeProvider.System.GetElapsedTime(_started).TotalSeconds, 3));

    /// <summary>
    /// Opens index and student and listens. The teacher is loaded meanwhile. Throws <see cref="ConfigException"/> where the settings make
    /// no sense or the port is taken, <see cref="InputException"/> where index and student cannot be read or do not belong together.
    /// </summary>
    public static PhotoServer Start(RunConfig run, IRunLog log)
    {
        Checked.Require(run.Serve, "serve");
        if (run.Serve.Root.Length > 0)
        {
            _ = new RootFolder(run.Serve.Root); // Before anything is opened.
        }
        var token = AccessToken.Of(run.Serve, log);
        var (search, encoder) = ImageSearch.OpenParts(run, log, out _);
        var server = new PhotoServer(run, token, search, encoder, log);
        try
        {
            server._app.Start();
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            server.Dispose();
            throw new ConfigException(
                $"Nothing can listen on {run.Serve.Address}, port {run.Serve.Port}: {(error.InnerException ?? error).Message}. Name "
                + "another with --port, or 0 for one that is free.", error);
        }
        server.Url = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return server;
    }

    /// <summary>Serves until <paramref name="cancellation"/>; what is under way then is answered.</summary>
    /// <param name="run">The index, and how it is served.</param>
    /// <param name="onReady">Is given the address.</param>
    /// <param name="log">Hears where it is, and of what fails.</param>
    /// <param name="cancellation">Ends it.</param>
    public static ServeReport Run(RunConfig run, Action<string> onReady, IRunLog log, CancellationToken cancellation)
    {
        using var server = Start(run, log);
        using (var state = server._index.Take())
        {
            log.Info($"{server.Url} serves {state.Index.Count:N0} images of {state.Index.Folder}. Ctrl-C ends it.");
        }
        onReady(server.Url);
        cancellation.WaitHandle.WaitOne();
        return server.Report;
    }

    /// <summary>Answers what is under way, stops an import after its batch, and frees the model.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }
        _isDisposed = true;
        _stopping.Cancel();
        using (var late = new CancellationTokenSource(Farewell))
        {
            _app.StopAsync(late.Token).GetAwaiter().GetResult();
        }
        _import.Dispose();
        _model.Dispose();
        ((IDisposable)_app).Dispose();
        _index.Dispose();
        _stopping.Dispose();
    }

    /// <summary>No configuration files, variables or logs of ASP.NET's own: the run file and the run's log are all there is.</summary>
    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Listen(IPAddress.Parse(_config.Address), _config.Port);
            options.Limits.MaxRequestBodySize = null; // RequestBody counts
            options.Limits.MaxRequestLineSize = 64 << 10;
            options.Limits.MaxRequestBufferSize = 256 << 10;
        });
        var app = builder.Build();
        app.Use(Answer);
        app.UseRouting();
        return app;
    }

    /// <summary>Every request: guarded, and answered with problem details where something is wrong.</summary>
    private async Task Answer(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref _requests);
        try
        {
            _guard.Check(context);
            await next(context);
            var status = context.Response.StatusCode;
            if (!context.Response.HasStarted && status is (StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed))
            {
                throw new ProblemException(status, status == StatusCodes.Status404NotFound
                    ? "There is nothing here; /openapi.json says what there is."
                    : $"{context.Request.Method} is not understood here.");
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer.
        }
        catch (Exception error) when (Problem.Of(error) is var (code, detail))
        {
            if (code >= StatusCodes.Status500InternalServerError && error is not ProblemException)
            {
                _log.Warn($"{context.Request.Method} {context.Request.Path}: {detail}");
            }
            await Problem.Write(context, code, detail);
        }
        catch (Exception error)
        {
            _log.Warn($"{context.Request.Method} {context.Request.Path}: this is a fault of the program, please report it. {error}");
            await Problem.Write(
                context, StatusCodes.Status500InternalServerError, "This is a fault of the program; its log says more.");
        }
    }

    private void Map(AccessToken? token)
    {
        var search = new SearchEndpoints(_index, _model, _config);
        var images = new ImageEndpoints(_index, _config);
        var imports = new ImportEndpoints(_import, _config, _stopping.Token);
        var session = new SessionEndpoint(token, _log);
        var embeddings = new EmbeddingEndpoint(_index, _model, _config);
        var status = new StatusEndpoint(_index, _model, imports);
        _app.MapGet("/api/status", status.Get);
        _app.MapGet("/api/facets", status.Facets);
        _app.MapGet("/api/search", search.Get);
        _app.MapPost("/api/search", search.Post);
        _app.MapGet("/api/similar/{id}", search.Similar);
        _app.MapGet("/api/images", search.Newest);
        _app.MapGet("/api/images/{id}", images.Facts);
        _app.MapMethods("/api/images/{id}/thumbnail", ["GET", "HEAD"], images.Thumbnail);
        _app.MapMethods("/api/images/{id}/file", ["GET", "HEAD"], images.Original);
        _app.MapGet("/api/import", imports.Get);
        _app.MapPost("/api/import", imports.Post);
        _app.MapDelete("/api/import", imports.Delete);
        _app.MapGet("/api/import/events", imports.Events);
        _app.MapGet("/api/import/folders", imports.Folders);
        _app.MapGet(SessionEndpoint.Path, session.Get);
        _app.MapPost(SessionEndpoint.Path, session.Post);
        _app.MapPost("/v1/embeddings", embeddings.Post);
        _app.MapPost("/api/embed", embeddings.Post);
        var page = new PageFiles();
        foreach (var path in page.Paths)
        {
            _app.MapMethods(path, ["GET", "HEAD"], page.Write);
        }
    }

    /// <summary>Routes with their methods, such as <c>GET /api/search</c>, for the test of the OpenAPI document.</summary>
    internal IEnumerable<string> Routes =>
        from endpoint in ((Microsoft.AspNetCore.Routing.IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints)
        let route = (Microsoft.AspNetCore.Routing.RouteEndpoint)endpoint
        from method in endpoint.Metadata.OfType<Microsoft.AspNetCore.Routing.HttpMethodMetadata>().SelectMany(one => one.HttpMethods)
        select $"{method} {route.RoutePattern.RawText}";

    /// <summary>Signals are the command line's: ASP.NET would take them for itself.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellation) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellation) => Task.CompletedTask;
    }
}
