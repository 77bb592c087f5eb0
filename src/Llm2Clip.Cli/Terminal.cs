using System.Text;

namespace Llm2Clip.Cli;

/// <summary>The terminal that a stream is shown on.</summary>
/// <param name="Columns">Its width at the moment: people change the size of a window.</param>
/// <param name="Color">Whether colors are wanted; without them there is no bold or dim text either.</param>
/// <param name="Unicode">Whether its encoding can show lines and bars.</param>
public sealed record Terminal(Func<int> Columns, bool Color, bool Unicode)
{
    private const int UsualWidth = 80;

    /// <summary>
    /// The terminal of this process, or null where the stream goes elsewhere or the terminal cannot move its cursor (<c>TERM=dumb</c>).
    /// <c>NO_COLOR</c> switches colors off, as no-color.org has it; the progress display stays.
    /// </summary>
    public static Terminal? Of(bool redirected)
    {
        var movesCursor = Environment.GetEnvironmentVariable("TERM") switch
        {
            "dumb" => false,
            null or "" => OperatingSystem.IsWindows(), // Windows has no such variable.
            _ => true,
        };
        if (redirected || !movesCursor)
        {
            return null;
        }
        var color = Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
        return new Terminal(Width, color, Console.OutputEncoding.CodePage == Encoding.UTF8.CodePage);
    }

    private static int Width()
    {
        try
        {
            return Console.WindowWidth is > 0 and var width ? width : UsualWidth;
        }
        catch (IOException)
        {
            return UsualWidth;
        }
    }
}
