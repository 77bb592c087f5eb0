using System.ComponentModel;
using System.Diagnostics;

namespace Llm2Clip.Cli;

/// <summary>The user's browser.</summary>
internal static class Browser
{
    /// <summary>Shows a page; where no browser can be started, says so, as the page is there all the same.</summary>
    public static void Show(string page, Screen output) => Visit(Path.GetFullPath(page), output.WriteLine);

    /// <summary>The same of a URL or a full path; <paramref name="tell"/> hears where that fails.</summary>
    public static void Visit(string page, Action<string> tell)
    {
        try
        {
            using var started = Process.Start(new ProcessStartInfo(page) { UseShellExecute = true });
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or PlatformNotSupportedException)
        {
            tell($"No browser could be started ({error.Message}). Open the page yourself.");
        }
    }
}
