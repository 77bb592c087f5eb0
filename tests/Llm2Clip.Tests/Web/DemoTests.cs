using Llm2Clip.Data;
using Llm2Clip.Pipeline;
using Llm2Clip.Web;

namespace Llm2Clip.Tests.Web;

/// <summary>What <c>llm2clip demo</c> makes before it serves.</summary>
[Collection(ServeCollection.Name)]
public sealed class DemoTests(ServedRun served) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llm2clip-demo").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TheImagesOfTheRunAreServed()
    {
        var run = new RunConfig
        {
            Output = served.Run.Run,
            Data = new DataConfig { Val = served.Run.Captioned },
            Index = new() { Output = Path.Combine(_folder, "index") },
            Serve = new() { Port = 0 },
        };
        Assert.True(Demo.HasStudent(run));
        Assert.False(Demo.HasStudent(run with { Output = _folder }));
        using var server = PhotoServer.Start(Demo.Index(run, SilentLog.Instance, CancellationToken.None), SilentLog.Instance);
        using var client = ServedRun.ClientOf(server);
        var found = await ServedRun.Json(client, "/api/search?q=ein roter Stern");
        Assert.Equal((ServedRun.Captioned, "de"), (found.GetProperty("images").GetInt32(), found.GetProperty("language").GetString()));
    }
}
