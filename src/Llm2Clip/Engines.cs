using Llm2Clip.Engine;

namespace Llm2Clip;

/// <summary>The packages.</summary>
public static class Engines
{
    public static IEngine Current { get; } = new Engine.Packages.PackageEngine();
}
