namespace Llm2Clip.Engine.Llama;

/// <summary>The package's libllama is left to its own matrix products.</summary>
public static class BlasProducts
{
    /// <summary>Always false.</summary>
    public static bool Available => false;

    /// <summary>Runs <paramref name="decode"/>.</summary>
    public static T With<T>(bool on, Func<T> decode) => decode();
}
