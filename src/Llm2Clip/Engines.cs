using Llm2Clip.Engine;

namespace Llm2Clip;

/// <summary>The engine that this build was made with (MSBuild property <c>Engine</c>, docs/ARCHITECTURE.md); the only place that knows which one.</summary>
public static class Engines
{
#if ENGINE_NUGET
    public static IEngine Current { get; } = new Engine.Packages.PackageEngine();
#else
    public static IEngine Current { get; } = new Engine.SystemNatives.SystemEngine();
#endif
}
