namespace Llm2Clip.BannedScalars;

/// <summary>The list that Microsoft.CodeAnalysis.BannedApiAnalyzers reads: <c>ID;what to do</c> per line.</summary>
public static class BannedSymbols
{
    private const string Remedy = "it makes a temporary Scalar, which may be freed while it is used; Layers/Scalars.cs has what to call";

    /// <summary>The TorchSharp.dll that this program was built with.</summary>
    public static string TorchSharp { get; } = typeof(global::TorchSharp.torch).Assembly.Location;

    private static string Version => typeof(global::TorchSharp.torch).Assembly.GetName().Version!.ToString(3);

    /// <summary>The whole file.</summary>
    public static string ToText(IReadOnlyList<string> ids) => string.Concat(
        $"""
        // Made by: dotnet run --project tools/BannedScalars -- eng/BannedSymbols.txt
        // It holds every public member of TorchSharp {Version} that makes a temporary Scalar, found in the IL of TorchSharp.dll.
        // Make it again when TorchSharp's version changes; a test compares it with the TorchSharp.dll of the build.

        """,
        string.Concat(ids.Select(id => $"{id};{Remedy}\n")));
}
