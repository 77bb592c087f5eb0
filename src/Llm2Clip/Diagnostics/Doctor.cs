using Llm2Clip.Data;
using Llm2Clip.Engine;
using Llm2Clip.Images;
using Llm2Clip.Natives;

namespace Llm2Clip.Diagnostics;

/// <summary>What <c>doctor</c> found.</summary>
/// <param name="Engine">The engine in use.</param>
/// <param name="Reason">Why this one.</param>
/// <param name="Components">The native libraries, with what is wrong with each and the command that mends it.</param>
/// <param name="PictureFormats">Formats that libvips reads here.</param>
/// <param name="Compute">What it computes on; null where a native library is missing.</param>
/// <param name="Processors">Processors that this process may use.</param>
/// <param name="MemoryGb">Memory that this process may use, GB.</param>
public sealed record DoctorReport(
    string Engine, string Reason, IReadOnlyList<NativeComponent> Components, IReadOnlyList<string> PictureFormats, ComputeFacts? Compute, int Processors, double MemoryGb)
{
    /// <summary>Whether nothing is missing.</summary>
    public bool IsHealthy => Compute is not null && Components.All(c => c.Problem is null);
}

/// <summary>Looks at what the program runs on.</summary>
public static class Doctor
{
    /// <summary>Examines the machine. A missing library is part of the report, never an exception.</summary>
    public static DoctorReport Examine()
    {
        var vips = Vips();
        List<NativeComponent> components = [.. Engines.Current.Describe(), vips, Jpeg()];
        return new DoctorReport(
            Engines.Current.Name,
            Reason(),
            components,
            vips.Problem is null ? ImageCodec.Formats : [],
            components.Any(c => c.Version is null && c.Problem is not null) ? null : Engines.Current.Compute(),
            Environment.ProcessorCount,
            Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9, 1));
    }

    private static NativeComponent Vips()
    {
        try
        {
            return new NativeComponent("libvips", ImageCodec.LibraryVersion, null);
        }
        catch (RunException e)
        {
            return new NativeComponent("libvips", null, null, e.Message, "dotnet build");
        }
    }

    /// <summary>Which library decodes JPEGs. libvips alone is slower, which is no problem to mend before one can work.</summary>
    private static NativeComponent Jpeg() =>
        new("JPEG", TurboJpeg.IsAvailable ? TurboJpeg.Library : "libvips; `apt-get install libturbojpeg0` makes decoding about 1.5 times as fast", null);

    /// <summary>What set-up remembered, unless the engine was asked for by name.</summary>
    private static string Reason()
    {
        if (Environment.GetEnvironmentVariable("Engine") is { Length: > 0 } asked and not "auto")
        {
            return $"asked for by Engine={asked}";
        }
        return NativeLocator.Find("engine.reason") is { } file ? File.ReadAllText(file).Trim() : "set-up has not run: the default";
    }
}
