namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Every format that the project reads.</summary>
internal static class FuzzFormats
{
    public static IReadOnlyList<FuzzFormat> All { get; } =
        [.. TarFormats.All, .. ListFormats.All, .. ImageFormats.All, .. StoreFormats.All, .. IndexFormats.All, .. ModelFormats.All];

    /// <summary>Throws where there is none of that name, listing those that there are.</summary>
    public static FuzzFormat ByName(string name) =>
        All.FirstOrDefault(format => format.Name == name)
            ?? throw new ArgumentException(
            $"There is no format '{name}'; there are {string.Join(", ", All.Select(format => format.Name))}.");
}
