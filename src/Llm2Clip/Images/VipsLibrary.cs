using NetVips;

namespace Llm2Clip.Images;

/// <summary>
/// libvips, which the package NetVips binds and NetVips.Native brings: started once, before anything else of NetVips is touched.
/// </summary>
internal static class VipsLibrary
{
    private static readonly Lazy<string> Started = new(Load);

    /// <summary>Version of the loaded library, such as 8.18.7.</summary>
    public static string Version => Started.Value;

    /// <summary>Loads the library, once. Throws <see cref="RunException"/>, saying what to do, where it is missing.</summary>
    public static void Start() => _ = Started.Value;

    /// <summary>
    /// What libvips said about a failure, one line. The messages are the process's, so one of another thread may be among them.
    /// </summary>
    public static string Reason(VipsException error)
    {
        // NetVips puts a line of its own ("unable to call ...") before libvips' messages.
        var lines = error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length > 1 ? string.Join("; ", lines.Skip(1).Distinct()) : "libvips refuses it without a reason";
    }

    /// <summary>Drops libvips' messages about earlier failures.</summary>
    public static void ForgetErrors() => _ = new VipsException("taken"); // its constructor empties the buffer; nothing else public does

    /// <summary>
    /// Message for a library that could not be loaded. The types of NetVips would end in a TypeInitializationException that names no
    /// remedy.
    /// </summary>
    public static string Missing(Exception? cause) =>
        $"Images need libvips, which cannot be loaded: {Why((cause?.InnerException ?? cause)?.Message ?? "no reason was given")}. "
        + "Build again on this machine with `dotnet build`, which brings it for Linux, Windows and macOS on x64 and arm64 "
        + "(package NetVips.Native); elsewhere install libvips 8.18 or newer where the system's loader finds it. "
        + "Then run `llm2clip doctor`.";

    /// <summary>
    /// The loader lists each place where it looked on a line of its own: the one where a file was but did not load says why.
    /// </summary>
    private static string Why(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var found = lines.Skip(1).FirstOrDefault(line => !line.EndsWith("No such file or directory", StringComparison.Ordinal));
        return (found ?? lines.FirstOrDefault(message).Split(". ")[0]).TrimEnd('.');
    }

    private static string Load()
    {
        if (!ModuleInitializer.VipsInitialized)
        {
            throw new RunException(Missing(ModuleInitializer.Exception), ModuleInitializer.Exception);
        }
        // One thread per image: the loader's workers are the parallelism. No operation is repeated, so nothing is worth caching.
        NetVips.NetVips.Concurrency = 1;
        Cache.Max = 0;
        // Warnings would go to the console; what matters is raised as an error through failOn.
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, (_, _, _) => { });
        return $"{NetVips.NetVips.Version(0)}.{NetVips.NetVips.Version(1)}.{NetVips.NetVips.Version(2)}";
    }
}
