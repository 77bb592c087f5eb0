using Llm2Clip.Images;
using Llm2Clip.Runtime;

namespace Llm2Clip.Pipeline;

/// <summary>What <c>doctor</c> found.</summary>
/// <param name="Components">The libraries, with what is wrong with each and what mends it.</param>
/// <param name="ImageFormats">Formats of images that are read here.</param>
/// <param name="Tensors">What tensors compute on, and how that was set up; null where libtorch cannot be loaded.</param>
/// <param name="LlmDevices">Devices that the LLM can run on, as llama.cpp names them.</param>
/// <param name="Processors">Processors that this process may use.</param>
/// <param name="MemoryGb">Memory that this process may use, GB.</param>
public sealed record DoctorReport(
    IReadOnlyList<RuntimeComponent> Components, IReadOnlyList<string> ImageFormats, TensorFacts? Tensors, IReadOnlyList<string> LlmDevices,
    int Processors, double MemoryGb)
{
    /// <summary>Whether nothing is missing.</summary>
    public bool IsHealthy => Tensors is not null && Components.All(component => component.Problem is null);
}

/// <summary>The <c>doctor</c> command: looks at what the program runs on.</summary>
public static class Doctor
{
    /// <summary>Examines the machine. A missing library is part of the report, never an exception.</summary>
    public static DoctorReport Run()
    {
        var runtime = RuntimeFacts.Examine();
        var vips = Vips();
        return new DoctorReport(
            [.. runtime.Components, vips, Jpeg()],
            vips.Problem is null ? ImageCodec.Formats : [],
            runtime.Tensors,
            runtime.LlmDevices,
            Environment.ProcessorCount,
            Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9, 1));
    }

    private static RuntimeComponent Vips()
    {
        try
        {
            return new RuntimeComponent("libvips", ImageCodec.LibraryVersion, null);
        }
        catch (RunException error)
        {
            return new RuntimeComponent("libvips", null, null, error.Message, "dotnet build");
        }
    }

    /// <summary>Which library decodes JPEGs. libvips alone is slower, which is no problem to mend before one can work.</summary>
    private static RuntimeComponent Jpeg() => new(
        "JPEG",
        TurboJpeg.IsAvailable ? TurboJpeg.Library : "libvips (an installed libturbojpeg makes decoding about 1.5 times as fast)", null);
}
