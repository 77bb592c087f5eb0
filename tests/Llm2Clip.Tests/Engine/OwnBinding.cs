namespace Llm2Clip.Tests.Engine;

/// <summary>
/// Marks tests of what our bindings do otherwise than the packages whose API they carry. Nothing of the library or the program depends on these
/// differences; where something does, its own tests run on both engines.
/// </summary>
internal static class OwnBinding
{
    /// <summary>Skips the test on the nuget engine; <paramref name="difference"/> says what the package does.</summary>
    public static void Require(string difference) => Assert.SkipWhen(Engines.Current.Name == "nuget", $"Not on the nuget engine: {difference}");
}
