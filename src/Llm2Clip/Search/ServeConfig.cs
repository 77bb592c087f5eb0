using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Net;
using Llm2Clip.Configuration;

namespace Llm2Clip.Search;

/// <summary>The <c>serve</c> section of a run file: an index searched from a browser, or by other programs.</summary>
public sealed record ServeConfig : ICheckedConfig
{
    /// <summary>The environment variable that may hold the token in the place of a file.</summary>
    internal const string TokenVariable = "LLM2CLIP_TOKEN";

    [Description("IP address to listen on. Any but this machine's own (127.0.0.1, ::1) asks for a token; 0.0.0.0 = all of them.")]
    public string Address { get; init; } = "127.0.0.1";

    [Description("Port; 0 = one that is free.")]
    [Range(0, 65_535)]
    public int Port { get; init; } = 8642;

    [Description("File that holds the token which every request has to know; one that is not there is made, with a token by chance. "
        + $"Empty = the environment variable {TokenVariable}, else none.")]
    public string TokenFile { get; init; } = "";

    [Description("Folder below which folders may be imported by the browser, and outside of which no original image is given out; empty = "
        + "no import, and the originals of all images of the index.")]
    public string Root { get; init; } = "";

    [Description("Queries that may wait for the model, which answers one at a time; more are refused.")]
    [Range(1, 10_000)]
    public int Queue { get; init; } = 64;

    [Description("Largest image that may be sent, MB.")]
    [Range(1, 512)]
    public int MaxUpload { get; init; } = 32;

    [Description("Largest image that may be sent, millions of pixels.")]
    [Range(0.0, 700.0, MinimumIsExclusive = true)]
    public double MaxMegapixels { get; init; } = 100;

    [Description("Open the page in the browser.")]
    public bool Open { get; init; }

    /// <summary>Whether only programs on this machine can ask.</summary>
    internal bool IsLocal => IPAddress.TryParse(Address, out var address) && IPAddress.IsLoopback(address);

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (!IPAddress.TryParse(Address, out _))
        {
            yield return ("address", $"is '{Address}'; it must be an IP address, such as 127.0.0.1, 192.168.1.5 or 0.0.0.0");
        }
    }
}
